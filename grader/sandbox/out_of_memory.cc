#include "grader/sandbox/out_of_memory.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "grader/os/files.h"
#include "grader/sandbox/kernel_text.h"

namespace farm::sandbox {

OutOfMemory out_of_memory_v1(bool own_event, bool parent_event, std::int64_t oom_kills) {
  if (own_event && !parent_event) return OutOfMemory::kOwnLimit;
  if (oom_kills > 0) return OutOfMemory::kKilledAbove;
  return parent_event ? OutOfMemory::kAbove : OutOfMemory::kNo;
}

OutOfMemory out_of_memory_v2(std::int64_t oom, std::int64_t oom_kills) {
  if (oom_kills == 0) return OutOfMemory::kNo;
  return oom > 0 ? OutOfMemory::kOwnLimit : OutOfMemory::kKilledAbove;
}

OutOfMemory out_of_memory_of_host(std::int64_t kills_before, std::int64_t kills_after) {
  return kills_after > kills_before ? OutOfMemory::kKilledAbove : OutOfMemory::kNo;
}

std::int64_t oom_kills_of_host(std::string_view vmstat) { return keyed(vmstat, "oom_kill"); }

bool spoils_run(OutOfMemory cause, bool ended_well) {
  return cause == OutOfMemory::kKilledAbove || (cause == OutOfMemory::kAbove && !ended_well);
}

bool forks_were_denied_above(std::string_view pids_events, std::int64_t peak, std::int64_t limit) {
  return peak > 0 && peak < limit && keyed(pids_events, "max") > 0;
}

Expected<OutOfMemoryEvent> OutOfMemoryEvent::listen(int directory) {
  OutOfMemoryEvent event;
  FARM_TRY(event.event_, os::make_event_fd());
  event.source_ = os::UniqueFd(::openat(directory, "memory.oom_control", O_RDONLY | O_CLOEXEC));
  if (!event.source_) return system_error("open memory.oom_control", errno);
  FARM_CHECK_OK(os::write_file_at(
      directory, "cgroup.event_control",
      std::to_string(event.event_.get()) + " " + std::to_string(event.source_.get())));
  return event;
}

bool OutOfMemoryEvent::happened() const {
  pollfd event{event_.get(), POLLIN, 0};
  return event_ && ::poll(&event, 1, 0) > 0;
}

bool OutOfMemoryEvent::take() const {
  std::uint64_t count = 0;
  return event_ && ::read(event_.get(), &count, sizeof count) == sizeof count;
}

}  // namespace farm::sandbox
