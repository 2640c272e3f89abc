// How long a run was ready to run and had no CPU: the part of its wall time that is the host's
// fault, not its own.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
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

// The third field of a stat file: R is ready to run or running, Z a zombie; 0 where there is none.
// Source: proc(5), /proc/<pid>/stat.
char parse_state(std::string_view stat);
// Whether the process is a zombie, and not one thread of it that is while others live.
bool has_ended(int proc_fd, pid_t pid);

// The kernel adds a wait to the run delay when it is over. Of each thread of these processes that
// is ready to run or runs: its schedstat, which stays as it is for as long as it has no CPU.
using Runnable = std::map<std::string, std::string>;  // by the folder of the thread
Runnable runnable_threads(int proc_fd, const std::vector<pid_t>& pids);
// Those of `before` that have had no CPU since.
Runnable still_waiting(const Runnable& before, const Runnable& now);

}  // namespace farm::sandbox
