// What a sandbox lets through and what it stops, on this very kernel. Guests are small shell and
// Python programs. Needs root and cgroups; skips loudly without.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/sandbox/sandbox_fixture.h"

namespace farm::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Host pids of processes whose name and parent match.
std::vector<pid_t> children_named(pid_t parent, const std::string& name) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string status = content_of(entry.path() / "status");
    if (status.find("Name:\t" + name + "\n") == std::string::npos) continue;
    if (status.find("PPid:\t" + std::to_string(parent) + "\n") == std::string::npos) continue;
    found.push_back(std::stoi(pid));
  }
  return found;
}

class SandboxTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: sandbox tests need root";
    start(Isolation::kFull);
  }

  // The group that holds all slots of this test's grader.
  std::filesystem::path graders_group(const std::string& controller) const {
    const std::string name = "gradefarm-" + std::to_string(::getpid());
    for (const CgroupLayout::Hierarchy& hierarchy : settings_.cgroups.hierarchies) {
      if (hierarchy.controller == controller || hierarchy.controller == "unified")
        return std::filesystem::path(hierarchy.directory) / name;
    }
    ADD_FAILURE() << "no controller " << controller;
    return {};
  }

  void limit_graders_memory(Bytes limit) const {
    const char* file = settings_.cgroups.version == 2 ? "memory.max" : "memory.limit_in_bytes";
    std::ofstream(graders_group("memory") / file) << limit.count;
  }
};

TEST_F(SandboxTest, ProgramReadsStdinAndItsOutputAndExitCodeComeBack) {
  RunSpec spec = shell("cat; echo oops >&2; exit 3");
  spec.stdin_bytes = "1 2\n";

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.ending, Ending::kByItself);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.stdout_bytes, "1 2\n");
  EXPECT_EQ(outcome.stderr_bytes, "oops\n");
  EXPECT_EQ(outcome.isolation, Isolation::kFull);
}

TEST_F(SandboxTest, SignalThatKillsTheProgramIsReported) {
  EXPECT_EQ(run(python("import os; os.abort()")).signal, SIGABRT);
  EXPECT_EQ(run(python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")).signal, SIGTERM);
}

TEST_F(SandboxTest, SpinnerIsKilledAtItsCpuLimitThoughItIgnoresSignals) {
  RunSpec spec = python(
      "import signal\n"
      "for s in range(1, 65):\n"
      "  try: signal.signal(s, signal.SIG_IGN)\n"
      "  except (OSError, ValueError): pass\n"
      "while True: pass\n");
  spec.limits.cpu = Milliseconds(300);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.ending, Ending::kCpuLimit);
  EXPECT_GE(outcome.cpu, Milliseconds(300));
  expect_slot_is_clean();
}

TEST_F(SandboxTest, CpuTimeOfReapedChildrenCounts) {
  RunSpec spec =
      shell("while :; do /bin/sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done'; done");
  spec.limits.cpu = Milliseconds(400);

  EXPECT_EQ(run(spec).ending, Ending::kCpuLimit);
}

TEST_F(SandboxTest, SleeperIsKilledAtItsWallLimit) {
  RunSpec spec = shell("sleep 1000");
  spec.limits.wall = Milliseconds(300);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.ending, Ending::kWallLimit);
  EXPECT_LT(outcome.cpu, Milliseconds(200) * slowness());
}

TEST_F(SandboxTest, ForkBombStopsAtTheProcessLimit) {
  RunSpec spec = python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n");
  spec.limits.cpu = Milliseconds(500);
  spec.limits.processes = 20;

  const RunOutcome outcome = run(spec);

  EXPECT_TRUE(outcome.ending == Ending::kCpuLimit || outcome.ending == Ending::kWallLimit);
  expect_slot_is_clean();
}

TEST_F(SandboxTest, DetachedChildrenDieWithTheRun) {
  const RunOutcome outcome =
      run(shell("setsid sh -c 'sleep 1000' & setsid sleep 1001 & echo done"));

  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.stdout_bytes, "done\n");
  EXPECT_LT(outcome.wall, Milliseconds(2000) * slowness())
      << "an orphan that holds stdout must not delay the end";
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    EXPECT_THAT(content_of(entry.path() / "cmdline"), Not(HasSubstr("1001"))) << entry.path();
  }
}

