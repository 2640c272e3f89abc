#include "grader/evaluate/judge_case.h"

#include "grader/judge/compare_output.h"
#include "grader/judge/compare_values.h"

namespace farm::evaluate {
namespace {

Judgement as_compared(judge::ComparisonResult comparison) {
  if (comparison.equal) return {};
  return {Verdict::kWrongAnswer, std::move(comparison.message), std::nullopt};
}

struct CaseJudge {
  std::size_t index;
  const sandbox::RunOutcome& outcome;
  const Classification& classification;
  std::string_view token;

  Judgement as_classified() const {
    return {classification.verdict, classification.message, std::nullopt};
  }
  bool ran() const { return classification.verdict == Verdict::kAccepted; }

  Judgement operator()(const StdinStdout& evaluation) const {
    if (!ran()) return as_classified();
    if (evaluation.checker) return {};
    return as_compared(judge::compare_output(evaluation.cases[index].stdout_bytes,
                                             outcome.stdout_bytes, evaluation.comparison));
  }

  Judgement operator()(const FunctionCall& evaluation) const {
    if (!ran()) return as_classified();
    if (outcome.channel_bytes.empty()) {
      return {Verdict::kRuntimeError, "ended without returning a value", std::nullopt};
    }
    Expected<Value> actual = decode_value(outcome.channel_bytes);
    if (!actual) {
      return {Verdict::kRuntimeError, "returned something that is no value: " + actual.error().what,
              std::nullopt};
    }
    Judgement judgement = as_compared(
        judge::compare_values(evaluation.cases[index].expected, *actual, evaluation.comparison));
    judgement.actual = *std::move(actual);
    return judgement;
  }

  // Only "passed TOKEN" can be accepted, and the exit status may veto it. The harness's other words
  // choose between two verdicts that are equally bad, so a forged one changes nothing that counts.
  Judgement operator()(const AssertTests&) const {
    if (ran()) {
      const bool completed =
          !token.empty() && outcome.channel_bytes == "passed " + std::string(token);
      if (completed) return {};
      return {Verdict::kRuntimeError, "ended before the tests completed", std::nullopt};
    }
    Judgement judgement = as_classified();
    if (judgement.verdict == Verdict::kRuntimeError && outcome.channel_bytes == "assertion") {
      judgement.verdict = Verdict::kWrongAnswer;
      judgement.message = "an assertion failed: " + judgement.message;
    }
    return judgement;
  }

  Judgement operator()(const RunOnly&) const { return as_classified(); }

  // make_plan() has refused these.
  Judgement operator()(const TestSuite&) const {
    return {Verdict::kFarmError, "test_suite is not judged here", {}};
  }
  Judgement operator()(const Notebook&) const {
    return {Verdict::kFarmError, "notebook is not judged here", {}};
  }
};

}  // namespace

Judgement judge_case(const Evaluation& evaluation, std::size_t index,
                     const sandbox::RunOutcome& outcome, const Classification& classification,
                     std::string_view token) {
  return std::visit(CaseJudge{index, outcome, classification, token}, evaluation);
}

}  // namespace farm::evaluate
