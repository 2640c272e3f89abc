// policy.case_isolation: shared. First what becomes of the turns, then with the real interpreter.
#include "grader/evaluate/shared_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/plain_evaluation.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::FakeSandbox;
using farm::testing::killed;
using sandbox::Ending;
using sandbox::RunOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Cases f(0) == 0, f(1) == 1, …
EvaluationRequest shared_request(int cases, bool run_all, const std::string& code = "…") {
  FunctionCall evaluation;
  evaluation.entry_point = "f";
  for (int i = 0; i < cases; ++i) evaluation.cases.push_back({{integer(i)}, {}, integer(i)});
  EvaluationRequest request = request_of("python", code, evaluation);
  request.policy.case_isolation = CaseIsolation::kShared;
  request.policy.run_all_cases = run_all;
  request.limits.run_cpu = Milliseconds(1000);
  return request;
}

RunOutcome answer(std::string value) {
  RunOutcome outcome = exited(0);
  outcome.channel_bytes = std::move(value);
  return outcome;
}

std::vector<std::string> verdicts(const EvaluationResult& result) {
  std::vector<std::string> words;
  for (const CaseResult& one : result.cases) words.emplace_back(word(one.verdict));
  return words;
}

TEST(SharedCases, AreHandedToOneProcessOneAtATime) {
  FakeSandbox sandbox;
  sandbox.then_turns({answer("0"), answer("1"), answer("2")}, exited(0));

  const EvaluationResult result = evaluate(shared_request(3, false), tools_with(sandbox));

  EXPECT_EQ(told(result), "accepted");
  EXPECT_EQ(result.integrity, Integrity::kIsolated);
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_THAT(sandbox.specs(), SizeIs(1));
  EXPECT_EQ(sandbox.specs()[0].turns, 3);
  EXPECT_THAT(sandbox.specs()[0].channel_input, Not(HasSubstr("args")));
  EXPECT_THAT(sandbox.told(), ElementsAre(SizeIs(3)));
}

TEST(SharedCases, AfterAFailureNoFurtherCaseIsHandedOver) {
  FakeSandbox sandbox;
  sandbox.then_turns({answer("0"), answer("7"), answer("2")}, exited(0));

  const EvaluationResult result = evaluate(shared_request(3, false), tools_with(sandbox));

  EXPECT_THAT(verdicts(result), ElementsAre("accepted", "wrong_answer", "not_run"));
  EXPECT_THAT(sandbox.told(), ElementsAre(SizeIs(2)));
}

TEST(SharedCases, ACaseThatEndsTheProcessIsJudgedByThatAndTheRestHaveAFreshOne) {
  FakeSandbox sandbox;
  sandbox.then_turns({answer("0")}, exited(139));
  sandbox.then_turns({}, killed(Ending::kCpuLimit));
  sandbox.then_turns({answer("3")}, exited(0));

  const EvaluationResult result = evaluate(shared_request(4, true), tools_with(sandbox));

  EXPECT_THAT(verdicts(result), ElementsAre("accepted", "runtime_error", "time_limit", "accepted"));
  EXPECT_THAT(sandbox.told(), ElementsAre(SizeIs(2), SizeIs(1), SizeIs(1)));
}

TEST(SharedCases, AnExceptionFailsItsCaseAndTheProcessGoesOn) {
  FakeSandbox sandbox;
  RunOutcome raised = answer("");
  raised.stderr_bytes = "ValueError: no\n";
  sandbox.then_turns({raised, answer("1")}, exited(0));

  const EvaluationResult result = evaluate(shared_request(2, true), tools_with(sandbox));

  EXPECT_THAT(verdicts(result), ElementsAre("runtime_error", "accepted"));
  EXPECT_THAT(result.cases[0].message, HasSubstr("ValueError: no"));
}

TEST(SharedCases, ATimeLimitThatWasMetCloselyIsConfirmedFromTheFirstCaseOn) {
  FakeSandbox sandbox;
  RunOutcome slow = answer("1");
  slow.cpu = Milliseconds(1100);
  sandbox.then_turns({answer("0"), slow, answer("2")}, exited(0));
  sandbox.then_turns({answer("0"), answer("1"), answer("2")}, exited(0));

  const EvaluationResult result = evaluate(shared_request(3, false), tools_with(sandbox));

  EXPECT_THAT(verdicts(result), ElementsAre("accepted", "accepted", "accepted"));
  EXPECT_EQ(result.cases[1].attempts, 2);
  EXPECT_THAT(sandbox.told(), ElementsAre(SizeIs(2), SizeIs(3)));
}

TEST(SharedCases, AStarvedRunIsTriedAgainAndNotJudged) {
  FakeSandbox sandbox;
  sandbox.then_turns({answer("0")}, killed(Ending::kStarved));
  sandbox.then_turns({answer("0"), answer("1")}, exited(0));

  EXPECT_EQ(told(evaluate(shared_request(2, false), tools_with(sandbox))), "accepted");
}

TEST(SharedCases, OtherLanguagesHaveAProcessForEachCaseAndSaySo) {
  EvaluationRequest request = request_of("cpp", "x", add_cases({{{}, integer(1)}}));
  request.policy.case_isolation = CaseIsolation::kShared;

  const Plan plan = make_plan(request, settings()).value();

  EXPECT_FALSE(plan.shared);
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("/policy/case_isolation")));
}

// ---- with the real interpreter

TEST(SharedCases, StateLastsFromCaseToCase) {
  const std::string code = "n = -1\ndef f(x):\n  global n\n  n += 1\n  return n\n";

  EXPECT_EQ(told(evaluate_plainly(shared_request(3, false, code))), "accepted");
}

TEST(SharedCases, ACrashAndAnExitJudgeTheirCasesOnly) {
  const std::string code =
      "import os\ndef f(x):\n"
      "  if x == 1:\n    os.abort()\n"
      "  if x == 2:\n    os._exit(0)\n"
      "  if x == 3:\n    raise ValueError('no')\n"
      "  if x == 4:\n    exit(0)\n"
      "  return x\n";

  const EvaluationResult result = evaluate_plainly(shared_request(6, true, code));

  EXPECT_THAT(verdicts(result), ElementsAre("accepted", "runtime_error", "runtime_error",
                                            "runtime_error", "runtime_error", "accepted"));
  EXPECT_EQ(result.cases[2].message, "ended without returning a value");
}

TEST(SharedCases, AProgramThatCannotBeLoadedFailsTheFirstCase) {
  const EvaluationResult result = evaluate_plainly(shared_request(2, false, "def f(x:\n"));

  EXPECT_THAT(verdicts(result), ElementsAre("runtime_error", "not_run"));
  EXPECT_THAT(result.message, HasSubstr("SyntaxError"));
}

TEST(SharedCases, ALyingObjectIsNoBetterOffHere) {
  const std::string code =
      "class L(int):\n  __eq__ = lambda a, b: True\ndef f(x):\n  return L(7)\n";

  EXPECT_THAT(told(evaluate_plainly(shared_request(2, false, code))), StartsWith("wrong_answer"));
}

}  // namespace
}  // namespace farm::evaluate