TEST_F(SandboxTest, MemoryHogIsStoppedByTheKernelAndSaidToBeOutOfMemory) {
  const RunOutcome outcome =
      run(python("x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('no')"));

  EXPECT_TRUE(outcome.out_of_memory);
  EXPECT_EQ(outcome.stdout_bytes, "");
  expect_slot_is_clean();
}

TEST_F(SandboxTest, MemorySpreadOverChildrenCountsTogether) {
  const RunOutcome outcome =
      run(python("import os, time\n"
                 "for _ in range(8):\n"
                 "  if os.fork() == 0:\n"
                 "    x = b'x' * (30 << 20)\n"
                 "    time.sleep(100)\n"
                 "time.sleep(100)\n"));

  EXPECT_TRUE(outcome.out_of_memory);
}

TEST_F(SandboxTest, MemoryThatAParentGroupDeniesIsTheFarmsFault) {
  ASSERT_EQ(run(shell("exit 0")).exit_code, 0);
  // The second is close to the run's own limit of 128 MiB, and not at it.
  for (const std::int64_t above : {40, 124}) {
    limit_graders_memory(mib(above));

    const Expected<RunOutcome> outcome =
        sandbox_->run(python("x = b'x' * (200 << 20)\nprint(len(x))"));

    ASSERT_FALSE(outcome) << "ending " << static_cast<int>(outcome->ending);
    EXPECT_TRUE(outcome.error().retryable());
    EXPECT_THAT(outcome.error().text(), HasSubstr("ran out of memory"));
  }
}

TEST_F(SandboxTest, FilesThatAParentGroupDeniesMemoryAreTheFarmsFault) {
  ASSERT_EQ(run(shell("exit 0")).exit_code, 0);
  limit_graders_memory(mib(40));
  RunSpec spec = shell("head -c 80000000 /dev/zero > /tmp/big || echo refused");
  spec.limits.memory = mib(256);
  spec.limits.tmpfs = mib(128);

  const Expected<RunOutcome> outcome = sandbox_->run(spec);

  ASSERT_FALSE(outcome) << outcome->stdout_bytes << outcome->stderr_bytes;
  EXPECT_TRUE(outcome.error().retryable());
}

TEST_F(SandboxTest, NeighbourThatIsKilledForTheParentsMemoryDoesNotEndTheRun) {
  ASSERT_EQ(run(shell("exit 0")).exit_code, 0);
  const std::filesystem::path neighbour = graders_group("memory") / "neighbour";
  std::filesystem::create_directory(neighbour);
  limit_graders_memory(mib(60));
  std::optional<RunOutcome> outcome;
  std::thread running([&] { outcome = run(shell("sleep 2; echo whole")); });

  const pid_t hog = ::fork();
  if (hog == 0) {
    std::ofstream(neighbour / "cgroup.procs") << 0;
    std::ofstream("/proc/self/oom_score_adj") << 1000;
    const std::vector<char> memory(256 << 20, 'x');
    ::_exit(memory[1000]);
  }
  int status = 0;
  ::waitpid(hog, &status, 0);
  running.join();

  EXPECT_TRUE(WIFSIGNALED(status)) << "it found memory where there should be none";
  EXPECT_EQ(outcome->stdout_bytes, "whole\n");
  std::filesystem::remove(neighbour);
}

