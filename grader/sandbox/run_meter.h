// RunMeter: what one run uses, as the launcher sees it while the run lives and once it is over.
// Implementations: RunCgroup (cgroup.h), which the kernel counts and limits, and ProcessTree
// (process_tree.h), which counts by looking.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "grader/sandbox/out_of_memory.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::sandbox {

struct RunUsage {
  Nanoseconds cpu{0};
  Nanoseconds throttled{0};
  Bytes memory_peak;
  OutOfMemory out_of_memory = OutOfMemory::kNo;
};

class RunMeter {
 public:
  virtual ~RunMeter() = default;

  // Of the whole tree, processes that are gone included.
  virtual Expected<Nanoseconds> cpu_used() = 0;
  // Pids as seen by the reader's pid namespace.
  virtual Expected<std::vector<pid_t>> members() = 0;
  virtual Expected<RunUsage> usage() = 0;
  // Becomes readable when memory ran out, of the run itself or above it: usage() tells which, and
  // makes it unreadable again. -1: nothing to wait for.
  virtual int out_of_memory_fd() const { return -1; }
  // Whether the host did not let the run have as many processes as it may. Asked once it is over.
  virtual bool was_denied_forks() { return false; }
  // How long memory may go unwatched: then usage() has to be asked whether the run is over its
  // limit. Nothing where the kernel watches.
  virtual std::optional<Nanoseconds> watch_interval() const { return std::nullopt; }

 protected:
  RunMeter() = default;
  RunMeter(const RunMeter&) = default;
  RunMeter(RunMeter&&) = default;
  RunMeter& operator=(const RunMeter&) = default;
  RunMeter& operator=(RunMeter&&) = default;
};

}  // namespace farm::sandbox
