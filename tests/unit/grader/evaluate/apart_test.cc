// How a tester's report and two outcomes become a verdict, and when a pair is run again.
#include "grader/evaluate/apart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/requests.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::FakeSandbox;
using farm::testing::killed;
using farm::testing::paired;
using sandbox::Ending;
using sandbox::PairOutcome;
using sandbox::RunOutcome;
using sandbox::RunSpec;
using ::testing::HasSubstr;
using ::testing::StartsWith;

EvaluationRequest assert_request() {
  EvaluationRequest request =
      request_of("python", "…", assert_tests("assert add(1, 2) == 3", "add"));
  request.limits.run_wall = Milliseconds(1000);
  request.limits.run_cpu = Milliseconds(1000);
  return request;
}

// The verdict where every pair ends like this; TOKEN in `said` stands for the run's own.
EvaluationResult result_of(const PairOutcome& outcome) {
  FakeSandbox sandbox;
  const auto answer = [outcome](const RunSpec&, const RunSpec& tester) -> Expected<PairOutcome> {
    PairOutcome own = outcome;
    std::string& said = own.tester.channel_bytes;
    if (const std::size_t at = said.find("TOKEN"); at != std::string::npos)
      said.replace(at, 5, tester.channel_input.substr(0, tester.channel_input.find('\n')));
    return own;
  };
  for (int i = 0; i < 3; ++i) sandbox.then_pair(answer);
  return evaluate(assert_request(), tools_with(sandbox));
}

std::string verdict_of(const PairOutcome& outcome) {
  return std::string(word(result_of(outcome).verdict));
}

constexpr const char* kPassed = "asked\nthought 5\npassed TOKEN\n";

TEST(Apart, OnlyTheTokenOfThisRunPasses) {
  EXPECT_EQ(verdict_of(paired(kPassed)), "accepted");
  EXPECT_EQ(result_of(paired(kPassed)).integrity, Integrity::kIsolated);
  EXPECT_EQ(verdict_of(paired("asked\npassed 0123456789abcdef\n")), "runtime_error");
  EXPECT_EQ(verdict_of(paired("asked\npassed TOKEN")), "runtime_error");
  EXPECT_EQ(verdict_of(paired("asked\n")), "runtime_error");
}

TEST(Apart, TheSubmissionsExitDecidesNothing) {
  EXPECT_EQ(verdict_of(paired(kPassed, exited(3))), "accepted");
  EXPECT_EQ(verdict_of(paired(kPassed, killed(Ending::kDismissed))), "accepted");
  EXPECT_EQ(verdict_of(paired("asked\nassertion\n", exited(0))), "wrong_answer");
  EXPECT_EQ(verdict_of(paired("asked\nexception\n", exited(0))), "runtime_error");
  EXPECT_EQ(verdict_of(paired("asked\ngone ended\n", exited(0))), "runtime_error");
}

TEST(Apart, TheSubmissionsLimitsCountWhateverTheTesterSays) {
  RunOutcome slow = exited(0);
  slow.cpu = Milliseconds(1100);
  EXPECT_EQ(verdict_of(paired(kPassed, slow)), "time_limit");
  EXPECT_EQ(result_of(paired(kPassed, slow)).cases[0].attempts, 2);
  RunOutcome large = killed(Ending::kByItself);
  large.out_of_memory = true;
  EXPECT_EQ(verdict_of(paired("asked\ngone ended\n", large)), "memory_limit");
  EXPECT_EQ(verdict_of(paired("asked\ngone ended\n", killed(Ending::kWallLimit))), "time_limit");
  EXPECT_EQ(verdict_of(paired("asked\ngone ended\n", killed(Ending::kOutputLimit))),
            "output_limit");
}

TEST(Apart, ATesterThatDiesAfterItHasAskedIsTheSubmissionsDoing) {
  RunOutcome large = killed(Ending::kByItself);
  large.out_of_memory = true;
  EXPECT_EQ(verdict_of(paired("asked\n", exited(0), large)), "memory_limit");
  EXPECT_EQ(verdict_of(paired("asked\n", exited(0), killed(Ending::kCpuLimit))), "time_limit");
  EXPECT_EQ(verdict_of(paired("asked\n", exited(0), killed(Ending::kWallLimit))), "time_limit");
  EXPECT_EQ(verdict_of(paired("asked\n", exited(0), exited(139))), "runtime_error");
  EXPECT_EQ(verdict_of(paired("asked\n", exited(0), exited(0))), "runtime_error");
}

TEST(Apart, ATesterThatFailsBeforeItAsksIsTheRequestsFault) {
  const EvaluationResult result =
      result_of(paired("exception\n", exited(0), exited(0, "", "NameError: name 'y'\n")));
  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_EQ(result.message,
            "/evaluation/tests: they fail before they call the submission: NameError: name 'y'");
  EXPECT_EQ(verdict_of(paired("", exited(0), killed(Ending::kCpuLimit))), "rejected");
  EXPECT_EQ(verdict_of(paired("broken SyntaxError: x\n")), "rejected");
  EXPECT_EQ(verdict_of(paired("misfit\n", killed(Ending::kCancelled))), "cancelled");
}

TEST(Apart, TimeThatTheTesterThoughtIsNotTheSubmissions) {
  RunOutcome patient = exited(0);
  patient.wall = Milliseconds(1500);

  const EvaluationResult result =
      result_of(paired("asked\nthought 700000\npassed TOKEN\n", patient));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.cases[0].wall, Milliseconds(800));
}

TEST(Apart, ASubmissionThatItsTesterKeptTooLongIsRunAgainWithMoreTime) {
  FakeSandbox sandbox;
  RunOutcome cut = killed(Ending::kWallLimit);
  cut.wall = Milliseconds(1200);
  sandbox.then_pair(paired("asked\nthought 900000\ngone ended\n", cut));
  sandbox.then_pair([](const RunSpec&, const RunSpec& tester) -> Expected<PairOutcome> {
    RunOutcome whole = exited(0);
    whole.wall = Milliseconds(5000);
    return paired("asked\nthought 4800000\npassed " +
                      tester.channel_input.substr(0, tester.channel_input.find('\n')) + "\n",
                  whole);
  });

  const EvaluationResult result = evaluate(assert_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.cases[0].attempts, 2);
  EXPECT_GT(sandbox.pairs().at(1).first.limits.wall, sandbox.pairs().at(0).first.limits.wall);
}

TEST(Apart, AStarvedTesterIsTriedAgainAndNotJudged) {
  FakeSandbox sandbox;
  sandbox.then_pair(paired("asked\n", exited(0), killed(Ending::kStarved)));
  sandbox.then_pair(paired("asked\nassertion\n"));

  const EvaluationResult result = evaluate(assert_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(result.cases[0].attempts, 2);
}

TEST(Apart, WhatTheTestsSayOfAFailureFollowsWhatTheSubmissionPrinted) {
  const EvaluationResult result =
      result_of(paired("asked\nassertion\n", exited(0, "out", "mine\n"),
                       exited(0, "", "Traceback …\nAssertionError: sum\n")));

  EXPECT_EQ(result.message, "an assertion failed: AssertionError: sum");
  EXPECT_EQ(result.cases[0].stdout_bytes, "out");
  EXPECT_EQ(result.cases[0].stderr_bytes, "mine\nTraceback …\nAssertionError: sum\n");
}

}  // namespace
}  // namespace farm::evaluate