TEST_F(SandboxTest, ProcessesThatAParentGroupDeniesAreTheFarmsFault) {
  if (settings_.cgroups.version == 2) GTEST_SKIP() << "SKIPPED: new kernels do not tell it on v2";
  ASSERT_EQ(run(shell("exit 0")).exit_code, 0);
  std::ofstream(graders_group("pids") / "pids.max") << 8;
  const std::string forks =
      "import os, time\n"
      "for _ in range(20):\n"
      "  if os.fork() == 0: time.sleep(100)\n";

  const Expected<RunOutcome> outcome = sandbox_->run(python(forks));

  ASSERT_FALSE(outcome) << outcome->stderr_bytes;
  EXPECT_TRUE(outcome.error().retryable());
  EXPECT_THAT(outcome.error().text(), HasSubstr("pids.max"));

  std::ofstream(graders_group("pids") / "pids.max") << "max";
  RunSpec own = python(forks);
  own.limits.processes = 8;
  EXPECT_THAT(run(own).stderr_bytes, HasSubstr("BlockingIOError")) << "its own limit";
}

TEST_F(SandboxTest, FilesInTmpfsCountAsMemoryAndAreBounded) {
  const RunOutcome outcome =
      run(shell("head -c 200000000 /dev/zero > /tmp/big; echo $?; ls -l /tmp/big | awk '{print ($5 "
                "<= 67108864)}'"));

  EXPECT_TRUE(outcome.out_of_memory || outcome.stdout_bytes == "1\n1\n") << outcome.stdout_bytes;
}

TEST_F(SandboxTest, FilesystemIsBoundedInInodes) {
  const RunOutcome outcome =
      run(python("n = 0\n"
                 "try:\n"
                 "  while True:\n"
                 "    open(f'/tmp/{n}', 'w').close(); n += 1\n"
                 "except OSError as e: print(e.errno, n < 5000)\n"));

  EXPECT_EQ(outcome.stdout_bytes, "28 True\n");  // ENOSPC
}

TEST_F(SandboxTest, OutputFloodIsKilledAtTheCap) {
  RunSpec spec = shell("yes");
  spec.limits.output = kib(64);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.ending, Ending::kOutputLimit);
  EXPECT_EQ(outcome.stdout_bytes.size(), 64U * 1024U);
  EXPECT_GT(outcome.stdout_total, 64 * 1024);
  expect_slot_is_clean();
}

TEST_F(SandboxTest, ErrorFloodIsKilledToo) {
  RunSpec spec = shell("yes >&2");
  spec.limits.output = kib(64);

  EXPECT_EQ(run(spec).ending, Ending::kOutputLimit);
}

TEST_F(SandboxTest, LargeHonestOutputArrivesWhole) {
  const RunOutcome outcome = run(shell("head -c 5000000 /dev/zero"));

  EXPECT_EQ(outcome.ending, Ending::kByItself);
  EXPECT_EQ(outcome.stdout_bytes, std::string(5'000'000, '\0'));
}

TEST_F(SandboxTest, ProgramHasNoPrivilegesOfAnyKind) {
  const RunOutcome outcome =
      run(shell("id -u; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; hostname"));

  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("1000\n"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_THAT(outcome.stdout_bytes, HasSubstr(std::string(set) + ":\t0000000000000000"));
  }
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("Seccomp:\t2"));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("\nsandbox\n"));
}

TEST_F(SandboxTest, RootIsReadOnlyAndTheHostsFilesAreNotThere) {
  const RunOutcome outcome = run(shell(
      "for d in / /usr /etc /dev /usr/bin; do touch $d/x 2>/dev/null && echo \"WRITABLE $d\"; done;"
      "for f in /etc/shadow /root /home /var /sys /proc/sys /proc/kcore /proc/cpuinfo; do [ -e $f "
      "] && echo \"SEEN $f\"; done; echo end"));

  EXPECT_EQ(outcome.stdout_bytes, "end\n");
}

TEST_F(SandboxTest, OnlyTheOwnProcessesAreVisible) {
  EXPECT_EQ(run(python("import os; print(sorted(int(p) for p in os.listdir('/proc') if "
                       "p.isdigit()) == [os.getpid()])"))
                .stdout_bytes,
            "True\n");
}

