// The order of privileged steps is the security argument, so it stands in one column below and
// nowhere else.
//
// Two processes. `become_init` is pid 1 of the new pid namespace: trusted code that never executes
// anything of the submission, under a uid of its own, so that the submission can neither signal nor
// trace it. It is what makes an abort() or a default-action signal of the program work as outside
// (pid 1 ignores them), and what the supervisor kills to kill everything. `become_program` is its
// child, which turns into the submission; or the program is the fork of a zygote (zygote.h), which
// joins the namespaces that init was born in and goes through the same steps.

#include "grader/sandbox/child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "grader/sandbox/identity.h"
#include "grader/sandbox/landlock.h"
#include "grader/sandbox/root_fs.h"

namespace farm::sandbox {
namespace {

constexpr int kReportFd =
    7;  // the first after stdin, stdout, stderr, two of the channel and two of the peer
constexpr int kFirstFreeFd = 8;
constexpr int kParkingFd =
    20;  // sources are parked above all targets, so that no dup2 closes another's source

void send_report(int fd, const Report& report) {
  [[maybe_unused]] const ssize_t sent = ::send(fd, &report, sizeof report, MSG_NOSIGNAL);
}

[[noreturn]] void fail(int report_fd, Step step, int error) {
  send_report(report_fd, {Report::Kind::kFailed, step, error, 0, 0});
  ::_exit(127);
}

// Each step returns 0 or an errno.

int die_with_launcher() { return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? 0 : errno; }

int set_host_name() { return ::sethostname("sandbox", 7) == 0 ? 0 : errno; }

// In the run's own mount namespace, with which they go: to unmount is to wait for every CPU.
int mount_work(const std::array<int, 3>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (::syscall(SYS_move_mount, parts.at(i), "", AT_FDCWD, kWorkPlaces.at(i),
                  MOVE_MOUNT_F_EMPTY_PATH) != 0) {
      return errno;
    }
  }
  return 0;
}

int new_session() { return ::setsid() >= 0 ? 0 : errno; }

// Its /proc files are root's, and nobody without privileges traces it.
int become_untraceable() { return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno; }

// If the host itself runs out of memory, submissions go first. Lowering it again needs a
// capability.
int become_preferred_victim(int proc_fd) {
  return write_own(proc_fd, "self/oom_score_adj", "1000");
}

int join_cgroups(const std::vector<int>& join_fds) {
  for (const int fd : join_fds) {
    if (::write(fd, "0", 1) != 1) return errno;
  }
  return 0;
}

// Only now, so that its root is the run's own group: /proc/self/cgroup tells no names of ours.
int enter_cgroup_namespace() { return ::unshare(CLONE_NEWCGROUP) == 0 ? 0 : errno; }

int set_resource_limits(const std::vector<ChildPlan::ResourceLimit>& limits) {
  for (const ChildPlan::ResourceLimit& limit : limits) {
    const rlimit value{limit.value, limit.value};
    if (::syscall(SYS_prlimit64, 0, limit.resource, &value, nullptr) != 0) return errno;
  }
  return 0;
}

int enter_work_directory() {
  ::umask(022);
  return ::chdir("/work") == 0 ? 0 : errno;
}

// Leaves exactly stdin, stdout, stderr, the channel and the peer's pipes if there are any, and the
// report socket, which execve closes.
int place_descriptors(const ChildPlan& plan) {
  const std::array<int, 8> sources = {plan.stdin_fd,      plan.stdout_fd,      plan.stderr_fd,
                                      plan.channel_in_fd, plan.channel_out_fd, plan.peer_in_fd,
                                      plan.peer_out_fd,   plan.report_fd};
  std::array<int, 8> parked{};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    parked[i] = sources[i] < 0 ? -1 : ::fcntl(sources[i], F_DUPFD_CLOEXEC, kParkingFd);
    if (sources[i] >= 0 && parked[i] < 0) return errno;
  }
  for (int target = 0; target < kFirstFreeFd; ++target) {
    const int source = parked[static_cast<std::size_t>(target)];
    if (source < 0) {
      ::close(target);
    } else if (::dup3(source, target, target == kReportFd ? O_CLOEXEC : 0) < 0) {
      return errno;
    }
  }
  return ::syscall(SYS_close_range, kFirstFreeFd, ~0U, 0) == 0 ? 0 : errno;  // Linux 5.9
}

// So that no set-uid file or file capability could ever give one back.
int drop_bounding_set() {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
      return errno == EINVAL && capability > 0 ? 0 : errno;
  }
  return 0;
}

