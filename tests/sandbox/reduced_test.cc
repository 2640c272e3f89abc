// The sandbox without privileges: user namespaces only, as in a trainer's own container. The tests
// start as root, prepare what a container run time would have prepared, and become nobody.

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <thread>

#include "tests/sandbox/sandbox_fixture.h"

namespace farm::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr unsigned kNobody = 61'180;  // of the range that graders take by default, near its end

void become_nobody() {
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  ASSERT_EQ(::setresgid(kNobody, kNobody, kNobody), 0);
  ASSERT_EQ(::setresuid(kNobody, kNobody, kNobody), 0);
}

class UnprivilegedTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: these tests start as root and give it up";
  }

  void start_as_nobody() {
    ASSERT_NO_FATAL_FAILURE(become_nobody());
    start(Isolation::kReduced);
  }
};

class ReducedTest : public UnprivilegedTest {
 protected:
  void SetUp() override {
    UnprivilegedTest::SetUp();
    if (!IsSkipped()) start_as_nobody();
  }
};

TEST_F(ReducedTest, HonestProgramsRunAndTheOutcomeSaysReduced) {
  RunSpec spec = shell("cat; echo oops >&2; echo kept > file; exit 3");
  spec.stdin_bytes = "1 2\n";
  spec.fetch = {"file"};

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.ending, Ending::kByItself);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.stdout_bytes, "1 2\n");
  EXPECT_EQ(outcome.stderr_bytes, "oops\n");
  EXPECT_EQ(outcome.files.at("file").content, "kept\n");
  EXPECT_EQ(outcome.isolation, Isolation::kReduced);
  EXPECT_THAT(sandbox_->set_up(), HasSubstr("share the grader's host uid"));
  EXPECT_THAT(sandbox_->set_up(), HasSubstr("no cgroup"));
  EXPECT_THAT(sandbox_->set_up(), HasSubstr("/proc of its own"));
}

TEST_F(ReducedTest, ProgramHasNoPrivilegesAndSeesNothingOfTheHost) {
  const RunOutcome outcome = run(
      shell("id -u; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; hostname;"
            "for d in / /usr /etc /dev; do touch $d/x 2>/dev/null && echo \"WRITABLE $d\"; done;"
            "for f in /etc/shadow /root /home /var /sys /proc/sys /proc/kcore; do [ -e $f ] && "
            "echo \"SEEN "
            "$f\"; done; ls /proc | grep -c '^[0-9]'; readlink /proc/self/ns/net"));

  EXPECT_THAT(outcome.stdout_bytes, ::testing::StartsWith("1000\n"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_THAT(outcome.stdout_bytes, HasSubstr(std::string(set) + ":\t0000000000000000"));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("NoNewPrivs:\t1\nSeccomp:\t2\nsandbox\n"));
  EXPECT_THAT(outcome.stdout_bytes, Not(HasSubstr("WRITABLE")));
  EXPECT_THAT(outcome.stdout_bytes, Not(HasSubstr("SEEN")));
  EXPECT_THAT(outcome.stdout_bytes,
              Not(HasSubstr(std::filesystem::read_symlink("/proc/self/ns/net").string())));
}

TEST_F(ReducedTest, ForksStopAtExactlyTheProcessLimit) {
  RunSpec spec = python(
      "import os, time\n"
      "n = 1\n"
      "try:\n"
      "  while True:\n"
      "    if os.fork() == 0: time.sleep(100)\n"
      "    n += 1\n"
      "except OSError as e: print(n, e.errno, flush=True)\n");
  spec.limits.processes = 20;

  EXPECT_EQ(run(spec).stdout_bytes, "20 11\n");
  EXPECT_EQ(run(spec).stdout_bytes, "20 11\n") << "nothing is left that would count";
}

TEST_F(ReducedTest, CpuTimeOfReapedChildrenCounts) {
  RunSpec spec =
      shell("while :; do /bin/sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done'; done");
  spec.limits.cpu = Milliseconds(400);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.ending, Ending::kCpuLimit);
  EXPECT_GE(outcome.cpu, Milliseconds(400));
}

TEST_F(ReducedTest, SleeperIsKilledAtItsWallLimitAndDetachedChildrenToo) {
  RunSpec spec = shell("setsid sleep 1002 & sleep 1002");
  spec.limits.wall = Milliseconds(300);

  EXPECT_EQ(run(spec).ending, Ending::kWallLimit);
  for (const auto& entry : std::filesystem::directory_iterator("/proc"))
    EXPECT_THAT(content_of(entry.path() / "cmdline"), Not(HasSubstr("1002"))) << entry.path();
}

