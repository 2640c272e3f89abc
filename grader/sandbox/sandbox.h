// Sandbox: the one door through which untrusted code runs. Implementations: LinuxSandbox
// (linux_sandbox.h), and the scripted FakeSandbox of the tests.
#pragma once

#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

class Sandbox {
 public:
  virtual ~Sandbox() = default;

  // Runs the commands of `spec` and returns what happened to them. Used by one thread at a time.
  // Blocks at most about the wall limit plus the hard cap for starvation. Errors are the farm's:
  // kExhausted (the host lacks memory, processes, descriptors; retryable), kUnavailable (the
  // launcher died; retryable), kInternal (set-up failed). A program that misbehaves is an outcome,
  // not an error.
  virtual Expected<RunOutcome> run(const RunSpec& spec) = 0;
};

}  // namespace farm::sandbox
