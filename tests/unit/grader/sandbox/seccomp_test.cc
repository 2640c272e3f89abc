// The filters, asked as the kernel asks them: a small BPF machine runs the very bytes that a
// sandbox loads.

#include "grader/sandbox/seccomp.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>

namespace farm::sandbox {
namespace {

// Of classic BPF, what libseccomp emits. Source: linux/filter.h, seccomp(2).
std::uint32_t answer_of(const std::vector<sock_filter>& program, const seccomp_data& call) {
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    bool jump = false;
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&call) + op.k, sizeof a);
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= op.k;
        continue;
      case BPF_RET | BPF_K:
        return op.k;
      case BPF_JMP | BPF_JA:
        at += op.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump = a == op.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump = a > op.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump = a >= op.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump = (a & op.k) != 0;
        break;
      default:
        ADD_FAILURE() << "instruction " << op.code;
        return 0;
    }
    at += jump ? op.jt : op.jf;
  }
  ADD_FAILURE() << "ran off the end";
  return 0;
}

constexpr int kAllowed = -1, kKilled = -2;

// What the kernel answers: kAllowed, kKilled or an errno. The stricter filter wins, of two errors
// the one of the filter that was loaded last.
int answer_of(const SyscallFilter& filter, seccomp_data call) {
  int answer = kAllowed;
  for (const auto& program : filter.programs) {
    const std::uint32_t value = answer_of(program, call);
    if (value == SECCOMP_RET_KILL_PROCESS) return kKilled;
    if ((value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
      answer = static_cast<int>(value & SECCOMP_RET_DATA);
  }
  return answer;
}

int call(const SyscallFilter& filter, long number, std::initializer_list<std::uint64_t> args = {}) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = AUDIT_ARCH_X86_64;
  std::size_t i = 0;
  for (const std::uint64_t arg : args) data.args[i++] = arg;
  return answer_of(filter, data);
}

class SyscallFilterTest : public ::testing::TestWithParam<Profile> {
 protected:
  void SetUp() override {
    auto filter = build_filter(GetParam(), MemoryFiles::kAllowed);
    ASSERT_TRUE(filter) << filter.error().text();
    filter_ = std::move(filter).value();
  }
  SyscallFilter filter_;
};

std::string name_of(const ::testing::TestParamInfo<Profile>& profile) {
  constexpr const char* kNames[] = {"Native", "Managed", "Compile"};
  return kNames[static_cast<int>(profile.param)];
}
INSTANTIATE_TEST_SUITE_P(Profiles, SyscallFilterTest,
                         ::testing::Values(Profile::kNative, Profile::kManaged, Profile::kCompile),
                         name_of);

TEST_P(SyscallFilterTest, FitsTheKernel) {
  ASSERT_EQ(filter_.programs.size(), 2U);
  for (const auto& program : filter_.programs) EXPECT_LE(program.size(), 4096U);
}

TEST_P(SyscallFilterTest, WholeDenyListIsRefused) {
  const std::map<std::string, long> denied = {{"keyctl", SYS_keyctl},
                                              {"add_key", SYS_add_key},
                                              {"request_key", SYS_request_key},
                                              {"bpf", SYS_bpf},
                                              {"perf_event_open", SYS_perf_event_open},
                                              {"userfaultfd", SYS_userfaultfd},
                                              {"io_uring_setup", SYS_io_uring_setup},
                                              {"io_uring_enter", SYS_io_uring_enter},
                                              {"io_uring_register", SYS_io_uring_register},
                                              {"kexec_load", SYS_kexec_load},
                                              {"kexec_file_load", SYS_kexec_file_load},
                                              {"init_module", SYS_init_module},
                                              {"finit_module", SYS_finit_module},
                                              {"delete_module", SYS_delete_module},
                                              {"mount", SYS_mount},
                                              {"umount2", SYS_umount2},
                                              {"pivot_root", SYS_pivot_root},
                                              {"chroot", SYS_chroot},
                                              {"open_tree", SYS_open_tree},
                                              {"move_mount", SYS_move_mount},
                                              {"fsopen", SYS_fsopen},
                                              {"fsconfig", SYS_fsconfig},
                                              {"fsmount", SYS_fsmount},
                                              {"fspick", SYS_fspick},
                                              {"mount_setattr", SYS_mount_setattr},
                                              {"setns", SYS_setns},
                                              {"unshare", SYS_unshare},
                                              {"open_by_handle_at", SYS_open_by_handle_at},
                                              {"name_to_handle_at", SYS_name_to_handle_at},
                                              {"ptrace", SYS_ptrace},
                                              {"process_vm_readv", SYS_process_vm_readv},
                                              {"process_vm_writev", SYS_process_vm_writev},
                                              {"process_madvise", SYS_process_madvise},
                                              {"pidfd_getfd", SYS_pidfd_getfd},
                                              {"kcmp", SYS_kcmp},
                                              {"modify_ldt", SYS_modify_ldt},
                                              {"iopl", SYS_iopl},
                                              {"ioperm", SYS_ioperm},
                                              {"reboot", SYS_reboot},
                                              {"swapon", SYS_swapon},
                                              {"swapoff", SYS_swapoff},
                                              {"acct", SYS_acct},
                                              {"syslog", SYS_syslog},
                                              {"settimeofday", SYS_settimeofday},
                                              {"clock_settime", SYS_clock_settime},
                                              {"adjtimex", SYS_adjtimex},
                                              {"clock_adjtime", SYS_clock_adjtime},
                                              {"quotactl", SYS_quotactl},
                                              {"quotactl_fd", SYS_quotactl_fd},
                                              {"lookup_dcookie", SYS_lookup_dcookie},
                                              {"fanotify_init", SYS_fanotify_init},
                                              {"vhangup", SYS_vhangup},
                                              {"nfsservctl", SYS_nfsservctl},
                                              {"move_pages", SYS_move_pages},
                                              {"migrate_pages", SYS_migrate_pages},
                                              {"mbind", SYS_mbind},
                                              {"set_mempolicy", SYS_set_mempolicy},
                                              {"vmsplice", SYS_vmsplice},
                                              {"sethostname", SYS_sethostname},
                                              {"setdomainname", SYS_setdomainname},
                                              {"shmget", SYS_shmget},
                                              {"shmat", SYS_shmat},
                                              {"msgget", SYS_msgget},
                                              {"semget", SYS_semget},
                                              {"mq_open", SYS_mq_open},
                                              {"memfd_secret", SYS_memfd_secret}};
  for (const auto& [name, number] : denied) EXPECT_EQ(call(filter_, number), EPERM) << name;
}

TEST_P(SyscallFilterTest, OrdinaryCallsAreAllowed) {
  for (const long number :
       {SYS_read, SYS_write, SYS_mmap, SYS_openat, SYS_futex, SYS_execve, SYS_fork, SYS_wait4,
        SYS_clock_nanosleep, SYS_epoll_pwait2, SYS_prctl, SYS_rseq, SYS_exit_group}) {
    EXPECT_EQ(call(filter_, number), kAllowed) << number;
  }
}

TEST_P(SyscallFilterTest, CallsThatNobodyReviewedDoNotExist) {
  for (const long number : {451L, 457L, 467L, 1000L}) EXPECT_EQ(call(filter_, number), ENOSYS);
}

TEST_P(SyscallFilterTest, OtherArchitecturesAreKilled) {
  seccomp_data i386{};
  i386.nr = 20;
  i386.arch = AUDIT_ARCH_I386;
  EXPECT_EQ(answer_of(filter_, i386), kKilled);
  EXPECT_EQ(call(filter_, 0x40000000 | SYS_getpid), kKilled) << "x32";
}

TEST_P(SyscallFilterTest, NewNamespacesAreRefusedAndThreadsAreNot) {
  EXPECT_EQ(call(filter_, SYS_clone, {0x3d0f00}), kAllowed) << "pthread_create of glibc";
  EXPECT_EQ(call(filter_, SYS_clone, {17}), kAllowed);
  for (const std::uint64_t flag :
       {0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000}) {
    EXPECT_EQ(call(filter_, SYS_clone, {flag | 17}), EPERM) << flag;
  }
  EXPECT_EQ(call(filter_, SYS_clone3), ENOSYS) << "glibc then falls back to clone";
}

TEST_P(SyscallFilterTest, TerminalInjectionIsRefusedWhateverTheUpperBits) {
  EXPECT_EQ(call(filter_, SYS_ioctl, {0, TIOCSTI}), EPERM);
  EXPECT_EQ(call(filter_, SYS_ioctl, {0, 0x100000000ULL | TIOCSTI}), EPERM);
  EXPECT_EQ(call(filter_, SYS_ioctl, {0, 0x541C}), EPERM) << "TIOCLINUX";
  EXPECT_EQ(call(filter_, SYS_ioctl, {0, TCGETS}), kAllowed);
}

TEST_P(SyscallFilterTest, SocketsAreOfThreeFamilies) {
  for (std::uint64_t family = 0; family < 70; ++family) {
    const bool allowed = family == AF_UNIX || family == AF_INET || family == AF_INET6;
    if (family == AF_NETLINK && GetParam() == Profile::kManaged) continue;
    EXPECT_EQ(call(filter_, SYS_socket, {family, 1, 0}), allowed ? kAllowed : EAFNOSUPPORT)
        << family;
  }
  EXPECT_EQ(call(filter_, SYS_socket, {0x100000000ULL | AF_VSOCK, 1, 0}), EAFNOSUPPORT);
  const int route = call(filter_, SYS_socket, {AF_NETLINK, 3, 0});
  EXPECT_EQ(route, GetParam() == Profile::kManaged ? kAllowed : EAFNOSUPPORT) << "Node asks for it";
  EXPECT_EQ(call(filter_, SYS_socket, {AF_NETLINK, 3, 9}), EAFNOSUPPORT) << "NETLINK_AUDIT";
}

TEST_P(SyscallFilterTest, OnlyHarmlessPersonalitiesAreLeft) {
  for (const std::uint64_t allowed : {0x0ULL, 0x0040000ULL, 0xffffffffULL, 0xabc0000000000ULL})
    EXPECT_EQ(call(filter_, SYS_personality, {allowed}), kAllowed) << allowed;
  for (std::uint64_t bit = 1; bit < 0x100000000ULL; bit <<= 1U) {
    if (bit == 0x0040000) continue;
    EXPECT_EQ(call(filter_, SYS_personality, {bit}), EPERM) << bit;
    EXPECT_EQ(call(filter_, SYS_personality, {bit | 0x0040000}), EPERM) << bit;
    EXPECT_EQ(call(filter_, SYS_personality, {0xffffffff ^ bit}), EPERM) << bit;
  }
  EXPECT_EQ(call(filter_, SYS_personality, {0xffffffff ^ 0x0040000}), EPERM);
}

TEST_P(SyscallFilterTest, CoreLimitStaysWhereItIs) {
  EXPECT_EQ(call(filter_, SYS_setrlimit, {RLIMIT_CORE, 1}), 0) << "a success that does nothing";
  EXPECT_EQ(call(filter_, SYS_prlimit64, {0, RLIMIT_CORE, 1, 0}), 0);
  EXPECT_EQ(call(filter_, SYS_prlimit64, {0, RLIMIT_CORE, 0, 1}), kAllowed) << "reading it";
  EXPECT_EQ(call(filter_, SYS_prlimit64, {0, RLIMIT_STACK, 1, 0}), kAllowed);
}

TEST(SyscallFilter, NativeProgramsHaveAListOfWhatTheyMayCall) {
  const auto filter = build_filter(Profile::kNative, MemoryFiles::kAllowed);
  ASSERT_TRUE(filter) << filter.error().text();
  EXPECT_EQ(call(*filter, SYS_setfsuid), ENOSYS);
  EXPECT_EQ(call(*filter, SYS_sysfs), ENOSYS);
  EXPECT_EQ(call(*build_filter(Profile::kManaged, MemoryFiles::kAllowed), SYS_setfsuid), kAllowed);
}

TEST(SyscallFilter, MemoryFilesAreRefusedWhereNobodyWouldCountThem) {
  for (const Profile profile : {Profile::kNative, Profile::kManaged, Profile::kCompile}) {
    EXPECT_EQ(call(*build_filter(profile, MemoryFiles::kAllowed), SYS_memfd_create), kAllowed);
    EXPECT_EQ(call(*build_filter(profile, MemoryFiles::kDenied), SYS_memfd_create), ENOSYS);
  }
}

}  // namespace
}  // namespace farm::sandbox