TEST_F(ReducedTest, MemoryOverTheLimitEndsTheRunAndIsSaidToBeOutOfMemory) {
  const RunOutcome outcome =
      run(python("x = bytearray(1 << 30)\n"
                 "for i in range(0, len(x), 4096): x[i] = 1\n"
                 "import time; time.sleep(100)\n"));

  EXPECT_TRUE(outcome.out_of_memory);
  EXPECT_GT(outcome.memory_peak.count, mib(128).count);
  EXPECT_LT(outcome.wall, Milliseconds(4000) * slowness());
}

TEST_F(ReducedTest, MemorySpreadOverChildrenCountsTogether) {
  EXPECT_TRUE(run(python("import os, time\n"
                         "for _ in range(8):\n"
                         "  if os.fork() == 0:\n"
                         "    x = b'x' * (30 << 20)\n"
                         "    time.sleep(100)\n"
                         "time.sleep(100)\n"))
                  .out_of_memory);
}

TEST_F(ReducedTest, MemoryThatProcessesShareCountsOnce) {
  const RunOutcome outcome =
      run(python("import os, time\n"
                 "x = b'x' * (60 << 20)\n"
                 "children = []\n"
                 "for _ in range(4):\n"
                 "  pid = os.fork()\n"
                 "  if pid == 0: time.sleep(0.3); os._exit(0)\n"
                 "  children.append(pid)\n"
                 "for pid in children: os.waitpid(pid, 0)\n"
                 "print('fine')\n"));

  EXPECT_EQ(outcome.stdout_bytes, "fine\n");
  EXPECT_FALSE(outcome.out_of_memory);
}

TEST_F(ReducedTest, FilesCountAsMemoryAndMemoryFilesAreRefused) {
  RunSpec spec = python(
      "import os, time\n"
      "try: os.memfd_create('x'); print('LEAK')\n"
      "except OSError as e: print(e.errno, flush=True)\n"
      "with open('/tmp/big', 'wb') as f:\n"
      "  for _ in range(100): f.write(bytes(1 << 20))\n"
      "time.sleep(100)\n");
  spec.limits.memory = mib(64);
  spec.limits.tmpfs = mib(128);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.stdout_bytes, "38\n");
  EXPECT_TRUE(outcome.out_of_memory);
}

// All slots share one host uid, so that the host's permission checks alone would let them.
TEST_F(ReducedTest, SlotsCanNeitherSignalNorTraceNorSeeEachOther) {
  RunSpec victim = python(
      "import time\nprint('secret-of-the-victim', flush=True)\ntime.sleep(3)\nprint('alive')\n");
  victim.limits.wall = Milliseconds(60'000);
  LinuxSandbox other(*forkserver_, 2, 3);
  ASSERT_TRUE(other.run(shell("exit 0")));
  RunOutcome seen;
  std::atomic<bool> ended = false;
  std::thread running([&] {
    seen = run(victim);
    ended = true;
  });
  const auto host_pid_of_victim = [&]() -> std::string {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string command = content_of(entry.path() / "cmdline");
      struct stat owner {};
      if (command.find("guest.py") != std::string::npos &&
          ::stat(entry.path().c_str(), &owner) == 0 && owner.st_uid == kNobody)
        return entry.path().filename();
    }
    return "";
  };
  std::string pid;
  while (pid.empty() && !ended) pid = host_pid_of_victim();
  EXPECT_NE(pid, "");

  const Expected<RunOutcome> attack =
      other.run(python("import ctypes, os, signal\n"
                       "libc = ctypes.CDLL(None, use_errno=True)\n"
                       "for pid in [" +
                       (pid.empty() ? "2" : pid) +
                       ", *range(2, 4000)]:\n"
                       "  if pid == os.getpid(): continue\n"
                       "  for s in (0, 9):\n"
                       "    try: os.kill(pid, s); print('SIGNALLED', pid)\n"
                       "    except ProcessLookupError: pass\n"
                       "  if libc.syscall(101, 16, pid, 0, 0) != -1: print('TRACED', pid)\n"
                       "  if libc.syscall(434, pid, 0) != -1: print('PIDFD', pid)\n"
                       "print(os.path.exists('/proc/" +
                       pid + "'))\n"));
  running.join();

  ASSERT_TRUE(attack) << attack.error().text();
  EXPECT_EQ(attack->stdout_bytes, "False\n");
  EXPECT_EQ(seen.stdout_bytes, "secret-of-the-victim\nalive\n");
}

TEST_F(ReducedTest, FullIsRefusedWithTheRemedy) {
  LauncherSettings full;
  full.isolation = Isolation::kFull;

  const Expected<Done> prepared = prepare_launcher_settings(full);

  ASSERT_FALSE(prepared);
  EXPECT_THAT(prepared.error().text(), HasSubstr("isolation 'full' needs root"));
  EXPECT_THAT(prepared.error().text(), HasSubstr("--isolation reduced"));
}

