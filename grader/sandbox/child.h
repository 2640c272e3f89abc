// What happens between clone and execve: the two processes of a run on their way into the sandbox.
// Nothing else.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "grader/sandbox/seccomp.h"

namespace farm::sandbox {

// The privileged steps, in order. A failure is reported by its step and errno.
enum class Step : std::int32_t {
  kEnterNamespaces,
  kDieWithLauncher,
  kHostName,
  kMountWork,
  kMountProc,
  kFork,
  kInitIdentity,
  kNewSession,
  kPreferredVictim,
  kJoinCgroup,
  kCgroupNamespace,
  kResourceLimits,
  kCpuAffinity,
  kWorkDirectory,
  kDescriptors,
  kSlotUser,
  kUserNamespace,
  kProcessLimit,
  kSecureBits,
  kBoundingSet,
  kCapabilities,
  kNoNewPrivileges,
  kFileFence,
  kSyscallFilter,
  kExecute,
};
std::string_view step_name(Step step);

// Sent over the report socket by the two processes.
struct Report {
  enum class Kind : std::int32_t { kReady, kFailed, kExited };
  Kind kind = Kind::kFailed;
  Step step = Step::kExecute;  // kFailed
  std::int32_t error = 0;      // kFailed: errno
  std::int32_t code = 0;       // kExited: CLD_EXITED, CLD_KILLED, CLD_DUMPED
  std::int32_t status = 0;     // kExited: exit code or signal
};

struct ChildPlan {
  struct ResourceLimit {
    int resource;
    rlim_t value;
  };
  std::vector<char*> argv;  // null-terminated, as execve(2) wants it
  std::vector<char*> environment;
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;
  int channel_in_fd = -1, channel_out_fd = -1;  // -1: the program has no channel
  int peer_in_fd = -1, peer_out_fd = -1;        // -1: nor a peer
  int report_fd = -1;
  std::array<int, 3> work_fds{-1, -1, -1};  // the parts of its work tree (root_fs.h)
  int proc_fd = -1;  // the launcher's /proc: the sandbox's own may be missing
  // -1: init starts the program. Else the program comes from a zygote: for it, this is init's
  // pidfd, and for init nothing but a sign.
  int namespaces_fd = -1;
  std::vector<int> join_fds;
  std::vector<ResourceLimit> resource_limits;
  std::vector<int> cpus;
  rlim_t processes = 0;     // RLIMIT_NPROC inside the program's user namespace
  bool mounts_proc = true;  // false: the kernel grants none (masked /proc of a container)
  // Of the launcher's user namespace. Equal to the launcher's own where it has no privileges to
  // change its identity.
  unsigned uid = 0, init_uid = 0;
  const SyscallFilter* filter = nullptr;
};

// Mounts /proc of the caller's pid namespace: other tasks, kernel tables and host facts are not
// even there (Linux 5.8). Returns 0 or errno.
int mount_own_proc();

// Lets the caller run on these CPUs alone; on all if there are none. Returns 0 or errno.
int set_cpu_affinity(const std::vector<int>& cpus);

// Becomes pid 1 of the sandbox: finishes its namespaces, starts the program, reports its end, and
// waits to be killed; where the program comes from a zygote, only reaps orphans. Called in a fresh
// child in new pid, mount, ipc and uts namespaces. Never returns.
[[noreturn]] void become_init(const ChildPlan& plan);

// In the fork of a zygote: takes the caller through all steps of a program but execve, and reports
// that it is ready. No descriptor is left but those of the program. Ends the process where a step
// fails, after reporting it. Precondition: single-threaded, in init's pid namespace.
void enter_sandbox(const ChildPlan& plan);

}  // namespace farm::sandbox
