#include "grader/sandbox/probe.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

// glibc's sys/mount.h and linux/mount.h exclude each other in Debian 12.
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

namespace farm::sandbox {
namespace {

int failed_with(long result) { return result < 0 ? errno : 0; }

template <int flag>
int unshare_one() {
  return failed_with(::unshare(flag));
}

int try_pidfd() {
  int pidfd = -1;
  const long pid = ::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, 0);
  if (pid < 0) return errno;
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  if (::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) < 0) {
    const int error = errno;
    ::kill(static_cast<pid_t>(pid), SIGKILL);
    return error;
  }
  siginfo_t info{};
  return failed_with(
      ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED));
}

int try_close_range() { return failed_with(::syscall(SYS_close_range, 3U, ~0U, 0)); }

int try_openat2() {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return errno;
  return failed_with(::syscall(SYS_openat2, root, "proc", &how, sizeof how));
}

int try_mount_setattr() {
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  const long tree = ::syscall(SYS_open_tree, AT_FDCWD, "/usr", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return errno;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  return failed_with(::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
                               &attributes, sizeof attributes));
}

int try_seccomp() {
  std::array<sock_filter, 1> allow_all = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program = {allow_all.size(), allow_all.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return failed_with(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

int try_schedstat() { return failed_with(::open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC)); }

// Its errno is the exit status of a child that does nothing else.
int in_a_child(int (*attempt)(), Isolation isolation) {
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    // A second one in the first, where nobody is mapped, would be refused.
    const bool inside = isolation == Isolation::kReduced && attempt != unshare_one<CLONE_NEWUSER>;
    if (inside && ::unshare(CLONE_NEWUSER) != 0) ::_exit(errno);
    ::_exit(attempt());
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ENOSYS;  // killed: a filter above us denies it
}

}  // namespace

std::vector<KernelProbe> probe_kernel(Isolation isolation) {
  struct Attempt {
    const char* feature;
    const char* since;
    int (*attempt)();
  };
  static constexpr std::array<Attempt, 13> kAttempts = {{
      {"user namespace", "", unshare_one<CLONE_NEWUSER>},
      {"pid namespace", "", unshare_one<CLONE_NEWPID>},
      {"mount namespace", "", unshare_one<CLONE_NEWNS>},
      {"network namespace", "", unshare_one<CLONE_NEWNET>},
      {"ipc namespace", "", unshare_one<CLONE_NEWIPC>},
      {"uts namespace", "", unshare_one<CLONE_NEWUTS>},
      {"cgroup namespace", "Linux 4.6", unshare_one<CLONE_NEWCGROUP>},
      {"pidfd", "Linux 5.4", try_pidfd},
      {"openat2", "Linux 5.6", try_openat2},
      {"close_range", "Linux 5.9", try_close_range},
      {"mount_setattr", "Linux 5.12", try_mount_setattr},
      {"seccomp filter", "", try_seccomp},
      {"schedstat", "", try_schedstat},
  }};
  std::vector<KernelProbe> probes;
  for (const Attempt& one : kAttempts)
    probes.push_back({one.feature, one.since, in_a_child(one.attempt, isolation)});
  return probes;
}

}  // namespace farm::sandbox
