#include "grader/evaluate/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::killed;
using sandbox::Ending;
using sandbox::Limits;
using sandbox::RunOutcome;
using ::testing::HasSubstr;

Limits one_second() {
  Limits limits;
  limits.cpu = Milliseconds(1000);
  limits.wall = Milliseconds(2000);
  limits.output = Bytes{100};
  return limits;
}

TEST(Classify, AnExitWithZeroWithinTheLimitsRan) {
  RunOutcome outcome = exited(0, "out");
  outcome.cpu = Milliseconds(1000);
  outcome.wall = Milliseconds(2000);

  const Classification found = classify(outcome, one_second());

  EXPECT_EQ(found.verdict, Verdict::kAccepted);
  EXPECT_FALSE(found.confirm);
  EXPECT_EQ(found.message, "");
}

TEST(Classify, AnExitStatusOrSignalIsARuntimeError) {
  EXPECT_EQ(classify(exited(3), one_second()).verdict, Verdict::kRuntimeError);

  RunOutcome crashed = exited(0);
  crashed.exit_code.reset();
  crashed.signal = 11;
  EXPECT_EQ(classify(crashed, one_second()).verdict, Verdict::kRuntimeError);
  EXPECT_THAT(classify(crashed, one_second()).message, HasSubstr("signal 11 (Segmentation fault)"));
}

TEST(Classify, TheMessageHasTheLastLineOfStderr) {
  EXPECT_EQ(classify(exited(1, "", "Traceback\n  …\nValueError: x\n\n"), one_second()).message,
            "exit code 1: \"ValueError: x\"");
}

TEST(Classify, KilledAtATimeLimitIsClearAndBetweenTheLimitAndItsMarginIsNot) {
  for (const Ending ending : {Ending::kCpuLimit, Ending::kWallLimit}) {
    const Classification clear = classify(killed(ending), one_second());
    EXPECT_EQ(clear.verdict, Verdict::kTimeLimit);
    EXPECT_FALSE(clear.confirm);
  }

  RunOutcome late = exited(0);
  late.wall = Milliseconds(2001);
  const Classification close = classify(late, one_second());
  EXPECT_EQ(close.verdict, Verdict::kTimeLimit);
  EXPECT_TRUE(close.confirm);
}

TEST(Classify, TimeLimitOnAHostWithoutMemoryIsConfirmed) {
  RunOutcome outcome = killed(Ending::kCpuLimit);
  outcome.host_short_of_memory = true;

  const Classification found = classify(outcome, one_second());

  EXPECT_EQ(found.verdict, Verdict::kTimeLimit);
  EXPECT_TRUE(found.confirm);
}

TEST(Classify, WallLimitOnAContendedHostIsConfirmedAndACpuLimitIsNot) {
  RunOutcome slow = killed(Ending::kWallLimit);
  slow.host_contended = true;
  RunOutcome busy = killed(Ending::kCpuLimit);
  busy.host_contended = true;

  EXPECT_EQ(classify(slow, one_second()).verdict, Verdict::kTimeLimit);
  EXPECT_TRUE(classify(slow, one_second()).confirm);
  EXPECT_FALSE(classify(busy, one_second()).confirm);
}

TEST(Classify, ARunBelowItsCpuLimitByWhatItWasForgivenIsConfirmed) {
  RunOutcome outcome;
  outcome.exit_code = 0;
  outcome.cpu = Milliseconds(900);
  EXPECT_FALSE(classify(outcome, one_second()).confirm);

  outcome.forgiven = Milliseconds(300);

  EXPECT_EQ(classify(outcome, one_second()).verdict, Verdict::kAccepted);
  EXPECT_TRUE(classify(outcome, one_second()).confirm);
}

TEST(Classify, OutOfMemoryComesBeforeTheSignalThatItCaused) {
  RunOutcome outcome = killed(Ending::kByItself);
  outcome.out_of_memory = true;
  outcome.cpu = Milliseconds(5000);

  const Classification found = classify(outcome, one_second());

  EXPECT_EQ(found.verdict, Verdict::kMemoryLimit);
  EXPECT_TRUE(found.confirm);
}

TEST(Classify, TooMuchOutputIsAnOutputLimitAlsoWhereTheProgramEndedFirst) {
  EXPECT_EQ(classify(killed(Ending::kOutputLimit), one_second()).verdict, Verdict::kOutputLimit);

  RunOutcome flood = exited(1, std::string(100, 'x'));
  flood.stdout_total = 101;
  EXPECT_EQ(classify(flood, one_second()).verdict, Verdict::kOutputLimit);
}

TEST(Classify, StarvationIsTheFarmsFaultWhateverElseHappened) {
  RunOutcome outcome = killed(Ending::kStarved);
  outcome.out_of_memory = true;
  outcome.cpu = Milliseconds(5000);

  EXPECT_EQ(classify(outcome, one_second()).verdict, Verdict::kFarmError);
}

TEST(Classify, ACancelledRunIsNotASubmissionsFailure) {
  EXPECT_EQ(classify(killed(Ending::kCancelled), one_second()).verdict, Verdict::kCancelled);
}

}  // namespace
}  // namespace farm::evaluate
