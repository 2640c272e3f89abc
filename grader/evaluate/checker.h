// A checker: the request's own trusted program that decides whether an output is right. It runs in
// the sandbox like any other program, with the files `input`, `expected` and `actual` as its three
// arguments; exit 0 accepts, 1 refuses.
#pragma once

#include <string_view>

#include "grader/evaluate/compile.h"
#include "grader/evaluate/judge_case.h"
#include "grader/evaluate/plan.h"
#include "grader/evaluate/tools.h"
#include "schemas/expected.h"

namespace farm::evaluate {

// Blocks for one run, or two: a checker that answers neither 0 nor 1 is run again with the expected
// output as the actual one. Healthy there, it was the submission's output that upset it, and the
// output is wrong: nobody learns to crash the judge into a masked result. Errors: kInvalidRequest
// when it is not healthy on the expected output either; the farm's (attempts.h). Verdicts:
// kAccepted, kWrongAnswer, kCancelled.
Expected<Judgement> check_output(const Plan& plan, const Build& checker, std::string_view input,
                                 std::string_view expected, std::string_view actual,
                                 const Tools& tools);

}  // namespace farm::evaluate
