// What runs is killed when somebody says so.

#include <gtest/gtest.h>

#include <thread>

#include "grader/os/files.h"
#include "tests/sandbox/sandbox_fixture.h"

namespace farm::sandbox {
namespace {

class StopTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: sandbox tests need root";
    start(Isolation::kFull);
    stop_ = std::move(os::make_event_fd()).value();
    sandbox_->stop_when_readable(stop_.get());
  }
  // Of a tree of sleepers that nothing else would end for a long time.
  static RunSpec endless() {
    RunSpec spec = shell("setsid sleep 3600 & sleep 3600 & sleep 3600");
    spec.limits.wall = Milliseconds(3'000'000);
    return spec;
  }
  // While the programs run, as a rule; it holds as well if they have not begun.
  std::jthread stop_soon() {
    return std::jthread([this] {
      std::this_thread::sleep_for(Milliseconds(300));
      os::signal_event(stop_.get());
    });
  }
  void expect_the_next_run_is_untouched() {
    sandbox_->stop_when_readable(-1);
    expect_slot_is_clean();
  }

  os::UniqueFd stop_;
};

TEST_F(StopTest, AWholeTreeIsKilledAndTheSlotIsAsNew) {
  const std::jthread stopper = stop_soon();

  EXPECT_EQ(run(endless()).ending, Ending::kCancelled);

  expect_the_next_run_is_untouched();
}

TEST_F(StopTest, WhatBeginsAfterwardsIsKilledToo) {
  os::signal_event(stop_.get());

  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(endless()).ending, Ending::kCancelled);

  expect_the_next_run_is_untouched();
}

TEST_F(StopTest, BothProgramsOfAPairAreKilled) {
  const std::jthread stopper = stop_soon();

  const Expected<PairOutcome> outcome = sandbox_->run_pair(endless(), endless());

  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->submission.ending, Ending::kCancelled);
  EXPECT_EQ(outcome->tester.ending, Ending::kCancelled);
  expect_the_next_run_is_untouched();
}

class OneTurn final : public TurnTaker {
 public:
  std::optional<std::string> next() override { return "go on"; }
  void answered(RunOutcome) override { ADD_FAILURE() << "nobody answers"; }
};

TEST_F(StopTest, ATurnThatIsNotAnsweredIsKilled) {
  const std::jthread stopper = stop_soon();
  OneTurn turns;

  const Expected<RunOutcome> outcome = sandbox_->run_turns(endless(), turns);

  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->ending, Ending::kCancelled);
  expect_the_next_run_is_untouched();
}

}  // namespace
}  // namespace farm::sandbox
