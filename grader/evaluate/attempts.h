// Runs one RunSpec until its outcome can be relied on: again when the farm failed, again when the
// outcome may be an accident. Everything that evaluate/ runs goes through here.
#pragma once

#include "grader/evaluate/classify.h"
#include "grader/evaluate/tools.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::evaluate {

inline constexpr int kMaxFarmFailures = 3;

struct Attempted {
  sandbox::RunOutcome outcome;
  Classification classification;
  int attempts = 0;  // runs that happened, failed ones included
};

// Blocks for the runs. A run that fails with a retryable error or was starved is tried again, at
// most kMaxFarmFailures times in all; one whose classification asks for confirmation is run once
// more, and the second word is final. Errors: of the last run, when all failed; kUnavailable when
// all were starved; kInternal when the sandbox gave less isolation than `min_isolation`.
Expected<Attempted> run_until_reliable(const sandbox::RunSpec& spec, Isolation min_isolation,
                                       const Tools& tools);

}  // namespace farm::evaluate
