// StatusLine: one line on a terminal that is written over and over, at most ten times a second.
// Does nothing where it is switched off. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "schemas/units.h"

namespace farm::command {

class StatusLine {
 public:
  StatusLine(int fd, bool enabled) : fd_(fd), enabled_(enabled) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // `text` is asked only if the line is due; it gets the width of the terminal.
  void show(SteadyTime now, const std::function<std::string(std::size_t columns)>& text);
  // Removes the line, so that other text can follow.
  void clear();

 private:
  int fd_;
  bool enabled_;
  bool shown_ = false;
  SteadyTime next_{};
};

}  // namespace farm::command
