// The cases of a function_call in one process, for data sets that mean it so: handed over one at a
// time, judged one at a time, each under its own limits of time and output. A case that ends the
// process is judged by that, and the next ones have a fresh process.
#pragma once

#include <cstddef>

#include "grader/evaluate/plan.h"
#include "grader/evaluate/run_tests.h"
#include "grader/evaluate/tools.h"
#include "schemas/expected.h"
#include "schemas/request.h"

namespace farm::evaluate {

// Runs one process, from case `first` on, for as many cases as it gets through or `runs` says to
// stop; adds them to `runs` and returns the case to go on with. Where the farm failed or a limit
// was met closely, all of them are run again, from `first`. Precondition: plan.shared. Errors: the
// farm's (attempts.h).
Expected<std::size_t> run_shared(const EvaluationRequest& request, const Plan& plan,
                                 std::size_t first, SteadyTime deadline, Runs& runs,
                                 const Tools& tools);

}  // namespace farm::evaluate
