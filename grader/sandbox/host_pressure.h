// Whether the host is short of memory, CPU or disk: then a program may be slow through no fault of
// its own, and a time limit is confirmed before it is believed.
#pragma once

#include <string_view>

#include "schemas/units.h"

namespace farm::sandbox {

// Of /proc/pressure/memory: true where some task stalled on memory for 10 % or more of the last 10
// s. Source: Documentation/accounting/psi.rst.
bool stalls_on_memory(std::string_view pressure);
// Of /proc/meminfo: true where less than 5 % of the memory is available.
bool is_nearly_full(std::string_view meminfo);

// Reads both; a file that is not there says nothing.
bool host_is_short_of_memory();

// Of /proc/pressure/cpu or /proc/pressure/io: for how long, since the host's start, some task
// waited for it. Zero where the text says nothing.
Microseconds time_stalled(std::string_view pressure);
// Of both together.
Microseconds time_stalled_on_cpu_or_io();

// Whether a run that used up its wall time may have lost it to others: some task of the host waited
// for CPU or disk in a tenth of that time. What the run itself waited for a CPU is counted exactly
// (starvation.h); page faults, forks behind a lock and its init's waits are not.
bool is_contended(Microseconds stalled, Milliseconds wall_limit);

}  // namespace farm::sandbox
