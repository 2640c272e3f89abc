#include "producer/command/line_reader.h"

#include <unistd.h>

#include <cerrno>

namespace farm::command {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlank = " \t\r";

}  // namespace

Expected<Done> LineReader::fill() {
  if (taken_ > 0) {
    buffer_.erase(0, taken_);
    scanned_ -= taken_;
    taken_ = 0;
  }
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  ssize_t got = 0;
  do {
    got = ::read(fd_, buffer_.data() + before, kReadBytes);
  } while (got < 0 && errno == EINTR);
  const int failure = errno;
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) {
    if (failure == EAGAIN) return Done{};
    return system_error("read the requests", failure);
  }
  if (got == 0) at_end_ = true;
  bytes_read_ += got;
  return Done{};
}

std::optional<Line> LineReader::take() {
  while (true) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if (end == std::string::npos && !at_end_) {
      scanned_ = buffer_.size();
      const std::size_t length = buffer_.size() - taken_;
      if (!skipping_ && length <= static_cast<std::size_t>(max_line_.count)) return std::nullopt;
      // Drop what is known of the line that is too long; its end is still to come.
      skipping_ = true;
      taken_ = buffer_.size();
      return std::nullopt;
    }
    if (end == std::string::npos && finished()) return std::nullopt;
    const bool with_end = end != std::string::npos;
    if (auto line = cut((with_end ? end : buffer_.size()) - taken_, with_end)) return line;
  }
}

std::optional<Line> LineReader::cut(std::size_t length, bool with_end) {
  std::string_view text = std::string_view(buffer_).substr(taken_, length);
  taken_ += length + (with_end ? 1 : 0);
  scanned_ = taken_;
  number_ += 1;
  const bool too_long = skipping_ || length > static_cast<std::size_t>(max_line_.count);
  skipping_ = false;
  if (number_ == 1 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!too_long && text.find_first_not_of(kBlank) == std::string_view::npos) return std::nullopt;
  lines_taken_ += 1;
  return Line{number_, too_long ? std::string() : std::string(text), too_long};
}

}  // namespace farm::command