TEST_F(UnprivilegedTest, ReducedIsRefusedToRoot) {
  LauncherSettings reduced;
  reduced.isolation = Isolation::kReduced;

  const Expected<Done> prepared = prepare_launcher_settings(reduced);

  ASSERT_FALSE(prepared);
  EXPECT_THAT(prepared.error().text(), HasSubstr("host's root"));
}

// As Docker masks files and directories of /proc (any of them): the kernel then grants no fresh one
// to a user namespace.
TEST_F(UnprivilegedTest, UnderAMaskedProcProgramsHaveNone) {
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(::mount("/dev/null", "/proc/cmdline", nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount("tmpfs", "/proc/fs", "tmpfs", MS_RDONLY, nullptr), 0);
  ASSERT_NO_FATAL_FAILURE(start_as_nobody());

  const RunOutcome outcome =
      run(python("import os, subprocess\n"
                 "print(os.getuid(), os.listdir('/proc'))\n"
                 "print(subprocess.run(['/bin/echo', 'child'], capture_output=True).stdout)\n"));

  EXPECT_EQ(outcome.stdout_bytes, "1000 []\nb'child\\n'\n") << outcome.stderr_bytes;
  EXPECT_EQ(outcome.isolation, Isolation::kReduced);
  EXPECT_THAT(sandbox_->set_up(), HasSubstr("no /proc"));
  EXPECT_THAT(sandbox_->set_up(), HasSubstr("systempaths=unconfined"));
}

// The rules of Docker's default profile that concern us (moby/profiles/seccomp/default.json), for a
// process without CAP_SYS_ADMIN: no new namespaces, no mounts, and no clone3 at all.
void load_dockers_filter() {
  constexpr unsigned kNewNamespaces = 0x7E020000;
  std::array<sock_filter, 13> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 9, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 9, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 8, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 7, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_umount2, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pivot_root, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNewNamespaces, 2, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  }};
  const sock_fprog filter{program.size(), program.data()};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

TEST_F(UnprivilegedTest, DockersDefaultProfileIsAnErrorThatNamesFeatureAndRemedy) {
  ASSERT_NO_FATAL_FAILURE(become_nobody());
  ASSERT_NO_FATAL_FAILURE(load_dockers_filter());
  ASSERT_NO_FATAL_FAILURE(start(Isolation::kReduced));

  const Expected<RunOutcome> outcome = sandbox_->run(shell("exit 0"));

  ASSERT_FALSE(outcome);
  EXPECT_FALSE(outcome.error().request_fault());
  EXPECT_THAT(outcome.error().text(), HasSubstr("user namespace: the kernel refuses one"));
  EXPECT_THAT(outcome.error().text(), HasSubstr("--security-opt seccomp=unconfined"));
}

// A delegated cgroup v2 subtree, as systemd gives it to users and services: the user owns the
// directory and the files by which processes and controllers are moved.
class DelegatedTest : public UnprivilegedTest {
 protected:
  void SetUp() override {
    UnprivilegedTest::SetUp();
    if (IsSkipped()) return;
    const Expected<CgroupLayout> layout = discover_cgroup_layout();
    if (!layout || layout->version != 2) GTEST_SKIP() << "SKIPPED: this host has no cgroup v2";
    // A group with processes hands on no controllers, so that we go down and make room first.
    const std::filesystem::path own = layout->hierarchies.front().directory;
    const std::filesystem::path service = own / "service";
    std::filesystem::create_directory(service);
    std::ofstream(service / "cgroup.procs") << 0;
    std::ofstream(own / "cgroup.subtree_control") << "+memory +pids +cpu";
    for (const char* file : {"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"})
      ASSERT_EQ(::chown((service / file).c_str(), kNobody, kNobody), 0) << file;
    start_as_nobody();
    group_ = service;
  }
  void TearDown() override {
    sandbox_.reset();
    forkserver_.reset();
    if (group_.empty()) return;
    EXPECT_FALSE(std::filesystem::exists(group_ / ("gradefarm-" + std::to_string(::getpid()))));
  }
  std::filesystem::path group_;
};

TEST_F(DelegatedTest, LimitsAreTheKernels) {
  EXPECT_TRUE(run(python("x = bytearray(1 << 30)\n"
                         "for i in range(0, len(x), 4096): x[i] = 1\n"
                         "print('no')\n"))
                  .out_of_memory);
  EXPECT_THAT(sandbox_->set_up(), HasSubstr("limits by cgroup v2"));
  RunSpec spec = python(
      "import os, time\nn = 1\n"
      "try:\n  while True:\n    if os.fork() == 0: time.sleep(100)\n    n += 1\n"
      "except OSError as e: print(n, e.errno, flush=True)\n");
  spec.limits.processes = 20;
  const RunOutcome forks = run(spec);
  EXPECT_EQ(forks.stdout_bytes, "20 11\n");
  EXPECT_EQ(forks.isolation, Isolation::kReduced) << "the host uid is still shared";
}

}  // namespace
}  // namespace farm::sandbox
