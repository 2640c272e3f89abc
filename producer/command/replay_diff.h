// What a request's second result says otherwise than its first, field by field. Pure.
//
// Left out is what differs from run to run without meaning anything: request id, trainer, grader,
// times, memory, attempts, warnings, isolation and whether a build was cached; in messages, numbers
// of milliseconds; of a case that was stopped at a limit both times, how much it had printed.
#pragma once

#include <string>
#include <vector>

#include "schemas/result.h"

namespace farm::command {

struct Difference {
  std::string field;  // "verdict", "cases[3].stdout"
  std::string first, second;
};

std::vector<Difference> differences(const EvaluationResult& first, const EvaluationResult& second);

// "  verdict: accepted -> wrong_answer\n". Long texts are cut to where they begin to differ;
// control characters are escaped.
std::string line_of(const Difference& difference);

}  // namespace farm::command
