// Time that a hypervisor gave to others while its guest, this host, wanted to run ("steal"). The
// guest's kernel learns of it late: until then the standstill passes for CPU time of whoever had
// the CPU, or for wall time in which nobody did anything. Neither is the submission's.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "schemas/units.h"

namespace farm::sandbox {

// Of /proc/stat: what was stolen from these CPUs since the host's start, on average; 0 where the
// text does not tell. Source: proc(5), /proc/stat, field "steal".
Nanoseconds parse_stolen(std::string_view stat, const std::vector<int>& cpus);

// Reads it below `proc_fd` (the host's /proc); 0 where it cannot be read.
Nanoseconds stolen_so_far(int proc_fd, const std::vector<int>& cpus);

// By how much the scheduler's clock of these processes, which limits are counted by, is ahead of
// the timer ticks that met them at work. No tick comes while the CPU stands still, so what was
// stolen is missing in the second; so is anything that knows how to hide from ticks. Of the dead
// only zombies tell. Source: clock_getcpuclockid(3), include/linux/posix-timers_types.h
// (CPUCLOCK_PROF, CPUCLOCK_SCHED).
Nanoseconds ahead_of_ticks(const std::vector<pid_t>& pids);

// How much of a run's CPU time was none: at most what was stolen, at most what ticks did not see.
Nanoseconds miscounted(Nanoseconds stolen, Nanoseconds ahead_of_ticks);

// What a run or turn may have lost of `elapsed` to theft: all that was stolen while it had the CPU,
// which is its share (`cpu_used`) of what was left of the time, and of a time in which it slept no
// more than somebody else's sleep beside it was `late` to end. A CPU of which others take half, a
// little at a time, holds up no sleeper.
Nanoseconds lost_to_theft(Nanoseconds stolen, Nanoseconds late, Nanoseconds cpu_used,
                          Nanoseconds elapsed);

// Whether a run that may have lost so much tells nothing by its wall time: half of it.
bool stood_still(Nanoseconds lost, Nanoseconds elapsed);

}  // namespace farm::sandbox
