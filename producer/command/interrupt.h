// Interrupt: SIGINT and SIGTERM as a question that a main loop asks, instead of the end of the
// process. The first signal is noted (and ends a waiting poll() with EINTR); a second one of the
// same kind ends the process as usual. SIGPIPE is ignored meanwhile: a closed output is an error of
// write(). One at a time; restores the former handling.
#pragma once

#include <csignal>
#include <optional>

namespace farm::command {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // The signal that came since construction.
  std::optional<int> pending() const;

 private:
  struct sigaction former_int_ {};
  struct sigaction former_term_ {};
  struct sigaction former_pipe_ {};
};

}  // namespace farm::command