TEST_F(SandboxTest, NoNetworkIsReachable) {
  const RunOutcome outcome = run(python(
      "import socket\n"
      "for f, a in ((socket.AF_INET, ('127.0.0.1', 80)), (socket.AF_INET, ('8.8.8.8', 53))):\n"
      "  try: socket.socket(f).connect(a); print('LEAK', a)\n"
      "  except OSError as e: print(e.errno)\n"
      "for f in (40, 38, 17, 16):\n"
      "  try: socket.socket(f, socket.SOCK_RAW, 9); print('LEAK', f)\n"
      "  except OSError as e: print(e.errno)\n"));

  EXPECT_THAT(outcome.stdout_bytes, Not(HasSubstr("LEAK")));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("101\n"));  // ENETUNREACH
}

TEST_F(SandboxTest, DangerousSystemCallsAreRefused) {
  const RunOutcome outcome =
      run(python("import ctypes, os\n"
                 "c = ctypes.CDLL(None, use_errno=True)\n"
                 "calls = "
                 "{'mount':165,'umount2':166,'pivot_root':155,'unshare':272,'setns':308,'ptrace':"
                 "101,'bpf':321,'keyctl':250,\n"
                 "  "
                 "'io_uring_setup':425,'userfaultfd':323,'perf_event_open':298,'open_by_handle_at':"
                 "304,'process_vm_readv':310,\n"
                 "  "
                 "'init_module':175,'kexec_load':246,'fsopen':430,'clone3':435,'shmget':29,'msgget'"
                 ":68,'mq_open':240,'chroot':161}\n"
                 "for name, n in calls.items():\n"
                 "  r = c.syscall(n, 0, 0, 0, 0, 0)\n"
                 "  e = ctypes.get_errno()\n"
                 "  if not (r == -1 and e in (1, 38)): print('ALLOWED', name, r, e)\n"
                 "r = c.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)\n"
                 "if r != -1: print('ALLOWED clone(NEWUSER)', r)\n"
                 "print('end')\n"));

  EXPECT_EQ(outcome.stdout_bytes, "end\n");
}

TEST_F(SandboxTest, NothingIsInheritedButStandardDescriptors) {
  EXPECT_EQ(run(python("import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd'))[:3], "
                       "len(os.listdir('/proc/self/fd')))"))
                .stdout_bytes,
            "[0, 1, 2] 4\n");  // the fourth is listdir's own
}

TEST_F(SandboxTest, EnvironmentIsTheFixedOnePlusTheRequests) {
  ::setenv("GRADEFARM_SECRET", "leak", 1);
  RunSpec spec = shell("env");
  spec.env = {{"ANSWER", "42"}};

  const RunOutcome outcome = run(spec);

  EXPECT_THAT(outcome.stdout_bytes, Not(HasSubstr("SECRET")));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("ANSWER=42\n"));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("PYTHONHASHSEED=0\n"));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("TZ=UTC\n"));
}

TEST_F(SandboxTest, ChannelCarriesBytesApartFromStdout) {
  RunSpec spec = shell("echo chatter; cat <&3 >&4");
  spec.use_channel = true;
  spec.channel_input = "question";

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.stdout_bytes, "chatter\n");
  EXPECT_EQ(outcome.channel_bytes, "question");
}

// ---- pairs and turns

TEST_F(SandboxTest, ProgramsOfAPairTalkToEachOtherAndShareNothingElse) {
  const RunSpec submission = shell(
      "echo mine > /tmp/file; id -u > /dev/null; read -r line <&5; echo \"got $line\" >&6; echo "
      "done");
  RunSpec tester = shell(
      "echo question >&6; read -r line <&5; ls /tmp; ls -d /proc/[0-9]* | wc -l; echo $line >&4");
  tester.use_channel = true;

  const Expected<PairOutcome> outcome = sandbox_->run_pair(submission, tester);

  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->tester.channel_bytes, "got question\n");
  EXPECT_EQ(outcome->tester.exit_code, 0);
  EXPECT_THAT(outcome->tester.stdout_bytes, Not(HasSubstr("file")));
  EXPECT_EQ(outcome->submission.isolation, Isolation::kFull);
  expect_slot_is_clean();
}

TEST_F(SandboxTest, ASubmissionThatOutlivesItsTesterIsDismissed) {
  const Expected<PairOutcome> outcome =
      sandbox_->run_pair(shell("sleep 60 & sleep 60"), shell("exit 0"));

  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->submission.ending, Ending::kDismissed);
  EXPECT_EQ(outcome->tester.ending, Ending::kByItself);
}