int become_user(unsigned uid) {
  const gid_t group = uid;
  if (::getuid() == uid) return 0;  // unprivileged: there is no other user to become
  // The raw calls act on this thread only, which is the only one.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
  if (::syscall(SYS_setresgid, group, group, group) != 0) return errno;
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return errno;
  return 0;
}

// Inside the user namespace, where it counts the tasks of this run alone (Linux 5.14; before, those
// of the host's uid).
int set_process_limit(rlim_t processes) {
  const rlimit value{processes, processes};
  return ::setrlimit(RLIMIT_NPROC, &value) == 0 ? 0 : errno;
}

// Root's id, should one ever appear, means nothing, and no capability survives or enters an execve.
// Source: capabilities(7), "The securebits flags".
int lock_secure_bits() {
  constexpr unsigned long kBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                  SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                  SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  return ::prctl(PR_SET_SECUREBITS, kBits, 0, 0, 0) == 0 ? 0 : errno;
}

int drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
  return ::syscall(SYS_capset, &header, none.data()) == 0 ? 0 : errno;
}

int forbid_new_privileges() { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno; }

void reset_signals() {
  for (int number = 1; number < 65; ++number)
    ::signal(number, SIG_DFL);  // an ignored one would stay so across execve
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// A child of init was born in the namespaces, which init has finished; a zygote's fork was born in
// the pid namespace alone.
int enter_namespaces(const ChildPlan& plan) {
  if (plan.namespaces_fd < 0) return 0;
  // Source: setns(2), "PID file descriptors" (Linux 5.8).
  if (::setns(plan.namespaces_fd, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) != 0) return errno;
  if (const int error = set_host_name(); error != 0) return error;
  if (const int error = mount_work(plan.work_fds); error != 0) return error;
  return mount_own_proc();
}

void take_privileged_steps(const ChildPlan& plan) {
  int report = plan.report_fd;
  auto must = [&report](Step step, int error) {
    if (error != 0) fail(report, step, error);
  };
  // clang-format off
  must(Step::kEnterNamespaces, enter_namespaces(plan));    // needs CAP_SYS_ADMIN
  must(Step::kNewSession,      new_session());
  must(Step::kPreferredVictim, become_preferred_victim(plan.proc_fd));  // may need CAP_SYS_RESOURCE
  must(Step::kJoinCgroup,      join_cgroups(plan.join_fds)); // needs root; all that follows is accounted
  must(Step::kCgroupNamespace, enter_cgroup_namespace());    // needs CAP_SYS_ADMIN, as the next may
  must(Step::kResourceLimits,  set_resource_limits(plan.resource_limits));  // may raise the stack
  must(Step::kCpuAffinity,     set_cpu_affinity(plan.cpus));
  must(Step::kWorkDirectory,   enter_work_directory());
  must(Step::kSlotUser,        become_user(plan.uid));       // root is gone for good
  must(Step::kUserNamespace,   enter_user_namespace(plan.uid, plan.uid, plan.proc_fd)); // over no mount
  must(Step::kDescriptors,     place_descriptors(plan));     // no descriptor of ours from here on …
  report = kReportFd;                                        // … but this one, closed by execve
  must(Step::kProcessLimit,    set_process_limit(plan.processes));
  must(Step::kSecureBits,      lock_secure_bits());          // needs CAP_SETPCAP
  must(Step::kBoundingSet,     drop_bounding_set());         // a new user namespace refills the set
  must(Step::kCapabilities,    drop_capabilities());         // those that the user namespace gave
  must(Step::kNoNewPrivileges, forbid_new_privileges());     // lets an unprivileged task do the next two
  must(Step::kFileFence,       fence_files());
  must(Step::kSyscallFilter,   load_filter(*plan.filter));   // last: it forbids most of the above
  // clang-format on
}

void report_ready() { send_report(kReportFd, {Report::Kind::kReady, Step::kExecute, 0, 0, 0}); }

[[noreturn]] void become_program(const ChildPlan& plan) {
  take_privileged_steps(plan);
  reset_signals();
  report_ready();
  // Not execvpe for a path: it would hand a file that is no program to /bin/sh.
  if (std::strchr(plan.argv[0], '/') != nullptr) {
    ::execve(plan.argv[0], plan.argv.data(), plan.environment.data());
  } else {
    ::execvpe(plan.argv[0], plan.argv.data(), plan.environment.data());
  }
  fail(kReportFd, Step::kExecute, errno);
}

// Reaps orphans; the program itself stays a zombie, so that the supervisor can still read its
// times.
[[noreturn]] void serve_as_init(pid_t program) {
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL) != 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (info.si_pid == program) {
      send_report(kReportFd,
                  {Report::Kind::kExited, Step::kExecute, 0, info.si_code, info.si_status});
      break;
    }
    ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | __WALL);
  }
  while (true) ::pause();
}

