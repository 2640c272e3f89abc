// Resident: a trusted program that stays, in a sandbox of its own, and is asked one thing after the
// other. For compilers that take longer to start than to compile; what they are asked is untrusted.
//
// Theory of operation. It is a run of many turns (Sandbox::run_turns) that rests between two of
// them: the launcher measures and limits each turn as a run, and nobody follows it meanwhile.
// Namespaces, filter, cgroup and limits are those of its spec, as for any run. It begins by saying
// something, which means that it is ready. Whoever says something unasked, meets a limit or ends is
// not asked again: it is killed, and another one is started when it is wanted.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/conversation.h"
#include "grader/sandbox/forkserver.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "grader/sandbox/sandbox.h"

namespace farm::sandbox {

// Used by one thread at a time.
class Resident {
 public:
  virtual ~Resident() = default;
  // Whether it can be asked. Never waits for it: where there is none, or one that was asked often
  // enough, another one is started, which is ready at some later time.
  virtual bool is_ready() = 0;
  // What it answers, as the outcome of that turn (TurnTaker::answered). nullopt: it came to its end
  // instead. Blocks at most about the wall limit plus the hard cap for starvation. Precondition:
  // is_ready().
  virtual std::optional<RunOutcome> ask(std::string message) = 0;
  // Kills it, if it is there.
  virtual void end() = 0;
};

class LinuxResident final : public Resident {
 public:
  // `forkserver` must outlive this; `slot` names the launcher, which is nobody else's. `spec` says
  // what runs; its `turns` are how often it is asked before another one takes its place.
  LinuxResident(Forkserver& forkserver, int slot, RunSpec spec);
  ~LinuxResident() override;
  LinuxResident(const LinuxResident&) = delete;
  LinuxResident& operator=(const LinuxResident&) = delete;

  bool is_ready() override;
  std::optional<RunOutcome> ask(std::string message) override;
  void end() override;

 private:
  // What it is told next, and what it has answered.
  struct Turn final : TurnTaker {
    std::optional<std::string> next() override { return std::move(message); }
    void answered(RunOutcome turn) override { answer = std::move(turn); }
    std::string message;
    std::optional<RunOutcome> answer;
  };

  // One that has failed so often without ever having been ready is not started again.
  static constexpr int kMostFailures = 3;

  Expected<Done> start();
  // Deals with what has happened; waits for something to, if told so.
  Expected<Done> step(bool wait);

  Forkserver& forkserver_;
  const int slot_;
  RunSpec spec_;
  os::UniqueFd launcher_;
  Turn turn_;
  std::optional<Conversation> conversation_;
  int asked_ = 0;
  int failures_ = 0;
};

}  // namespace farm::sandbox