TEST_F(SandboxTest, ATesterReadsTheEndWhenItsSubmissionIsGoneOrClosesThePipe) {
  for (const char* end : {"exit 3", "kill -9 $$", "exec 6>&-; sleep 60"}) {
    const Expected<PairOutcome> outcome =
        sandbox_->run_pair(shell(end), shell("cat <&5; echo over"));

    ASSERT_TRUE(outcome) << outcome.error().text();
    EXPECT_EQ(outcome->tester.stdout_bytes, "over\n") << end;
  }
}

TEST_F(SandboxTest, LimitsOfAPairAreOfEachProgram) {
  RunSpec tester = shell("cat <&5; while :; do :; done");
  // Enough for a busy machine to notice meanwhile that the submission has ended.
  tester.limits.cpu = Milliseconds(1000) * slowness();

  const Expected<PairOutcome> outcome = sandbox_->run_pair(shell("exit 0"), tester);

  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->tester.ending, Ending::kCpuLimit);
  EXPECT_EQ(outcome->submission.exit_code, 0);
}

TEST_F(SandboxTest, NothingOfAPairOutlivesAFailureOfItsLauncher) {
  RunSpec missing = shell("");
  missing.commands = {{"/usr/bin/no-such-program"}};

  EXPECT_FALSE(sandbox_->run_pair(shell("sleep 60"), missing));
  EXPECT_FALSE(sandbox_->run_pair(missing, shell("sleep 60")));
  expect_slot_is_clean();
}

// Tells a program `messages`, one after the other, and keeps what came back.
class Script final : public TurnTaker {
 public:
  explicit Script(std::vector<std::string> messages) : messages_(std::move(messages)) {}
  std::optional<std::string> next() override {
    if (turns.size() == messages_.size()) return std::nullopt;
    return messages_[turns.size()];
  }
  void answered(RunOutcome turn) override { turns.push_back(std::move(turn)); }

  std::vector<RunOutcome> turns;

 private:
  const std::vector<std::string> messages_;
};

// A program that evaluates what it is told and answers with the result.
constexpr const char* kEvaluator =
    "import os, sys, time\n"
    "def receive():\n"
    "  size = int.from_bytes(os.read(5, 4), 'big')\n"
    "  return os.read(5, size) if size else b''\n"
    "while text := receive():\n"
    "  answer = str(eval(text)).encode()\n"
    "  sys.stdout.flush()\n"
    "  os.write(6, len(answer).to_bytes(4, 'big') + answer)\n"
    "print('end')\n";

TEST_F(SandboxTest, TurnsAreAnsweredOneByOneEachWithItsOwnOutput) {
  Script script({"1 + 1", "print('two')", "'x' * 200000"});

  const Expected<RunOutcome> end = sandbox_->run_turns(python(kEvaluator), script);

  ASSERT_TRUE(end) << end.error().text();
  ASSERT_EQ(script.turns.size(), 3U);
  EXPECT_EQ(script.turns[0].channel_bytes, "2");
  EXPECT_EQ(script.turns[1].stdout_bytes, "two\n");
  EXPECT_EQ(script.turns[2].channel_bytes, std::string(200000, 'x'));
  EXPECT_EQ(script.turns[2].stdout_bytes, "");
  EXPECT_EQ(end->stdout_bytes, "end\n");
  EXPECT_EQ(end->exit_code, 0);
}

