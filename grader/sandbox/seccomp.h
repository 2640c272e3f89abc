// System call filters, built once with libseccomp when a grader starts and loaded as ready bytes in
// every sandbox (so that the child needs no library). Namespaces, uid and cgroups are the wall; the
// filters cut kernel attack surface and channels that no namespace covers. seccomp_rules.h has
// every rule with its because.
//
// Two filters a profile; the kernel obeys the stricter answer (seccomp(2), "the highest precedence
// value"). The first bounds what there is: for native programs a list of what they may call, for
// managed ones and compilers, whose calls change with every release, whatever was reviewed. The
// second denies by name and argument, in every profile.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

struct SyscallFilter {
  // BPF, loaded in this order; each at most 4096 instructions (seccomp(2), BPF_MAXINSNS).
  std::vector<std::vector<sock_filter>> programs;
};

// Memory that no accounting but a memory cgroup sees: files of memfd_create. Denied where there is
// no such cgroup.
enum class MemoryFiles { kAllowed, kDenied };

// Errors: kInternal naming the system call that this libseccomp does not know (a build problem,
// never skipped).
Expected<SyscallFilter> build_filter(Profile profile, MemoryFiles memory_files);

// Applies the filters to the calling thread. Async-signal-safe. Precondition: no_new_privs is set.
// Returns 0 or errno.
int load_filter(const SyscallFilter& filter);

}  // namespace farm::sandbox
