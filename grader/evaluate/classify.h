// classify(): what the kernel saw of a run → what may be said about it before anybody looks at its
// output. Pure.
#pragma once

#include <optional>
#include <string>

#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/verdict.h"

namespace farm::evaluate {

struct Classification {
  // kAccepted means only: it ran to its end, within its limits, and exited with 0 or was dismissed.
  // kFarmError: it was starved.
  Verdict verdict = Verdict::kAccepted;
  std::string message;  // empty for kAccepted
  // The verdict may be an accident of this one run and has to be confirmed by one more.
  bool confirm = false;
};

// In this order, the first that holds: starved (farm_error) · cancelled · out of memory · output
// limit · CPU or wall time above the limit · a signal or a non-zero exit status · ran. The
// supervisor lets a run go on to 1.2 times its time limits. What it had to kill there is clear;
// what ended by itself between 1.0 and 1.2 times, or below 1.0 only by what it was forgiven, and
// every out-of-memory kill, asks for confirmation.
Classification classify(const sandbox::RunOutcome& outcome, const sandbox::Limits& limits);

// "exit code 3" or "signal 11 (Segmentation fault)", and the last line that the program wrote to
// stderr.
std::string describe_death(const sandbox::RunOutcome& outcome);

}  // namespace farm::evaluate
