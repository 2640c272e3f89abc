#include "grader/sandbox/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "grader/os/files.h"

namespace farm::sandbox {
namespace {

// Long enough to cost little, short enough that a program which fills memory as fast as the kernel
// hands it out is a few dozen MiB too far.
constexpr Nanoseconds kLook = Milliseconds(10);
constexpr std::size_t kProcessesPerLook = 8;  // larger trees cost more to look at: less often
// More than any limit allows: a tree that changes while it is walked must not keep us here.
constexpr std::size_t kLargestTree = 65'536;

std::int64_t number_at(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void add_numbers(std::string_view text, std::vector<pid_t>& pids) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) pids.push_back(static_cast<pid_t>(number_at(text.substr(0, end))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Source: proc(5), /proc/<pid>/task/<tid>/children (CONFIG_PROC_CHILDREN): each thread has its own.
void add_children(int proc_fd, pid_t pid, std::vector<pid_t>& pids) {
  const std::string tasks = std::to_string(pid) + "/task";
  os::UniqueFd directory(::openat(proc_fd, tasks.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return;  // it is gone
  DIR* listing = ::fdopendir(directory.get());
  if (listing == nullptr) return;
  (void)directory.release();  // the listing owns it now
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_name[0] == '.') continue;
    if (const auto children = os::read_file_at(proc_fd, tasks + "/" + entry->d_name + "/children"))
      add_numbers(*children, pids);
  }
  ::closedir(listing);
}

Nanoseconds from_ticks(std::int64_t ticks) {
  static const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
  return Nanoseconds(ticks * (1'000'000'000 / per_second));
}

}  // namespace

ProcessTimes parse_times(std::string_view stat) {
  // The second field is a name in parentheses that may hold anything.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return {};
  stat.remove_prefix(name_end + 1);
  ProcessTimes times;
  for (int field = 2; !stat.empty(); ++field) {
    const std::string_view word = stat.substr(0, stat.find(' '));
    if (field == 14 || field == 15) times.own_ticks += number_at(word);
    if (field == 16 || field == 17) times.waited_ticks += number_at(word);
    stat.remove_prefix(std::min(word.size() + 1, stat.size()));
  }
  return times;
}

Bytes parse_sizes(std::string_view content, std::initializer_list<std::string_view> fields) {
  Bytes sum;
  for (const std::string_view field : fields) {
    const std::size_t at = content.find(field);
    if (at == std::string_view::npos) continue;
    std::string_view rest = content.substr(at + field.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    sum.count += number_at(rest) * 1024;
  }
  return sum;
}

ProcessTree::ProcessTree(int proc_fd, pid_t init, int work_fd, Bytes limit)
    : proc_fd_(proc_fd),
      init_(init),
      work_fd_(work_fd),
      limit_(limit),
      oom_kills_before_(oom_kills()) {}

std::int64_t ProcessTree::oom_kills() const {
  const auto vmstat = os::read_file_at(proc_fd_, "vmstat");
  return vmstat ? oom_kills_of_host(*vmstat) : 0;
}

Expected<std::vector<pid_t>> ProcessTree::members() {
  std::vector<pid_t> pids;
  add_children(proc_fd_, init_, pids);
  for (std::size_t i = 0; i < pids.size() && pids.size() < kLargestTree; ++i)
    add_children(proc_fd_, pids[i], pids);
  tree_size_ = pids.size() + 1;
  return pids;
}

Expected<Nanoseconds> ProcessTree::cpu_used() {
  FARM_TRY(std::vector<pid_t> pids, members());
  std::int64_t ticks = 0;
  for (const pid_t pid : pids) {
    const auto stat = os::read_file_at(proc_fd_, std::to_string(pid) + "/stat");
    if (!stat) continue;
    const ProcessTimes times = parse_times(*stat);
    ticks += times.own_ticks + times.waited_ticks;
  }
  if (const auto stat = os::read_file_at(proc_fd_, std::to_string(init_) + "/stat"))
    ticks += parse_times(*stat).waited_ticks;
  usage_.cpu = std::max(usage_.cpu, from_ticks(ticks));
  return usage_.cpu;
}

Bytes ProcessTree::memory_now(const std::vector<pid_t>& pids) const {
  Bytes files;
  struct statvfs space {};
  if (::fstatvfs(work_fd_, &space) == 0) {
    files.count = static_cast<std::int64_t>((space.f_blocks - space.f_bfree) * space.f_frsize);
  }
  Bytes anonymous, shared;
  const auto status_of = [this](pid_t pid) {
    const auto status = os::read_file_at(proc_fd_, std::to_string(pid) + "/status");
    return status ? *status : std::string();
  };
  for (const pid_t pid : pids) {
    const std::string status = status_of(pid);
    anonymous.count += parse_sizes(status, {"RssAnon:"}).count;
    shared.count += parse_sizes(status, {"RssShmem:"}).count;
  }
  // Files of the work tree that are mapped are in both.
  const Bytes quick{anonymous.count + std::max(shared.count, files.count)};
  if (quick.count <= limit_.count) return quick;
  // Pages that processes share were counted once for each so far. The exact share of each is dear.
  Bytes exact, exact_shared;
  for (const pid_t pid : pids) {
    const auto rollup = os::read_file_at(proc_fd_, std::to_string(pid) + "/smaps_rollup");
    // Asked anew where it is not told: what has ended meanwhile has given its memory back.
    exact.count += rollup ? parse_sizes(*rollup, {"Pss_Anon:"}).count
                          : parse_sizes(status_of(pid), {"RssAnon:"}).count;
    if (rollup) exact_shared.count += parse_sizes(*rollup, {"Pss_Shmem:"}).count;
  }
  return {exact.count + std::max(exact_shared.count, files.count)};
}

Expected<RunUsage> ProcessTree::usage() {
  FARM_TRY(const std::vector<pid_t> pids, members());
  const Bytes now = memory_now(pids);
  usage_.memory_peak.count = std::max(usage_.memory_peak.count, now.count);
  if (now.count > limit_.count) usage_.out_of_memory = OutOfMemory::kOwnLimit;
  return usage_;
}

std::optional<Nanoseconds> ProcessTree::watch_interval() const {
  return kLook * static_cast<std::int64_t>(1 + tree_size_ / kProcessesPerLook);
}

void ProcessTree::note_end(Nanoseconds cpu) {
  usage_.cpu = std::max(usage_.cpu, cpu);
  if (usage_.out_of_memory == OutOfMemory::kNo)
    usage_.out_of_memory = out_of_memory_of_host(oom_kills_before_, oom_kills());
}

}  // namespace farm::sandbox
