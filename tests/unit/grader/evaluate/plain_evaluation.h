// Evaluates requests with the real interpreter and compiler in plain processes (plain_process.h).
#pragma once

#include <string>
#include <utility>

#include "tests/unit/grader/evaluate/plain_process.h"
#include "tests/unit/grader/evaluate/requests.h"

namespace farm::evaluate {

inline EvaluationResult evaluate_plainly(EvaluationRequest request) {
  farm::testing::PlainProcess process;
  Tools tools = tools_with(process);
  tools.settings.isolation = Isolation::kNone;
  request.policy.min_isolation = Isolation::kNone;
  return evaluate(request, tools);
}

// The verdict's word and the message, so that a failing test says why.
inline std::string told(const EvaluationResult& result) {
  std::string text = std::string(word(result.verdict));
  if (!result.message.empty()) text += ": " + result.message;
  if (result.compile && result.verdict == Verdict::kCompileError)
    text += "\n" + result.compile->stderr_bytes;
  return text;
}

}  // namespace farm::evaluate
