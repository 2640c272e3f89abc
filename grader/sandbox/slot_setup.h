// What a launcher sets up once, before its first run: identity, namespaces, the prepared root.
#pragma once

#include <string>

#include "grader/sandbox/launcher.h"
#include "schemas/verdict.h"

namespace farm::sandbox {

struct SlotSetup {
  // Of the launcher's user namespace.
  unsigned uid = 0;       // of the programs
  unsigned init_uid = 0;  // of pid 1 of each run
  bool shares_host_uid = false;
  bool has_proc = true;
  int cgroup_version = 0;  // 0: none
  std::string no_cgroups_because;

  // Told from what was done, not from what was wanted.
  Isolation isolation() const;
  std::string description() const;  // one line for people
};

// Moves this process into the slot's namespaces and root. Precondition: single-threaded; for kFull,
// CAP_SYS_ADMIN. Errors: kInternal naming the feature that is missing and the remedy. What kReduced
// can do without, is missing in the result instead.
Expected<SlotSetup> set_up_slot(const LauncherSettings& settings, int slot, int proc_fd);

}  // namespace farm::sandbox
