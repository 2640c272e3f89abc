// Whose memory ran out: the run's own, which is the program's doing, or that of a group above it or
// of the host, which is the farm's.
#pragma once

#include <cstdint>
#include <string_view>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"

namespace farm::sandbox {

enum class OutOfMemory {
  kNo,
  kOwnLimit,
  kAbove,  // a parent group or the host ran out meanwhile; nothing of the run is known to have
           // been killed for it, but a system call may have failed
  kKilledAbove,  // and a process of the run was killed for it
};

// cgroup v1. An OOM event is told to the group whose limit was met and to all below it
// (mem_cgroup_oom_notify() in mm/memcontrol-v1.c); `oom_kills` of memory.oom_control counts the
// victims of every OOM killer in the group itself, the host's included, of which there is no event.
OutOfMemory out_of_memory_v1(bool own_event, bool parent_event, std::int64_t oom_kills);
// cgroup v2, of memory.events: `oom` counts what met the limit of the group itself, `oom_kill` the
// victims of every OOM killer. Source: cgroup-v2.rst.
OutOfMemory out_of_memory_v2(std::int64_t oom, std::int64_t oom_kills);
// Without a cgroup of our own: what /proc/vmstat counted for the whole host before and after the
// run. The victims may have been others; they are rare, and a run too many costs little.
OutOfMemory out_of_memory_of_host(std::int64_t kills_before, std::int64_t kills_after);

// Of /proc/vmstat: processes killed by any OOM killer since the host's start; 0 where it is not
// told (before Linux 4.13).
std::int64_t oom_kills_of_host(std::string_view vmstat);

// Whether nothing can be said of the program, because memory ran out above it: unless it ended by
// itself with exit code 0 and whole.
bool spoils_run(OutOfMemory cause, bool ended_well);

// Whether forks of the run failed although it was below its own limit of processes: a parent group
// was full. Of pids.events and pids.peak (Linux 6.1). cgroup v2 since Linux 6.11 counts them in the
// group whose limit was met alone: false.
bool forks_were_denied_above(std::string_view pids_events, std::int64_t peak, std::int64_t limit);

// The OOM events of a cgroup v1 memory group. Source: cgroup-v1/memory.rst, "OOM Control".
class OutOfMemoryEvent {
 public:
  OutOfMemoryEvent() = default;
  // `directory`: the group's. Errors: kExhausted, kInternal.
  static Expected<OutOfMemoryEvent> listen(int directory);

  // Readable once there was an event; -1 where nobody listens.
  int fd() const { return event_.get(); }
  // Whether there was one since the last call.
  bool take() const;
  bool happened() const;

 private:
  os::UniqueFd event_;
  os::UniqueFd source_;
};

}  // namespace farm::sandbox
