// Zygote: a warmed interpreter of which the Python programs of a slot are forks. A start of Python
// costs most of what a short test costs; a fork of one that has started costs a tenth of it. It
// runs the operator's interpreter and what that imports, and never a line of a submission: a fork
// leaves all privileges, and what could tell it from a fresh interpreter, before the program
// begins. Source: setns(2) with a pidfd (Linux 5.8).
//
// The launcher's end: owned by the launcher, single-threaded. The destructor kills the zygote; its
// fork dies with the sandbox.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/child.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::sandbox {

struct ZygoteSettings {
  std::string interpreter;  // as commands name it
  std::map<std::string, std::string>
      env;                           // of programs, beyond the fixed environment (environment.h)
  std::vector<std::string> preload;  // modules to import early, where they are installed
  // Files of .farm, compiled early: names and contents.
  std::vector<std::pair<std::string, std::string>> trusted;
  // How long a program waits for a zygote that is getting ready, before it starts without.
  Milliseconds patience{0};

  // Whether a fork of it is what `command` with `program_env` would be.
  bool serves(const std::vector<std::string>& command,
              const std::map<std::string, std::string>& program_env, Bytes stack) const;
};

// Where the interpreter finds what makes it a zygote; readable by root alone.
inline constexpr const char* kZygoteDirectory = "/zygote";
// The files of that directory, for the prepared root: names and contents.
std::vector<std::pair<std::string, std::string>> zygote_files(const ZygoteSettings& settings);

class Zygote {
 public:
  // Starts the interpreter and returns at once, long before it is ready. `fixed` holds of every
  // program: uid, cpus, proc_fd, filter. Errors: kExhausted.
  static Expected<Zygote> start(const ZygoteSettings& settings, const ChildPlan& fixed);
  Zygote(Zygote&& other) noexcept
      : socket_(std::move(other.socket_)),
        output_(std::move(other.output_)),
        pid_(std::exchange(other.pid_, 0)) {}
  Zygote& operator=(Zygote&&) = delete;
  ~Zygote();

  // Whether it takes orders. Blocks until it does, at most `patience`. Errors: kUnavailable with
  // what the interpreter said at its end.
  Expected<bool> is_ready(Milliseconds patience);

  // Forks the program of `plan`, whose namespaces_fd is the pidfd of the sandbox's init, and
  // returns a pidfd of it. The program reports over plan.report_fd as if init had started it, but
  // for its end. Errors: kUnavailable, kExhausted; the zygote's state is unknown then.
  Expected<os::UniqueFd> fork_program(const ChildPlan& plan);

  // Takes the program that was forked last out of the process table and says how it ended. Blocks
  // until it has ended. Before the end of its sandbox's init: the kernel holds that up until every
  // process is reaped (pid_namespaces(7)). Errors: kUnavailable.
  Expected<Report> reap();

 private:
  Zygote(os::UniqueFd socket, os::UniqueFd output, pid_t pid)
      : socket_(std::move(socket)), output_(std::move(output)), pid_(pid) {}
  std::string last_words();

  os::UniqueFd socket_;
  os::UniqueFd output_;  // what the interpreter writes to stdout and stderr
  pid_t pid_;
  bool ready_ = false;
};

}  // namespace farm::sandbox
