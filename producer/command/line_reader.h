// LineReader: the lines of a descriptor as they come, with memory bounded by the longest line
// allowed, not by the input. Does not own the descriptor. Not thread-safe. Never blocks by itself:
// fill() reads once, so call it when the descriptor is readable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::command {

struct Line {
  std::int64_t number = 0;  // from 1, blank lines included
  std::string text;         // without the line end; empty when too long
  bool too_long = false;
};

class LineReader {
 public:
  LineReader(int fd, Bytes max_line) : fd_(fd), max_line_(max_line) {}

  // Reads what there is, at most 256 KiB. At the end of the input it marks the reader finished.
  // Errors: kInternal (a directory, an I/O error).
  Expected<Done> fill();
  // The next complete line that is not blank, or the unfinished last one once the input has ended.
  // A line longer than allowed comes once, as such, without its text. A byte order mark before the
  // first line is dropped.
  std::optional<Line> take();

  // The input has ended and take() has nothing left.
  bool finished() const { return at_end_ && buffer_.size() == taken_ && !skipping_; }
  bool at_end() const { return at_end_; }
  std::int64_t bytes_read() const { return bytes_read_; }
  std::int64_t lines_taken() const { return lines_taken_; }  // blank lines excluded

 private:
  std::optional<Line> cut(std::size_t length, bool with_end);

  int fd_;
  Bytes max_line_;
  std::string buffer_;
  std::size_t taken_ = 0;    // bytes of buffer_ that were handed out
  std::size_t scanned_ = 0;  // bytes of buffer_ known to hold no line end, beyond taken_
  bool skipping_ = false;    // inside a line that is too long
  bool at_end_ = false;
  std::int64_t number_ = 0;
  std::int64_t bytes_read_ = 0;
  std::int64_t lines_taken_ = 0;
};

}  // namespace farm::command
