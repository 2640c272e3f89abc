// Runs one RunSpec until its outcome can be relied on: again when the farm failed, again when the
// outcome may be an accident. Everything that evaluate/ runs goes through here.
#pragma once

#include <functional>

#include "grader/evaluate/classify.h"
#include "grader/evaluate/tools.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::evaluate {

inline constexpr int kMaxFarmFailures = 3;

// Errors for an outcome that says nothing about the submission: kUnavailable for a starved run,
// kInternal for less isolation than `min_isolation`.
Expected<Done> check_usable(const sandbox::RunOutcome& outcome, Isolation min_isolation);

// Makes attempts until one can be relied on, and returns how many were made. `attempt` runs
// something and says whether that asks for confirmation by one more, whose word is final. A
// retryable error is tried again, at most kMaxFarmFailures times in all. Errors: of the last
// attempt.
Expected<int> attempt_until_reliable(const std::function<Expected<bool>()>& attempt,
                                     const Tools& tools);

struct Attempted {
  sandbox::RunOutcome outcome;
  Classification classification;
  int attempts = 0;  // runs that happened, failed ones included
};

// Blocks for the runs: the above, for one spec and what classify() says of it.
Expected<Attempted> run_until_reliable(const sandbox::RunSpec& spec, Isolation min_isolation,
                                       const Tools& tools);

}  // namespace farm::evaluate