TEST_F(SandboxTest, TimeLimitsBeginAnewWithEveryTurn) {
  const std::string burn = "[0 for _ in iter(lambda: time.process_time() < %, False)]";
  const auto until = [&](const char* seconds) {
    return std::string(burn).replace(burn.find('%'), 1, seconds);
  };
  Script script({until("0.7"), until("1.4"), until("2.1"), until("9")});
  RunSpec spec = python(kEvaluator);
  spec.limits.cpu = Milliseconds(1500);
  spec.limits.wall = Milliseconds(60'000);
  spec.turns = 4;

  const Expected<RunOutcome> end = sandbox_->run_turns(spec, script);

  ASSERT_TRUE(end) << end.error().text();
  ASSERT_EQ(script.turns.size(), 3U);
  for (const RunOutcome& turn : script.turns) {
    EXPECT_GT(turn.cpu, Milliseconds(400));
    EXPECT_LT(turn.cpu, Milliseconds(1500));
  }
  EXPECT_EQ(end->ending, Ending::kCpuLimit);
  EXPECT_LT(end->cpu, Milliseconds(2500));
}

TEST_F(SandboxTest, AnAnswerAboveTheOutputLimitEndsTheRun) {
  Script script({"'x' * 70000"});
  RunSpec spec = python(kEvaluator);
  spec.limits.output = kib(64);

  const Expected<RunOutcome> end = sandbox_->run_turns(spec, script);

  ASSERT_TRUE(end) << end.error().text();
  EXPECT_EQ(end->ending, Ending::kOutputLimit);
  EXPECT_TRUE(script.turns.empty());
  expect_slot_is_clean();
}

TEST_F(SandboxTest, CommandsOfOneRunShareTheWorkDirectoryAndStopAtTheFirstFailure) {
  RunSpec spec = shell("");
  spec.commands = {{"/bin/sh", "-c", "echo one > a"},
                   {"/bin/sh", "-c", "cat a; exit 7"},
                   {"/bin/sh", "-c", "echo never"}};

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.stdout_bytes, "one\n");
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.command_index, 1U);
}

TEST_F(SandboxTest, TrustedFilesCannotBeWrittenByTheProgram) {
  RunSpec spec = shell("echo hacked > harness.py; cat harness.py");
  spec.files = {{"harness.py", "honest\n", false, false}};

  EXPECT_EQ(run(spec).stdout_bytes, "honest\n");
}

TEST_F(SandboxTest, OnlyPlainFilesOfTheWorkDirectoryAreFetched) {
  RunSpec spec = shell(
      "mkdir d; echo yes > d/good; ln -s /etc/passwd link; mkfifo pipe; echo x > one; ln one two; "
      "head -c 9000 /dev/zero > big;"
      "ln -s d dirlink");
  spec.fetch = {"d/good",  "link",         "pipe",          "one", "big",
                "missing", "dirlink/good", "../etc/passwd", "d"};
  spec.fetch_limit = kib(8);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.files.at("d/good").content, "yes\n");
  for (const std::string refused :
       {"link", "pipe", "one", "big", "missing", "dirlink/good", "../etc/passwd", "d"}) {
    EXPECT_NE(outcome.files.at(refused).refused, "") << refused;
    EXPECT_EQ(outcome.files.at(refused).content, "") << refused;
  }
}

TEST_F(SandboxTest, FilesAreFetchedByWhatTheirNamesEndIn) {
  RunSpec spec = shell(
      "echo a > A.class; echo b > B.class; echo c > c.txt; mkdir d; echo d > d/D.class; "
      "ln -s /etc/passwd link.class; echo e > .class");
  spec.fetch_suffixes = {".class"};

  const RunOutcome outcome = run(spec);

  ASSERT_EQ(outcome.files.size(), 3U);
  EXPECT_EQ(outcome.files.at("A.class").content, "a\n");
  EXPECT_EQ(outcome.files.at("B.class").content, "b\n");
  EXPECT_NE(outcome.files.at("link.class").refused, "");
}

TEST_F(SandboxTest, OfTooManyFilesOfOneEndingNoneIsFetched) {
  RunSpec spec = shell("i=0; while [ $i -le 1024 ]; do : > $i.o; i=$((i+1)); done");
  spec.fetch_suffixes = {".o"};

  const RunOutcome outcome = run(spec);

  ASSERT_EQ(outcome.files.size(), 1U);
  EXPECT_EQ(outcome.files.begin()->second.refused, "one of more than 1024");
}

