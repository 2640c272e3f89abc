// GraderProcess: a gradefarm-grader of our own (or a gradefarm-gateway, which keeps the same
// agreement), as a child: start it, know when it takes work, know
// when it ends, end it. Not a supervisor: whether to start another is the caller's business.
//
// The child runs in its own process group (Ctrl-C reaches only us, and we end it in order), with
// /dev/null as standard input, no other descriptor of ours, and one more argument: `--ready-fd 3`,
// the write end of a pipe. The grader writes "ready\n" there once it takes work. It gets SIGTERM
// when the thread that called start() ends; since the kernel forgets that when a process changes
// its user (prctl(2), PR_SET_PDEATHSIG), a grader that gives up root asks for it again. Not
// thread-safe.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::command {

struct GraderCommand {
  std::string program;                 // its path; $PATH is not searched
  std::vector<std::string> arguments;  // without the program's name and without --ready-fd
  bool keep_stderr =
      false;  // true: the last 16 KiB are kept for stderr_tail(); false: it goes to ours
};

// How a process ended: "exit status 2", "signal 11 (Segmentation fault)".
struct ExitStatus {
  int wait_status = 0;  // as of waitpid(2)
  std::string text() const;
};

class GraderProcess {
 public:
  // Errors: kExhausted or kInternal of fork and pipe, kUnavailable if the program cannot be
  // executed.
  static Expected<GraderProcess> start(const GraderCommand& command);
  GraderProcess(GraderProcess&&) noexcept;
  GraderProcess& operator=(GraderProcess&&) = delete;
  ~GraderProcess();  // SIGKILL and reap, if it is still there

  // Blocks until it is ready. Errors: kUnavailable: it ended (how, and its last words), `timeout`
  // passed, or `give_up()` (asked every 100 ms) became true.
  Expected<Done> wait_ready(Milliseconds timeout, const std::function<bool()>& give_up);
  // How it ended, if it did. Never blocks.
  std::optional<ExitStatus> exited();
  // SIGTERM, at most `grace` for it to drain, then SIGKILL. Blocks until it is reaped. `give_up()`
  // cuts the grace short.
  ExitStatus stop(Milliseconds grace, const std::function<bool()>& give_up);
  std::string stderr_tail() const;
  pid_t pid() const { return pid_; }

 private:
  class StderrTail;

  GraderProcess(pid_t pid, os::UniqueFd ready, std::unique_ptr<StderrTail> tail);
  Error died(const ExitStatus& status) const;

  pid_t pid_ = -1;  // -1: moved from, or never started
  std::optional<ExitStatus> status_;
  os::UniqueFd ready_;
  std::unique_ptr<StderrTail> tail_;
};

}  // namespace farm::command
