// Each layer of the sandbox by itself, seen from inside: what SECURITY.md lists, on this very
// kernel. What limits and kills is in sandbox_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "grader/sandbox/landlock.h"
#include "tests/sandbox/sandbox_fixture.h"

namespace farm::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LayersTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: sandbox tests need root";
    start(Isolation::kFull);
  }
};

constexpr const char* kLibc =
    "import ctypes, os\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "def call(*args):\n"
    "  r = libc.syscall(*args)\n"
    "  return r if r != -1 else -ctypes.get_errno()\n";

TEST_F(LayersTest, EveryRunHasNamespacesOfItsOwn) {
  std::string names;
  for (const char* kind : {"user", "pid", "mnt", "net", "ipc", "uts", "cgroup"})
    names += std::string(kind) + " " +
             std::filesystem::read_symlink(std::string("/proc/self/ns/") + kind).string() + "\n";
  RunSpec spec = shell(
      "while read k n; do [ \"$(readlink /proc/self/ns/$k)\" = \"$n\" ] && echo SHARED $k; done; "
      "echo end");
  spec.stdin_bytes = names;

  EXPECT_EQ(run(spec).stdout_bytes, "end\n");
}

TEST_F(LayersTest, OnlyOneIdentityExistsInside) {
  const RunOutcome outcome = run(
      shell("for kind in uid gid; do while read inside host count; do echo $inside $count; done < "
            "/proc/self/${kind}_map; done; cat /proc/self/setgroups; id -G;"
            "for d in /usr /work; do stat -c '%u %g' $d; done"));

  EXPECT_EQ(outcome.stdout_bytes, "1000 1\n1000 1\ndeny\n1000\n65534 65534\n1000 1000\n");
}

TEST_F(LayersTest, RootCannotBecomeAnything) {
  const RunOutcome outcome = run(
      python(std::string(kLibc) + "print(call(157, 27))\n"              // PR_GET_SECUREBITS
                                  "print(call(157, 39, 0, 0, 0, 0))\n"  // PR_GET_NO_NEW_PRIVS
                                  "print(call(105, 0), call(117, 0, 0, 0))\n"  // setuid, setresuid
                                  "print(call(157, 24, 0))\n"));               // PR_CAPBSET_DROP

  // NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE with their locks, and KEEP_CAPS locked.
  EXPECT_EQ(outcome.stdout_bytes,
            std::to_string(0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80) + "\n1\n-22 -22\n-1\n");
}

TEST_F(LayersTest, OtherArchitecturesSystemCallsKill) {
  const auto with_code = [this](const std::string& code) {
    return run(python(
        "import ctypes, mmap\n"
        "m = mmap.mmap(-1, 4096, prot=7)\n"
        "m.write(bytes.fromhex('" +
        code +
        "'))\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
        "print('LEAK', f())\n"));
  };
  EXPECT_EQ(with_code("b814000000cd80c3").signal, SIGSYS) << "int 0x80, i386 getpid";
  EXPECT_EQ(with_code("b8270000400f05c3").signal, SIGSYS) << "x32 getpid";
}

TEST_F(LayersTest, NativeProgramsMayCallWhatIsListed) {
  RunSpec spec =
      python(std::string(kLibc) +
             "print(call(139, 1), call(122, 0))\n"  // sysfs, setfsuid
             "import subprocess, threading\n"
             "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
             "print(subprocess.run(['/bin/echo', 'child'], capture_output=True).stdout)\n");
  spec.profile = Profile::kNative;

  EXPECT_EQ(run(spec).stdout_bytes, "-38 -38\nthread\nb'child\\n'\n");
}

TEST_F(LayersTest, CoreDumpsReachNobody) {
  RunSpec spec = python(
      "import os, resource\n"
      "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
      "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
      "print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)\n"
      "os.abort()\n");
  spec.fetch = {"core"};

  const RunOutcome outcome = run(spec);

  // 1, not 0: a core_pattern that is a pipe ignores 0 and obeys 1 (core(5)).
  EXPECT_EQ(outcome.stdout_bytes, "(1, 1)\n(1, 1)\n");
  EXPECT_EQ(outcome.signal, SIGABRT);
  EXPECT_EQ(outcome.files.at("core").refused, "no such file");
}

TEST_F(LayersTest, ResourceLimitsAreSet) {
  RunSpec spec = python(
      "import resource as r\n"
      "for n in ('MEMLOCK', 'MSGQUEUE', 'RTPRIO', 'NOFILE', 'SIGPENDING', 'NPROC'):\n"
      "  print(n, *r.getrlimit(getattr(r, 'RLIMIT_' + n, {'SIGPENDING': 11, 'MSGQUEUE': "
      "12, 'RTPRIO': 14}.get(n))))\n"
      "print(r.getrlimit(r.RLIMIT_STACK)[0] == 128 << 20, "
      "r.getrlimit(r.RLIMIT_FSIZE)[1] == 192 << 20,"
      " r.getrlimit(r.RLIMIT_CPU)[1])\n");
  const auto cpu_seconds = 2 * std::chrono::duration_cast<std::chrono::seconds>(spec.limits.cpu);

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.stdout_bytes,
            "MEMLOCK 0 0\nMSGQUEUE 0 0\nRTPRIO 0 0\nNOFILE 256 256\nSIGPENDING 1024 1024\n"
            "NPROC 128 128\nTrue True " +
                std::to_string(cpu_seconds.count() + 2) + "\n");
}

