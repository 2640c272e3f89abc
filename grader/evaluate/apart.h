// Assert tests that run in a process of their own: the tester, trusted and sandboxed, asks the
// submission in another sandbox, and its last word decides (harness/python_tester.py). The
// submission's exit proves nothing; how it fared against its limits counts as ever.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "grader/evaluate/attempts.h"
#include "grader/evaluate/judge_case.h"
#include "grader/evaluate/plan.h"
#include "grader/evaluate/tools.h"
#include "schemas/expected.h"

namespace farm::evaluate {

// What a tester has said on its channel. Untouched by the submission, but its values may have
// brought the tester down before its last word.
struct TesterReport {
  bool asked = false;       // it came to wait for the submission: from then on that may be to blame
  Microseconds thought{0};  // of its time, while the submission waited
  std::string word;  // passed, assertion, exception, gone, misfit, broken; empty: no last word
  std::string rest;  // of the line: the token, or why
};
TesterReport read_report(std::string_view channel_bytes);

// A submission and its tester, run until that can be relied on (attempts.h).
struct AttemptedPair {
  sandbox::PairOutcome outcome;  // the submission's wall time is without what the tester thought
  Classification submission;
  Classification tester;
  TesterReport report;
  int attempts = 0;
};
// Blocks for the runs. A submission whose wall limit was used up by its tester is run once more,
// with that much longer to live.
Expected<AttemptedPair> run_apart(const Apart& apart, const std::string& token,
                                  Isolation min_isolation, const Tools& tools);

// The tests cannot run apart, and why.
struct Misfit {
  std::string reason;
};

// Pure. Blame: tests that fail before they ask the submission anything fail by themselves
// (kInvalidRequest); whatever befalls a tester later is the submission's doing, so that nobody
// learns to crash the judge into a masked result.
Expected<std::variant<Judgement, Misfit>> judge_apart(const AttemptedPair& pair,
                                                      std::string_view token);

}  // namespace farm::evaluate
