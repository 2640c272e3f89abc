// A slot's launcher: a small, single-threaded, privileged process that sets up the sandbox of each
// run, one at a time, supervises it and cleans up. It parses nothing but our own messages; what
// comes from the network and what comes out of a sandbox is the daemon's business, which has no
// privileges.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <vector>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/cgroup.h"
#include "grader/sandbox/identity.h"
#include "grader/sandbox/root_fs.h"
#include "grader/sandbox/seccomp.h"
#include "grader/sandbox/zygote.h"

namespace farm::sandbox {

struct LauncherSettings {
  // What is wanted: kFull sets up everything or fails; kReduced needs no privileges, lives in a
  // user namespace, shares one host uid among all slots, and goes without cgroups or /proc where it
  // gets none. What was set up, the launcher says.
  Isolation isolation = Isolation::kFull;
  std::string no_cgroups_because;  // where `cgroups.version` is 0
  Identities identities;
  RootSettings root;
  CgroupLayout cgroups;
  pid_t owner = 0;             // names the grader's cgroups
  double cpus_per_run = 1;     // CPU quota, and how many CPUs a program sees
  std::vector<int> host_cpus;  // that the grader may use; slots are spread over them
  std::map<Profile, SyscallFilter> filters;
  // Programs that it serves are forks of a warmed interpreter. For kFull alone; a zygote that does
  // not start is done without.
  std::optional<ZygoteSettings> zygote;
};

// Serves `socket` (launch_protocol.h) until the daemon closes it. Announces itself with kStarted
// and what it set up, or with kFailed and the reason: the feature that is missing and the remedy.
// Never returns. Called in a fresh single-threaded child, for kFull with CAP_SYS_ADMIN.
[[noreturn]] void serve_as_launcher(os::UniqueFd socket, int slot,
                                    const LauncherSettings& settings);

}  // namespace farm::sandbox
