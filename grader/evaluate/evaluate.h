// evaluate(): one request → one result. The heart of the grader; README.md of this folder tells the
// story.
#pragma once

#include "grader/evaluate/tools.h"
#include "schemas/request.h"
#include "schemas/result.h"

namespace farm::evaluate {

// Never fails: what is wrong with the request becomes `rejected`, what is wrong with the farm,
// after its retries, `farm_error`. `result.grader` and `timings.queue` are left to the caller. Uses
// tools.sandbox from this thread only, and borrows others by tools.lend. Blocks for compiling and
// all runs: about total_wall and the time of one more case.
EvaluationResult evaluate(const EvaluationRequest& request, const Tools& tools);

}  // namespace farm::evaluate
