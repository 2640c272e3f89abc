// LinuxSandbox: the daemon's side of one slot. Sends a RunSpec to the slot's launcher, drains the
// program's output while it runs, and puts the outcome together. Has no privileges itself.
//
// Theory of operation. Three processes and two sockets: daemon (this class) ── commands,
// descriptors ──> launcher (launcher.cc: cgroup, work tree, supervision) ── clone ──> init and
// program (child.cc). The program's stdout, stderr and channel are pipes whose reading ends never
// leave this process; its stdin is a sealed memory file. Output beyond the cap makes us send a kill
// order; we go on draining until the end of file, so nothing ever blocks on a full pipe. The
// launcher answers only after every process of the run is dead, so when its answer is here the
// pipes are at their end too. A launcher that dies is replaced before the next run; its run counts
// as crashed (kUnavailable, retryable). A pair is two such runs by two launchers, followed by one
// thread; what the two programs say to each other never passes this process.
#pragma once

#include <cstdint>
#include <string>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/conversation.h"
#include "grader/sandbox/forkserver.h"
#include "grader/sandbox/sandbox.h"

namespace farm::sandbox {

class LinuxSandbox final : public Sandbox {
 public:
  // `forkserver` must outlive this. `slot` and `tester_slot` name the two launchers, and with them
  // their identities and cgroups; nobody else uses either. Starts each lazily, at its first run.
  LinuxSandbox(Forkserver& forkserver, int slot, int tester_slot)
      : forkserver_(forkserver), own_(slot), tester_(tester_slot) {}

  Expected<RunOutcome> run(const RunSpec& spec) override;
  Expected<PairOutcome> run_pair(const RunSpec& submission, const RunSpec& tester) override;
  Expected<RunOutcome> run_turns(const RunSpec& spec, TurnTaker& turns) override;

  // From the next run on, one during which `fd` is readable is killed (kCancelled). Not owned, not
  // read from; -1: none. To be called between runs, by the thread that runs.
  void stop_when_readable(int fd) { stop_fd_ = fd; }

  // What the launcher of the last run() set up, in words; empty before the first.
  const std::string& set_up() const { return own_.set_up; }

  // How often a launcher was started again after the first time. Any thread.
  std::int64_t launcher_restarts() const { return own_.restarts + tester_.restarts; }

 private:
  // A launcher and what is known about it.
  struct Seat {
    explicit Seat(int number) : slot(number) {}
    Expected<Done> be_there(Forkserver& forkserver);

    const int slot;
    os::UniqueFd launcher;
    std::string set_up;  // by the launcher, in words
    std::uint32_t run_number = 0;
    bool started_before = false;
    std::int64_t restarts = 0;
  };

  Forkserver& forkserver_;
  int stop_fd_ = -1;
  Seat own_;
  Seat tester_;  // of the tester in run_pair()
};

}  // namespace farm::sandbox
