// judge_case(): the outcome of one case → its verdict, from what the request expects. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "grader/evaluate/classify.h"
#include "grader/sandbox/run_outcome.h"
#include "schemas/request.h"
#include "schemas/value.h"
#include "schemas/verdict.h"

namespace farm::evaluate {

struct Judgement {
  Verdict verdict = Verdict::kAccepted;
  std::string message;          // empty when accepted
  std::optional<Value> actual;  // function_call: what came back
};

// `token` is the completion token that this run was given, for assert. A checker is not asked here
// (checker.h): where there is one, kAccepted says only that there is an output to check.
Judgement judge_case(const Evaluation& evaluation, std::size_t index,
                     const sandbox::RunOutcome& outcome, const Classification& classification,
                     std::string_view token);

}  // namespace farm::evaluate
