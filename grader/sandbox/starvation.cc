#include "grader/sandbox/starvation.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "grader/os/files.h"

namespace farm::sandbox {
namespace {

Nanoseconds run_delay_of(int proc_fd, const std::string& path) {
  const auto content = os::read_file_at(proc_fd, path);
  return content ? parse_run_delay(*content) : Nanoseconds(0);
}

Nanoseconds longest_of_threads(int proc_fd, const std::string& pid) {
  os::UniqueFd tasks(
      ::openat(proc_fd, (pid + "/task").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!tasks) return Nanoseconds(0);
  DIR* listing = ::fdopendir(tasks.get());
  if (listing == nullptr) return Nanoseconds(0);
  (void)tasks.release();  // the listing owns it now
  Nanoseconds longest{0};
  while (const dirent* entry = ::readdir(listing)) {
    const std::string thread = entry->d_name;
    if (thread[0] == '.') continue;
    longest = std::max(longest, run_delay_of(proc_fd, pid + "/task/" + thread + "/schedstat"));
  }
  ::closedir(listing);
  return longest;
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
  for (const pid_t pid : pids)
    longest = std::max(longest, longest_of_threads(proc_fd, std::to_string(pid)));
  return longest;
}

}  // namespace farm::sandbox
