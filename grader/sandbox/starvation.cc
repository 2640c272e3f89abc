#include "grader/sandbox/starvation.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "grader/os/files.h"

namespace farm::sandbox {
namespace {

Nanoseconds run_delay_of(int proc_fd, const std::string& path) {
  const auto content = os::read_file_at(proc_fd, path);
  return content ? parse_run_delay(*content) : Nanoseconds(0);
}

// "<pid>/task/<tid>/" of each thread.
std::vector<std::string> threads_of(int proc_fd, pid_t process) {
  const std::string path = std::to_string(process) + "/task";
  os::UniqueFd tasks(::openat(proc_fd, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!tasks) return {};  // it is gone
  DIR* listing = ::fdopendir(tasks.get());
  if (listing == nullptr) return {};
  (void)tasks.release();  // the listing owns it now
  std::vector<std::string> threads;
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_name[0] != '.') threads.push_back(path + "/" + entry->d_name + "/");
  }
  ::closedir(listing);
  return threads;
}

char state_at(int proc_fd, const std::string& path) {
  const auto content = os::read_file_at(proc_fd, path);
  return content ? parse_state(*content) : '\0';
}

}  // namespace

Nanoseconds parse_run_delay(std::string_view schedstat) {
  const std::size_t space = schedstat.find(' ');
  if (space == std::string_view::npos) return Nanoseconds(0);
  schedstat.remove_prefix(space + 1);
  std::int64_t delay = 0;
  const auto [end, error] =
      std::from_chars(schedstat.data(), schedstat.data() + schedstat.size(), delay);
  return error == std::errc() && delay > 0 ? Nanoseconds(delay) : Nanoseconds(0);
}

Nanoseconds longest_run_delay(int proc_fd, const std::vector<pid_t>& pids) {
  Nanoseconds longest{0};
  for (const pid_t pid : pids) {
    for (const std::string& thread : threads_of(proc_fd, pid))
      longest = std::max(longest, run_delay_of(proc_fd, thread + "schedstat"));
  }
  return longest;
}

char parse_state(std::string_view stat) {
  // The second field is a name in parentheses that may hold anything.
  const std::size_t name_end = stat.rfind(") ");
  return name_end == std::string_view::npos || name_end + 2 >= stat.size() ? '\0'
                                                                           : stat[name_end + 2];
}

bool has_ended(int proc_fd, pid_t pid) {
  return state_at(proc_fd, std::to_string(pid) + "/stat") == 'Z' &&
         threads_of(proc_fd, pid).size() <= 1;
}

Runnable runnable_threads(int proc_fd, const std::vector<pid_t>& pids) {
  Runnable found;
  for (const pid_t pid : pids) {
    for (const std::string& thread : threads_of(proc_fd, pid)) {
      if (state_at(proc_fd, thread + "stat") != 'R') continue;
      if (auto account = os::read_file_at(proc_fd, thread + "schedstat"))
        found.emplace(thread, *std::move(account));
    }
  }
  return found;
}

Runnable still_waiting(const Runnable& before, const Runnable& now) {
  Runnable still;
  std::set_intersection(before.begin(), before.end(), now.begin(), now.end(),
                        std::inserter(still, still.end()));
  return still;
}

}  // namespace farm::sandbox
