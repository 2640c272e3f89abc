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
// as crashed (kUnavailable, retryable).
#pragma once

#include <cstdint>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/forkserver.h"
#include "grader/sandbox/sandbox.h"

namespace farm::sandbox {

class LinuxSandbox final : public Sandbox {
 public:
  // `forkserver` must outlive this. Starts the launcher lazily, at the first run.
  LinuxSandbox(Forkserver& forkserver, int slot) : forkserver_(forkserver), slot_(slot) {}

  Expected<RunOutcome> run(const RunSpec& spec) override;

  // How often a launcher was started again after the first time. Any thread.
  std::int64_t launcher_restarts() const { return restarts_; }

 private:
  Forkserver& forkserver_;
  const int slot_;
  os::UniqueFd launcher_;
  std::uint32_t run_number_ = 0;
  bool started_before_ = false;
  std::int64_t restarts_ = 0;
};

}  // namespace farm::sandbox
