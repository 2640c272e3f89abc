// System call filters, built once with libseccomp when a grader starts and loaded as ready bytes in
// every sandbox (so that the child needs no library). A deny list: namespaces, uid and cgroups are
// the wall; the filter cuts kernel attack surface and channels that no namespace covers. seccomp.cc
// has every rule with its because.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

struct SyscallFilter {
  std::vector<sock_filter> program;  // BPF; at most 4096 instructions (seccomp(2), BPF_MAXINSNS)
};

// Errors: kInternal naming the system call that this libseccomp does not know (a build problem,
// never skipped).
Expected<SyscallFilter> build_filter(Profile profile);

// Applies the filter to the calling thread. Async-signal-safe. Precondition: no_new_privs is set.
// Returns 0 or errno.
int load_filter(const SyscallFilter& filter);

}  // namespace farm::sandbox