// The kernel reaps the orphans of one that ignores their end (wait(2), NOTES).
[[noreturn]] void serve_as_init_of_orphans() {
  ::signal(SIGCHLD, SIG_IGN);
  while (true) ::pause();
}

}  // namespace

int set_cpu_affinity(const std::vector<int>& cpus) {
  if (cpus.empty()) return 0;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(static_cast<unsigned>(cpu), &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : errno;
}

int mount_own_proc() {
  return ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 "hidepid=invisible,subset=pid") == 0
             ? 0
             : errno;
}

void become_init(const ChildPlan& plan) {
  auto must = [&plan](Step step, int error) {
    if (error != 0) fail(plan.report_fd, step, error);
  };
  must(Step::kDieWithLauncher, die_with_launcher());
  const bool program_of_zygote = plan.namespaces_fd >= 0;
  pid_t program = 0;
  if (!program_of_zygote) {
    must(Step::kHostName, set_host_name());
    must(Step::kMountWork, mount_work(plan.work_fds));
    if (plan.mounts_proc) must(Step::kMountProc, mount_own_proc());
    program = ::fork();
    if (program == 0) become_program(plan);
    must(Step::kFork, program > 0 ? 0 : errno);
  }

  ChildPlan own;  // nothing but the report socket: init must not hold the program's pipes open
  own.report_fd = plan.report_fd;
  must(Step::kDescriptors, place_descriptors(own));
  auto must_now = [](Step step, int error) {
    if (error != 0) fail(kReportFd, step, error);
  };
  must_now(Step::kBoundingSet, drop_bounding_set());
  must_now(Step::kInitIdentity, become_user(plan.init_uid));
  must_now(Step::kInitIdentity, become_untraceable());
  must_now(Step::kCapabilities, drop_capabilities());
  must_now(Step::kNoNewPrivileges, forbid_new_privileges());
  must_now(Step::kSyscallFilter, load_filter(*plan.filter));
  must_now(Step::kDieWithLauncher, die_with_launcher());  // the uid change cleared it (prctl(2))
  if (program_of_zygote) serve_as_init_of_orphans();
  serve_as_init(program);
}

void enter_sandbox(const ChildPlan& plan) {
  take_privileged_steps(plan);
  report_ready();
  ::close(kReportFd);
}

std::string_view step_name(Step step) {
  switch (step) {
    case Step::kEnterNamespaces:
      return "enter the sandbox's namespaces (needs Linux 5.8)";
    case Step::kDieWithLauncher:
      return "tie to the launcher's life";
    case Step::kHostName:
      return "set the host name";
    case Step::kMountProc:
      return "mount /proc (needs Linux 5.8)";
    case Step::kMountWork:
      return "mount the work tree";
    case Step::kFork:
      return "fork the program";
    case Step::kInitIdentity:
      return "change init's identity";
    case Step::kNewSession:
      return "start a new session";
    case Step::kPreferredVictim:
      return "set oom_score_adj";
    case Step::kJoinCgroup:
      return "join the cgroup";
    case Step::kCgroupNamespace:
      return "enter a cgroup namespace (sysctl user.max_cgroup_namespaces)";
    case Step::kResourceLimits:
      return "set resource limits";
    case Step::kCpuAffinity:
      return "set the CPU affinity";
    case Step::kWorkDirectory:
      return "enter /work";
    case Step::kDescriptors:
      return "place descriptors (needs Linux 5.9)";
    case Step::kProcessLimit:
      return "limit the number of processes";
    case Step::kSecureBits:
      return "lock the securebits";
    case Step::kFileFence:
      return "fence the files by Landlock";
    case Step::kBoundingSet:
      return "drop the capability bounding set";
    case Step::kSlotUser:
      return "change to the slot's user";
    case Step::kUserNamespace:
      return "enter a user namespace (sysctl user.max_user_namespaces)";
    case Step::kCapabilities:
      return "drop capabilities";
    case Step::kNoNewPrivileges:
      return "set no_new_privs";
    case Step::kSyscallFilter:
      return "load the system call filter";
    case Step::kExecute:
      return "execute the program";
  }
  return "unknown step";
}

}  // namespace farm::sandbox
