// Control groups of the sandbox: memory, pids and cpu of one run, on cgroup v2 or v1.
//
// A grader owns one directory `gradefarm-<pid>` below the group it was started in, each slot a
// `slot-<n>` below that, and each run a `run` below that, made before the program starts and
// removed after its last process is dead. Source: cgroup-v2.rst; cgroup-v1/memory.rst, pids.rst,
// cpuacct.rst; sched-bwc.rst.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/run_meter.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

// Where this process stands in the hierarchies it needs. Pure result of parsing
// /proc/self/{cgroup,mountinfo}.
struct CgroupLayout {
  int version = 0;  // 1 or 2; 0: none (prepare_launcher_settings)
  // v2: one entry "unified"; v1: memory, pids, cpu, cpuacct (cpu and cpuacct may be the same
  // directory).
  struct Hierarchy {
    std::string controller;
    std::string directory;  // absolute path of our own group
  };
  std::vector<Hierarchy> hierarchies;
};

// `v2_controllers` is the content of cgroup.controllers of our own v2 group ("" where there is
// none). Prefers v2 where it offers memory, pids and cpu. Errors: kInternal naming the missing
// controller and the remedy.
Expected<CgroupLayout> parse_cgroup_layout(std::string_view self_cgroup, std::string_view mountinfo,
                                           std::string_view v2_controllers);
Expected<CgroupLayout> discover_cgroup_layout();

// The group of one run. Owned by the launcher, single-threaded. The destructor removes it if
// remove() was not called.
class RunCgroup final : public RunMeter {
 public:
  RunCgroup(RunCgroup&&) noexcept = default;
  RunCgroup& operator=(RunCgroup&&) = delete;
  ~RunCgroup() override;

  // Descriptors of cgroup.procs: whoever writes "0" joins. One per hierarchy.
  std::vector<int> join_fds() const;
  // v2: -1, since memory.oom.group kills the run by itself.
  int out_of_memory_fd() const override { return out_of_memory_.fd(); }
  Expected<Nanoseconds> cpu_used() override;
  Expected<std::vector<pid_t>> members() override;
  Expected<RunUsage> usage() override;
  bool was_denied_forks() override;
  // Precondition: every member was killed. Blocks ≤ 2 s until the kernel has let go of them.
  // Errors: kUnavailable (still busy).
  Expected<Done> remove();

 private:
  friend class SlotCgroup;
  struct Part {
    std::string controller;
    os::UniqueFd directory;
    os::UniqueFd join;
    int parent_fd = -1;  // of the slot's directory; the SlotCgroup outlives us
  };
  RunCgroup(int version, std::int64_t processes, const OutOfMemoryEvent& above)
      : version_(version), processes_(processes), above_(&above) {}
  int directory_of(std::string_view controller) const;

  int version_;
  std::int64_t processes_;
  const OutOfMemoryEvent* above_;  // of the SlotCgroup
  std::vector<Part> parts_;
  OutOfMemoryEvent out_of_memory_;        // v1
  OutOfMemory cause_ = OutOfMemory::kNo;  // v1: as far as it is known
};

// The directories of one slot, held open so that they stay reachable after the launcher has left
// the host's root.
class SlotCgroup {
 public:
  // Creates gradefarm-<owner>/slot-<n> in every hierarchy. What a launcher that died has left of
  // its run is killed and removed: its counts are not the next run's. Blocks ≤ 2 s for that.
  // Errors: kUnavailable (still busy).
  static Expected<SlotCgroup> create(const CgroupLayout& layout, pid_t owner, int slot);

  // Makes the run's group and writes its limits. The slot's has to outlive it, where it is. Errors:
  // kExhausted, kInternal naming the file.
  Expected<RunCgroup> create_run(const Limits& limits, double cpus) const;

 private:
  struct Part {
    std::string controller;
    os::UniqueFd directory;
  };
  int version_ = 0;
  std::vector<Part> parts_;
  OutOfMemoryEvent above_;  // v1: a slot has no limit of its own, so what it hears is from above
};

// v2 only: moves this process into a leaf and enables the controllers below our group ("no internal
// processes" rule); v1: nothing. Then makes gradefarm-<owner>. Errors: kInternal with the remedy
// (delegate the subtree).
Expected<Done> prepare_cgroups(const CgroupLayout& layout, pid_t owner);
// Removes gradefarm-<owner> with everything in it, and the trees of graders that are gone. Best
// effort.
void remove_cgroups(const CgroupLayout& layout, pid_t owner);
void remove_stale_cgroups(const CgroupLayout& layout);

}  // namespace farm::sandbox
