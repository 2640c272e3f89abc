// How long a run was ready to run and had no CPU: the part of its wall time that is the host's
// fault, not its own.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "schemas/units.h"

namespace farm::sandbox {

// The second field of a schedstat file ("time spent waiting on a runqueue", ns); 0 where it cannot
// be read. Source: Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat";
// CONFIG_SCHED_INFO.
Nanoseconds parse_run_delay(std::string_view schedstat);

// The largest run delay of any thread of these processes, read below `proc_fd` (the host's /proc):
// for one thread it is exact, for several it is the delay of the one that waited longest. Dead
// processes count 0; a zombie still tells.
Nanoseconds longest_run_delay(int proc_fd, const std::vector<pid_t>& pids);

}  // namespace farm::sandbox
