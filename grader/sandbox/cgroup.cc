#include "grader/sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>

#include "grader/os/files.h"
#include "grader/sandbox/kernel_text.h"

namespace farm::sandbox {
namespace {

constexpr std::string_view kOwnerPrefix = "gradefarm-";
constexpr std::string_view kLeafSuffix = "-daemon";
constexpr std::string_view kV1Controllers[] = {"memory", "pids", "cpu", "cpuacct"};
// The default CFS period (sched-bwc.rst): shorter ones cost more, longer ones throttle in longer
// stretches.
constexpr std::int64_t kCpuPeriodUs = 100'000;

bool contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// One mounted cgroup hierarchy: what it serves, where it is mounted, and which group its mount
// shows as its root.
struct Mount {
  std::string type;  // cgroup or cgroup2
  std::string root, point;
  std::vector<std::string> options;
};

// Source: proc(5), /proc/[pid]/mountinfo: id parent major:minor root point options… - type source
// super-options.
std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), std::string_view("-"));
    if (fields.size() < 6 || fields.end() - dash < 4) continue;
    if (dash[1] != "cgroup" && dash[1] != "cgroup2") continue;
    Mount mount{std::string(dash[1]), std::string(fields[3]), std::string(fields[4]), {}};
    for (const std::string_view option : split(dash[3], ',')) mount.options.emplace_back(option);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

// The directory of group `path` in a mount that may show only a part of the hierarchy (containers).
std::string directory_in(const Mount& mount, std::string_view path) {
  if (mount.root != "/" && path.starts_with(mount.root)) path.remove_prefix(mount.root.size());
  std::string directory = mount.point;
  if (path != "/" && !path.empty()) directory.append(path);
  return directory;
}

