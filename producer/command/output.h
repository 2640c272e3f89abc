// Output: lines to a file or to standard output, as they come. A reader that went away (EPIPE) is
// an answer of its own, not a failure of the farm. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"

namespace farm::command {

class Output {
 public:
  // "-" is standard output. A file is created or emptied. Errors: kInternal with the path.
  static Expected<Output> open(const std::string& path);
  // For tests: writes to a descriptor that it does not own.
  static Output to(int fd) { return Output(os::UniqueFd(), fd, "output"); }

  // Writes the line and its end; blocks while the reader is slow. Errors: kUnavailable when the
  // reader is gone; kExhausted (no space), kInternal.
  Expected<Done> write_line(std::string_view line);
  bool is_terminal() const;

 private:
  Output(os::UniqueFd owned, int fd, std::string name)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)) {}

  os::UniqueFd owned_;
  int fd_;
  std::string name_;
};

}  // namespace farm::command
