// What the running kernel lets us do of what the sandbox needs, found out by doing each thing alone
// in a process of its own. For `--check` only: the sandbox itself relies on nothing of this and
// fails with its own words.
#pragma once

#include <string>
#include <vector>

#include "schemas/verdict.h"

namespace farm::sandbox {

struct KernelProbe {
  std::string feature;  // "mount_setattr", "user namespace"
  std::string since;    // "Linux 5.12"; empty: older than anything that is in use
  int error = 0;        // errno of the attempt; 0: it works
};

// As a sandbox of this isolation needs them: for kReduced, inside a user namespace of its own.
// Precondition: single-threaded (it forks). For kFull without privileges most fail with EPERM.
std::vector<KernelProbe> probe_kernel(Isolation isolation);

}  // namespace farm::sandbox
