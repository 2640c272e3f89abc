#include "grader/sandbox/stolen_time.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <ctime>

namespace farm::sandbox {
namespace {

// The names, and then user nice system idle iowait irq softirq steal guest guest_nice.
constexpr std::string_view kStat =
    "cpu  60 2 3 4 5 6 7 80 0 0\n"
    "cpu0 10 2 3 4 5 6 7 30 0 0\n"
    "cpu1 10 2 3 4 5 6 7 50 0 0\n"
    "cpu11 10 2 3 4 5 6 7 900 0 0\n"
    "intr 1 2 3 4 5 6 7 8 9\n";

Nanoseconds ticks(std::int64_t number) {
  return Nanoseconds(number * (1'000'000'000 / ::sysconf(_SC_CLK_TCK)));
}

TEST(StolenTime, IsTheEighthNumberOfTheCpusOwnLine) {
  EXPECT_EQ(parse_stolen(kStat, {0}), ticks(30));
  EXPECT_EQ(parse_stolen(kStat, {1}), ticks(50));
  EXPECT_EQ(parse_stolen(kStat, {11}), ticks(900));
}

TEST(StolenTime, OfSeveralCpusIsTheirAverage) { EXPECT_EQ(parse_stolen(kStat, {0, 1}), ticks(40)); }

TEST(StolenTime, WhatTheTextDoesNotTellCountsAsNone) {
  EXPECT_EQ(parse_stolen("", {0}), Nanoseconds(0));
  EXPECT_EQ(parse_stolen(kStat, {}), Nanoseconds(0));
  EXPECT_EQ(parse_stolen(kStat, {2}), Nanoseconds(0));
  EXPECT_EQ(parse_stolen("cpu  1\ncpu0 1 2 3\ncpu1 x\n", {0, 1}), Nanoseconds(0));
}

TEST(AheadOfTicks, OfAProcessThatIsGoneIsNothing) {
  EXPECT_EQ(ahead_of_ticks({0x3fffffff}), Nanoseconds(0));
}

TEST(AheadOfTicks, ShrinksBelowTheCpuTimeOnceATickHasMetTheProcessAtWork) {
  const auto used = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
  };
  const std::time_t end = std::time(nullptr) + 60;
  while (ahead_of_ticks({::getpid()}) >= used() && std::time(nullptr) < end) continue;

  EXPECT_LT(ahead_of_ticks({::getpid()}), used());
}

TEST(Miscounted, IsNoMoreThanWasStolenAndNoMoreThanTicksDidNotSee) {
  EXPECT_EQ(miscounted(Milliseconds(30), Milliseconds(500)), Milliseconds(30));
  EXPECT_EQ(miscounted(Milliseconds(500), Milliseconds(30)), Milliseconds(30));
  EXPECT_EQ(miscounted(Milliseconds(500), Milliseconds(-3)), Milliseconds(0));
  EXPECT_EQ(miscounted(Milliseconds(0), Milliseconds(500)), Milliseconds(0));
}

constexpr Nanoseconds kSecond = std::chrono::seconds(1);

TEST(LostToTheft, OfAProgramThatSleepsIsNoMoreThanASleepWasLate) {
  EXPECT_EQ(lost_to_theft(Milliseconds(700), Milliseconds(0), Nanoseconds(0), kSecond),
            Milliseconds(0));
  EXPECT_EQ(lost_to_theft(Milliseconds(700), Milliseconds(650), Nanoseconds(0), kSecond),
            Milliseconds(650));
}

TEST(LostToTheft, OfAProgramThatHadAllThatWasLeftOfTheCpuIsAllThatWasStolen) {
  EXPECT_EQ(lost_to_theft(Milliseconds(700), Milliseconds(0), Milliseconds(300), kSecond),
            Milliseconds(700));
  EXPECT_EQ(lost_to_theft(Milliseconds(700), Milliseconds(0), Milliseconds(150), kSecond),
            Milliseconds(350));
}

TEST(LostToTheft, IsNoMoreThanWasStolen) {
  EXPECT_EQ(lost_to_theft(Milliseconds(0), kSecond, kSecond, kSecond), Milliseconds(0));
  EXPECT_EQ(lost_to_theft(Milliseconds(40), kSecond, kSecond, kSecond), Milliseconds(40));
  EXPECT_EQ(lost_to_theft(2 * kSecond, kSecond, kSecond, kSecond), 2 * kSecond);
}

TEST(StoodStill, MeansThatHalfOfTheTimeWasLost) {
  EXPECT_TRUE(stood_still(Milliseconds(500), Milliseconds(1000)));
  EXPECT_FALSE(stood_still(Milliseconds(499), Milliseconds(1000)));
  EXPECT_FALSE(stood_still(Milliseconds(0), Milliseconds(1000)));
}

}  // namespace
}  // namespace farm::sandbox
