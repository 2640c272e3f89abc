// Sandbox: the one door through which untrusted code runs. Implementations: LinuxSandbox
// (linux_sandbox.h), and the scripted FakeSandbox of the tests.
#pragma once

#include <optional>
#include <string>

#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

// What became of a submission and of the trusted program that tested it.
struct PairOutcome {
  RunOutcome submission;
  RunOutcome tester;
};

// The daemon's side of a program that it talks to turn by turn. Called by the thread that runs it.
class TurnTaker {
 public:
  virtual ~TurnTaker() = default;
  // What the program is told next; nullopt: nothing more, and it is left to end.
  virtual std::optional<std::string> next() = 0;
  // What came back, as if the turn had been a run of its own: its time, its output, and the answer
  // as channel_bytes. The memory peak is the whole run's so far.
  virtual void answered(RunOutcome turn) = 0;
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;

  // Runs the commands of `spec` and returns what happened to them. Used by one thread at a time.
  // Blocks at most about the wall limit plus the hard cap for starvation. Errors are the farm's:
  // kExhausted (the host lacks memory, processes, descriptors; retryable), kUnavailable (the
  // launcher died; retryable), kInternal (set-up failed). A program that misbehaves is an outcome,
  // not an error.
  virtual Expected<RunOutcome> run(const RunSpec& spec) = 0;

  // Runs both at the same time, each in a sandbox of its own with its own identity and limits. All
  // that joins them is two pipes: each writes to its descriptor 6 what the other reads from its
  // descriptor 5. When the tester ends, a submission that is still there is killed (kDismissed);
  // when the submission ends, the tester reads the end of the pipe and may still say what it has to
  // say. Neither has more than one command. Blocks and fails like run().
  virtual Expected<PairOutcome> run_pair(const RunSpec& submission, const RunSpec& tester) = 0;

  // Runs `spec`, with `turns` at the other end of its descriptors 5 and 6: messages of four bytes
  // of length, big end first, and content, one in each direction a turn. The limits of time and
  // output begin anew with every turn. The outcome is of what came after the last answer: of the
  // turn that was not answered, if there is one. An answer above limits.output ends the run
  // (kOutputLimit). Blocks and fails like run().
  virtual Expected<RunOutcome> run_turns(const RunSpec& spec, TurnTaker& turns) = 0;
};

}  // namespace farm::sandbox
