// The cases of one request in as many sandboxes as are idle, so that one slow request of many cases
// does not make everybody wait for its last one. The result is that of one case after the other.
#pragma once

#include "grader/evaluate/plan.h"
#include "grader/evaluate/run_tests.h"
#include "grader/evaluate/tools.h"
#include "schemas/expected.h"
#include "schemas/request.h"

namespace farm::evaluate {

// Adds the cases to `runs`, in order, as run_tests() says. The first runs alone: most submissions
// that fail do so there. From then on each sandbox that tools.lend lends takes the next case that
// nobody has begun. What ran beyond the case that stops the others is forgotten, as if it had not.
// Blocks until every lent sandbox is back. Precondition: not plan.shared. Errors: those of
// run_case(), with the case's number.
Expected<Done> run_spread(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                          SteadyTime deadline, Runs& runs, const Tools& tools);

}  // namespace farm::evaluate