TEST_F(SandboxTest, ProgramThatCannotBeExecutedIsItsOwnFault) {
  RunSpec spec = shell("");
  spec.commands = {{"./missing"}};
  EXPECT_EQ(run(spec).exit_code, 127);

  spec.commands = {{"./garbage"}};
  spec.files = {{"garbage", "\x01\x02", true}};
  EXPECT_EQ(run(spec).exit_code, 126);
}

TEST_F(SandboxTest, MissingToolchainIsTheFarmsFault) {
  RunSpec spec = shell("");
  spec.commands = {{"/usr/bin/no-such-compiler"}};

  const Expected<RunOutcome> outcome = sandbox_->run(spec);

  ASSERT_FALSE(outcome);
  EXPECT_FALSE(outcome.error().request_fault());
  EXPECT_THAT(outcome.error().text(), HasSubstr("no-such-compiler"));
}

TEST_F(SandboxTest, LauncherThatDiesIsReplaced) {
  EXPECT_EQ(run(shell("exit 0")).exit_code, 0);
  const std::vector<pid_t> forkservers = children_named(::getpid(), "farm-forkserver");
  ASSERT_EQ(forkservers.size(), 1U);
  const std::vector<pid_t> launchers = children_named(forkservers[0], "farm-launcher");
  ASSERT_EQ(launchers.size(), 1U);

  ::kill(launchers[0], SIGKILL);
  const Expected<RunOutcome> interrupted = sandbox_->run(shell("exit 0"));
  if (!interrupted) {
    EXPECT_TRUE(interrupted.error().retryable()) << interrupted.error().text();
  }

  EXPECT_EQ(run(shell("exit 0")).exit_code, 0);
  EXPECT_GE(sandbox_->launcher_restarts(), 1);
}

TEST_F(SandboxTest, WhatARunOfADeadLauncherUsedIsNotTheNextRuns) {
  EXPECT_EQ(run(shell("exit 0")).exit_code, 0);
  const std::vector<pid_t> forkservers = children_named(::getpid(), "farm-forkserver");
  const std::vector<pid_t> launchers = children_named(forkservers.at(0), "farm-launcher");
  RunSpec busy = shell("while true; do :; done");
  busy.limits.cpu = busy.limits.wall = Milliseconds(60'000) * slowness();
  std::thread running([&] { EXPECT_FALSE(sandbox_->run(busy)); });
  const std::filesystem::path group = graders_group("cpuacct") / "slot-0" / "run";
  const auto cpu_used = [&] {
    std::string content = content_of(group / "cpuacct.usage");  // ns
    if (content.empty()) content = content_of(group / "cpu.stat").substr(0, 40);
    const std::size_t digit = content.find_first_of("0123456789");
    const bool v2 = digit != 0;
    return digit == std::string::npos ? 0 : std::stoll(content.substr(digit)) / (v2 ? 1 : 1000);
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (cpu_used() < 600'000 && std::chrono::steady_clock::now() < deadline) ::usleep(10'000);
  ASSERT_GE(cpu_used(), 600'000) << "us";

  ::kill(launchers.at(0), SIGKILL);
  running.join();

  RunSpec next = shell("exit 0");
  next.limits.cpu = Milliseconds(500) * slowness();
  const RunOutcome outcome = run(next);
  EXPECT_EQ(outcome.ending, Ending::kByItself);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_LT(outcome.cpu, next.limits.cpu);
}

TEST_F(SandboxTest, EverythingIsGoneAfterTheForkserver) {
  (void)run(shell("exit 0"));
  const CgroupLayout layout = settings_.cgroups;
  const std::string own =
      layout.hierarchies.front().directory + "/gradefarm-" + std::to_string(::getpid());
  ASSERT_TRUE(std::filesystem::exists(own));

  sandbox_.reset();
  forkserver_.reset();

  EXPECT_FALSE(std::filesystem::exists(own));
}

TEST_F(SandboxTest, HundredRunsLeaveNoDescriptorBehind) {
  (void)run(shell("exit 0"));
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = count();

  for (int i = 0; i < 100; ++i) ASSERT_EQ(run(shell("exit 0")).exit_code, 0);

  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace farm::sandbox
