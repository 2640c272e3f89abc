// ProcessTree: a run without a cgroup, counted by looking at /proc. For unprivileged graders
// without a delegated cgroup; what it says is approximate:
//
// - CPU time is that of the living, of what they waited for, and of what init reaped. A process
// that
//   ignores SIGCHLD hides its children's; the wall limit still holds.
// - Memory is private and shared anonymous memory of the living plus the files of the work tree,
//   looked at every few milliseconds: a burst is seen late. Memory in files of memfd_create or in
//   socket buffers is not seen; the former are denied by the filter (seccomp.h).
#pragma once

#include <initializer_list>
#include <string_view>

#include "grader/sandbox/run_meter.h"

namespace farm::sandbox {

// Pure readers of /proc files; 0 where a field is missing. Source: proc(5).
struct ProcessTimes {
  std::int64_t own_ticks = 0;     // utime + stime
  std::int64_t waited_ticks = 0;  // cutime + cstime
};
ProcessTimes parse_times(std::string_view stat);  // /proc/<pid>/stat
// The sum of the kB fields named, e.g. "RssAnon:" of /proc/<pid>/status.
Bytes parse_sizes(std::string_view content, std::initializer_list<std::string_view> fields);

class ProcessTree final : public RunMeter {
 public:
  // `proc_fd` is a /proc that shows pid `init`, the root of the tree; `work_fd` a file system whose
  // files count as memory. Neither is owned.
  ProcessTree(int proc_fd, pid_t init, int work_fd, Bytes limit);

  Expected<Nanoseconds> cpu_used() override;
  Expected<std::vector<pid_t>> members() override;
  // Never less than at the last call: what the dead used is not forgotten.
  Expected<RunUsage> usage() override;
  std::optional<Nanoseconds> watch_interval() const override;

  // The run is over. `cpu`: what wait(2) told of init, the CPU time of everything that it ever
  // reaped.
  void note_end(Nanoseconds cpu);

 private:
  std::int64_t oom_kills() const;
  Bytes memory_now(const std::vector<pid_t>& pids) const;

  int proc_fd_;
  pid_t init_;
  int work_fd_;
  Bytes limit_;
  std::int64_t oom_kills_before_;
  RunUsage usage_;
  std::size_t tree_size_ = 1;
};

}  // namespace farm::sandbox
