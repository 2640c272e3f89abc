#include "producer/command/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace farm::command {

Expected<Output> Output::open(const std::string& path) {
  if (path == "-") return Output(os::UniqueFd(), STDOUT_FILENO, "standard output");
  os::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) return system_error("open " + path + " for the results", errno);
  const int fd = file.get();
  return Output(std::move(file), fd, path);
}

Expected<Done> Output::write_line(std::string_view line) {
  std::string text(line);
  text += '\n';
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t wrote = ::write(fd_, rest.data(), rest.size());
    if (wrote >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EPIPE) {
      return unavailable(name_ + " was closed by its reader");
    } else if (errno != EINTR) {
      return system_error("write " + name_, errno);
    }
  }
  return Done{};
}

bool Output::is_terminal() const { return ::isatty(fd_) == 1; }

}  // namespace farm::command