Expected<os::UniqueFd> open_directory(int parent, const std::string& path) {
  os::UniqueFd fd(::openat(parent, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("open cgroup directory " + path, errno);
  return fd;
}

Expected<os::UniqueFd> make_directory(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST) {
    return system_error("mkdir cgroup " + name, errno);
  }
  return open_directory(parent, name);
}

std::string owner_name(pid_t owner) { return std::string(kOwnerPrefix) + std::to_string(owner); }

// v2: where the daemon itself is.
std::string leaf_name(pid_t owner) { return owner_name(owner) + std::string(kLeafSuffix); }

// Depth first; cgroup directories hold only control files, which need no removal.
void remove_tree(int parent, const std::string& name) {
  const Expected<os::UniqueFd> directory = open_directory(parent, name);
  if (!directory) return;
  DIR* listing = ::fdopendir(::dup(directory->get()));
  if (listing != nullptr) {
    while (const dirent* entry = ::readdir(listing)) {
      const std::string child = entry->d_name;
      if (entry->d_type == DT_DIR && child != "." && child != "..")
        remove_tree(directory->get(), child);
    }
    ::closedir(listing);
  }
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

// A dead process leaves its group a moment after it was reaped: EBUSY until then.
Expected<Done> remove_run(int slot) {
  for (int attempts = 0; ::unlinkat(slot, "run", AT_REMOVEDIR) != 0; ++attempts) {
    if (errno == ENOENT) break;
    if (errno != EBUSY || attempts == 400) return unavailable("rmdir cgroup run", errno);
    ::usleep(5'000);
  }
  return Done{};
}

std::vector<pid_t> members_of(int directory) {
  std::vector<pid_t> pids;
  const Expected<std::string> content = os::read_file_at(directory, "cgroup.procs");
  if (!content) return pids;
  for (const std::string_view line : split(*content, '\n')) {
    const Expected<std::int64_t> pid = parse_number(line, "cgroup.procs");
    if (pid) pids.push_back(static_cast<pid_t>(*pid));
  }
  return pids;
}

// A launcher that was killed takes its runs with it (PR_SET_PDEATHSIG), and leaves their groups.
Expected<Done> clear_slot(int slot) {
  const auto run = open_directory(slot, "run");
  if (!run) return Done{};
  for (const pid_t pid : members_of(run->get())) ::kill(pid, SIGKILL);
  return remove_run(slot);
}

Expected<Done> write_limit(int directory, const std::string& file, std::int64_t value) {
  return os::write_file_at(directory, file, std::to_string(value));
}

}  // namespace

Expected<CgroupLayout> parse_cgroup_layout(std::string_view self_cgroup, std::string_view mountinfo,
                                           std::string_view v2_controllers) {
  const std::vector<Mount> mounts = parse_mounts(mountinfo);
  const std::vector<std::string_view> offered = split(without_newline(v2_controllers), ' ');
  CgroupLayout layout;
  if (contains(offered, "memory") && contains(offered, "pids") && contains(offered, "cpu")) {
    for (const std::string_view line : split(self_cgroup, '\n')) {
      if (!line.starts_with("0::")) continue;
      for (const Mount& mount : mounts) {
        if (mount.type != "cgroup2") continue;
        layout.version = 2;
        layout.hierarchies.push_back({"unified", directory_in(mount, line.substr(3))});
        return layout;
      }
    }
  }
  layout.version = 1;
  for (const std::string_view controller : kV1Controllers) {
    std::optional<std::string> directory;
    for (const std::string_view line : split(self_cgroup, '\n')) {
      const std::vector<std::string_view> fields = split(line, ':');  // id:controllers:path
      if (fields.size() < 3 || !contains(split(fields[1], ','), controller)) continue;
      const std::string_view path = line.substr(fields[0].size() + fields[1].size() + 2);
      for (const Mount& mount : mounts) {
        const bool serves = std::find(mount.options.begin(), mount.options.end(), controller) !=
                            mount.options.end();
        if (mount.type == "cgroup" && serves) directory = directory_in(mount, path);
      }
    }
    if (!directory) {
      return internal_error("cgroup: no controller '" + std::string(controller) +
                            "': neither cgroup v2 with memory, pids and cpu nor cgroup v1 is "
                            "mounted for this process; "
                            "mount /sys/fs/cgroup, or delegate a subtree (systemd: Delegate=yes)");
    }
    layout.hierarchies.push_back({std::string(controller), *directory});
  }
  return layout;
}

Expected<CgroupLayout> discover_cgroup_layout() {
  FARM_TRY(const std::string self_cgroup, os::read_file("/proc/self/cgroup"));
  FARM_TRY(const std::string mountinfo, os::read_file("/proc/self/mountinfo"));
  std::string controllers;
  for (const std::string_view line : split(self_cgroup, '\n')) {
    if (!line.starts_with("0::")) continue;
    for (const Mount& mount : parse_mounts(mountinfo)) {
      if (mount.type != "cgroup2") continue;
      if (const auto content =
              os::read_file(directory_in(mount, line.substr(3)) + "/cgroup.controllers")) {
        controllers = *content;
      }
    }
  }
  return parse_cgroup_layout(self_cgroup, mountinfo, controllers);
}

Expected<Done> prepare_cgroups(const CgroupLayout& layout, pid_t owner) {
  for (const CgroupLayout::Hierarchy& hierarchy : layout.hierarchies) {
    FARM_TRY(const os::UniqueFd own, open_directory(AT_FDCWD, hierarchy.directory));
    if (layout.version == 2) {
      // A v2 group with processes cannot hand controllers to its children (cgroup-v2.rst, "No
      // Internal Process Constraint"; the root is exempt), so we step into a leaf first.
      FARM_TRY(const os::UniqueFd leaf, make_directory(own.get(), leaf_name(owner)));
      FARM_CHECK_OK(os::write_file_at(leaf.get(), "cgroup.procs", "0"));
      if (auto enabled =
              os::write_file_at(own.get(), "cgroup.subtree_control", "+memory +pids +cpu");
          !enabled) {
        enabled.error().what +=
            " (another process shares this group: start the grader in a delegated group of its "
            "own)";
        return std::move(enabled).error();
      }
    }
    FARM_TRY(const os::UniqueFd root, make_directory(own.get(), owner_name(owner)));
    if (layout.version == 2) {
      FARM_CHECK_OK(os::write_file_at(root.get(), "cgroup.subtree_control", "+memory +pids +cpu"));
    }
  }
  return Done{};
}

void remove_cgroups(const CgroupLayout& layout, pid_t owner) {
  for (const CgroupLayout::Hierarchy& hierarchy : layout.hierarchies) {
    if (const auto own = open_directory(AT_FDCWD, hierarchy.directory))
      remove_tree(own->get(), owner_name(owner));
  }
}

void remove_stale_cgroups(const CgroupLayout& layout) {
  for (const CgroupLayout::Hierarchy& hierarchy : layout.hierarchies) {
    DIR* listing = ::opendir(hierarchy.directory.c_str());
    if (listing == nullptr) continue;
    std::vector<std::string> gone;
    while (const dirent* entry = ::readdir(listing)) {
      std::string_view name = entry->d_name;
      if (!name.starts_with(kOwnerPrefix)) continue;
      name.remove_prefix(kOwnerPrefix.size());
      if (name.ends_with(kLeafSuffix)) name.remove_suffix(kLeafSuffix.size());
      const Expected<std::int64_t> pid = parse_number(name, "pid");
      if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH)
        gone.emplace_back(entry->d_name);
    }
    ::closedir(listing);
    for (const std::string& name : gone) remove_tree(AT_FDCWD, hierarchy.directory + "/" + name);
  }
}

Expected<SlotCgroup> SlotCgroup::create(const CgroupLayout& layout, pid_t owner, int slot) {
  SlotCgroup result;
  result.version_ = layout.version;
  for (const CgroupLayout::Hierarchy& hierarchy : layout.hierarchies) {
    FARM_TRY(const os::UniqueFd root,
             open_directory(AT_FDCWD, hierarchy.directory + "/" + owner_name(owner)));
    FARM_TRY(os::UniqueFd directory, make_directory(root.get(), "slot-" + std::to_string(slot)));
    if (layout.version == 2) {
      FARM_CHECK_OK(
          os::write_file_at(directory.get(), "cgroup.subtree_control", "+memory +pids +cpu"));
    }
    FARM_CHECK_OK(clear_slot(directory.get()));
    result.parts_.push_back({hierarchy.controller, std::move(directory)});
    if (hierarchy.controller == "memory") {
      FARM_TRY(result.above_, OutOfMemoryEvent::listen(result.parts_.back().directory.get()));
    }
  }
  return result;
}

Expected<RunCgroup> SlotCgroup::create_run(const Limits& limits, double cpus) const {
  RunCgroup run(version_, limits.processes, above_);
  for (const Part& part : parts_) {
    FARM_TRY(os::UniqueFd directory, make_directory(part.directory.get(), "run"));
    os::UniqueFd join(::openat(directory.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
    if (!join) return system_error("open cgroup.procs", errno);
    run.parts_.push_back(
        {part.controller, std::move(directory), std::move(join), part.directory.get()});
  }
  const auto quota_us =
      static_cast<std::int64_t>(std::lround(cpus * static_cast<double>(kCpuPeriodUs)));
  if (version_ == 2) {
    const int directory = run.directory_of("unified");
    FARM_CHECK_OK(write_limit(directory, "memory.max", limits.memory.count));
    // Absent where the kernel has no swap accounting; then there is no swap to limit either.
    if (auto swap = write_limit(directory, "memory.swap.max", 0);
        !swap && swap.error().sys_errno != ENOENT) {
      return std::move(swap).error();
    }
    FARM_CHECK_OK(write_limit(directory, "memory.oom.group", 1));
    FARM_CHECK_OK(write_limit(directory, "pids.max", limits.processes));
    FARM_CHECK_OK(os::write_file_at(directory, "cpu.max",
                                    std::to_string(quota_us) + " " + std::to_string(kCpuPeriodUs)));
    return run;  // oom.group kills the whole run: no event to wait for
  }
  const int memory = run.directory_of("memory");
  FARM_CHECK_OK(write_limit(memory, "memory.limit_in_bytes", limits.memory.count));
  // Memory plus swap: equal limits mean no swap. Absent without swap accounting.
  if (auto swap = write_limit(memory, "memory.memsw.limit_in_bytes", limits.memory.count);
      !swap && swap.error().sys_errno != ENOENT) {
    return std::move(swap).error();
  }
  FARM_CHECK_OK(write_limit(run.directory_of("pids"), "pids.max", limits.processes));
  FARM_CHECK_OK(write_limit(run.directory_of("cpu"), "cpu.cfs_period_us", kCpuPeriodUs));
  FARM_CHECK_OK(write_limit(run.directory_of("cpu"), "cpu.cfs_quota_us", quota_us));
  // v1 has no oom.group: one victim may die and the rest go on, so the first event ends the run.
  FARM_TRY(run.out_of_memory_, OutOfMemoryEvent::listen(memory));
  (void)above_.take();  // what was before this run
  return run;
}

RunCgroup::~RunCgroup() {
  if (!parts_.empty()) (void)remove();
}

int RunCgroup::directory_of(std::string_view controller) const {
  for (const Part& part : parts_) {
    if (part.controller == controller) return part.directory.get();
  }
  return parts_.front().directory.get();  // v2: every controller is in the one directory
}

std::vector<int> RunCgroup::join_fds() const {
  std::vector<int> fds;
  for (const Part& part : parts_) fds.push_back(part.join.get());
  return fds;
}

Expected<Nanoseconds> RunCgroup::cpu_used() {
  if (version_ == 2) {
    FARM_TRY(const std::string content, os::read_file_at(directory_of("unified"), "cpu.stat"));
    return Nanoseconds(Microseconds(keyed(content, "usage_usec")));
  }
  FARM_TRY(const std::string content, os::read_file_at(directory_of("cpuacct"), "cpuacct.usage"));
  FARM_TRY(const std::int64_t used, parse_number(content, "cpuacct.usage"));
  return Nanoseconds(used);
}

Expected<std::vector<pid_t>> RunCgroup::members() {
  return members_of(parts_.front().directory.get());
}

Expected<RunUsage> RunCgroup::usage() {
  RunUsage usage;
  FARM_TRY(usage.cpu, cpu_used());
  if (version_ == 2) {
    const int directory = directory_of("unified");
    FARM_TRY(const std::string cpu, os::read_file_at(directory, "cpu.stat"));
    usage.throttled = Microseconds(keyed(cpu, "throttled_usec"));
    FARM_TRY(const std::string events, os::read_file_at(directory, "memory.events"));
    usage.out_of_memory = out_of_memory_v2(keyed(events, "oom"), keyed(events, "oom_kill"));
    // memory.peak came with Linux 5.19; before it there is no peak to tell.
    if (const auto peak = os::read_file_at(directory, "memory.peak")) {
      FARM_TRY(usage.memory_peak.count, parse_number(*peak, "memory.peak"));
    }
    return usage;
  }
  FARM_TRY(const std::string cpu, os::read_file_at(directory_of("cpu"), "cpu.stat"));
  usage.throttled = Nanoseconds(keyed(cpu, "throttled_time"));
  FARM_TRY(const std::string peak,
           os::read_file_at(directory_of("memory"), "memory.max_usage_in_bytes"));
  FARM_TRY(usage.memory_peak.count, parse_number(peak, "memory.max_usage_in_bytes"));
  FARM_TRY(const std::string control,
           os::read_file_at(directory_of("memory"), "memory.oom_control"));
  // Once it has met its own limit, it has, whatever happens above it afterwards.
  if (cause_ != OutOfMemory::kOwnLimit) {
    cause_ =
        out_of_memory_v1(out_of_memory_.take(), above_->happened(), keyed(control, "oom_kill"));
  }
  usage.out_of_memory = cause_;
  return usage;
}

bool RunCgroup::was_denied_forks() {
  const int directory = directory_of("pids");
  const auto events = os::read_file_at(directory, "pids.events");
  const auto peak = os::read_file_at(directory, "pids.peak");
  if (!events || !peak) return false;
  const auto processes = parse_number(*peak, "pids.peak");
  return processes && forks_were_denied_above(*events, *processes, processes_);
}

Expected<Done> RunCgroup::remove() {
  out_of_memory_ = OutOfMemoryEvent();
  for (Part& part : parts_) {
    part.join.reset();
    part.directory.reset();
    if (auto removed = remove_run(part.parent_fd); !removed) {
      removed.error().what += " (" + part.controller + ")";
      parts_.clear();
      return removed;
    }
  }
  parts_.clear();
  return Done{};
}

}  // namespace farm::sandbox