TEST_F(LayersTest, ProcShowsNothingOfTheHost) {
  const RunOutcome outcome =
      run(shell("ls /proc | grep -v '^[0-9]*$'; for f in sys kcore kallsyms cpuinfo meminfo uptime "
                "keys modules sched_debug timer_list acpi bus irq; do [ -e /proc/$f ] && echo SEEN "
                "$f; done; ls -d /sys 2>/dev/null; cat /proc/self/cgroup; echo end"));

  EXPECT_THAT(outcome.stdout_bytes, Not(HasSubstr("SEEN")));
  EXPECT_THAT(outcome.stdout_bytes, Not(HasSubstr("gradefarm")));
  EXPECT_THAT(outcome.stdout_bytes, ::testing::StartsWith("self\nthread-self\n"));
}

TEST_F(LayersTest, WritableMountsAreBoundedAndNothingElseIsWritable) {
  const RunOutcome outcome = run(shell(
      "while read id parent dev root point options rest; do case $options in ro,*) ;; *) echo "
      "\"$point $options\" ;; esac; done < /proc/self/mountinfo | sort; stat -f -c '%b*%S %c' "
      "/tmp"));

  EXPECT_EQ(outcome.stdout_bytes,
            "/dev/full rw,nosuid,relatime\n/dev/null rw,nosuid,relatime\n"
            "/dev/random rw,nosuid,relatime\n/dev/shm rw,nosuid,nodev,relatime\n"
            "/dev/urandom rw,nosuid,relatime\n/dev/zero rw,nosuid,relatime\n"
            "/proc rw,nosuid,nodev,noexec,relatime\n/tmp rw,nosuid,nodev,relatime\n"
            "/work rw,nosuid,nodev,relatime\n16384*4096 4096\n");
}

TEST_F(LayersTest, LinksWorkForProgramsAndNotForUs) {
  RunSpec spec = shell("ln -s /etc/passwd out; ln -s real inner; echo x > real; cat inner");
  spec.fetch = {"out", "inner", "real"};

  const RunOutcome outcome = run(spec);

  EXPECT_EQ(outcome.stdout_bytes, "x\n");
  EXPECT_EQ(outcome.files.at("real").content, "x\n");
  EXPECT_THAT(outcome.files.at("out").refused, HasSubstr("symbolic link"));
  EXPECT_THAT(outcome.files.at("inner").refused, HasSubstr("symbolic link"));
}

TEST_F(LayersTest, FilesThatEscapeTheirDirectoryAreTheRequestsFault) {
  for (const std::string path :
       {"../planted", "/tmp/planted", "a/../../planted", "a//b", ".", ""}) {
    RunSpec spec = shell("exit 0");
    spec.files = {{path, "planted"}};

    const Expected<RunOutcome> outcome = sandbox_->run(spec);

    ASSERT_FALSE(outcome) << path;
    EXPECT_TRUE(outcome.error().request_fault()) << outcome.error().text();
  }
}

TEST_F(LayersTest, FilesAreFencedOnceMore) {
  if (landlock_abi() < 2) GTEST_SKIP() << "SKIPPED: this kernel has no Landlock of ABI 2";
  // Renaming between directories, naming threads and devices go on working behind the fence.
  EXPECT_EQ(run(shell("mkdir a b; echo 1 > a/f; mv a/f b/f; ln b/f c; cat c; echo > /dev/null; "
                      "echo t > /proc/self/comm; echo fine"))
                .stdout_bytes,
            "1\nfine\n");
}

TEST_F(LayersTest, TerminalAndSessionAreNotTheGraders) {
  EXPECT_EQ(run(python("import fcntl, os\n"
                       "print(os.getsid(0) == os.getpid())\n"
                       "try: os.open('/dev/tty', os.O_RDWR); print('LEAK')\n"
                       "except OSError as e: print(e.errno)\n"
                       "try: fcntl.ioctl(1, 0x5412, b'x'); print('LEAK')\n"
                       "except OSError as e: print(e.errno)\n"))
                .stdout_bytes,
            "True\n2\n1\n");
}

TEST_F(LayersTest, InitCanBeNeitherKilledNorTraced) {
  const RunOutcome outcome =
      run(python(std::string(kLibc) + "import signal\n"
                                      "for s in (9, 15, 19, 11): print(call(62, 1, s), end=' ')\n"
                                      "print(call(101, 16, 1, 0, 0))\n"
                                      "try: open('/proc/1/mem'); print('LEAK')\n"
                                      "except OSError as e: print(e.errno)\n"));

  EXPECT_EQ(outcome.stdout_bytes, "-1 -1 -1 -1 -1\n2\n");
  EXPECT_EQ(outcome.exit_code, 0);
}

}  // namespace
}  // namespace farm::sandbox
