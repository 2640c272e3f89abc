#include "producer/command/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace farm::command {
namespace {

constexpr Milliseconds kInterval{100};
constexpr std::size_t kDefaultColumns = 80;
constexpr const char* kEraseLine = "\r\033[K";

std::size_t columns_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return kDefaultColumns;
  return size.ws_col;
}

// A terminal that fails costs the line, not the run.
void put(int fd, const std::string& text) {
  [[maybe_unused]] const ssize_t wrote = ::write(fd, text.data(), text.size());
}

}  // namespace

void StatusLine::show(SteadyTime now, const std::function<std::string(std::size_t)>& text) {
  if (!enabled_ || now < next_) return;
  next_ = now + kInterval;
  shown_ = true;
  put(fd_, kEraseLine + text(columns_of(fd_) - 1));
}

void StatusLine::clear() {
  if (shown_) put(fd_, kEraseLine);
  shown_ = false;
}

}  // namespace farm::command
