#include "grader/kafka/suspects.h"

#include <gtest/gtest.h>

#include <random>

namespace farm::kafka {
namespace {

constexpr std::int64_t kMark = 1'000;

TEST(Suspects, NobodyIsSuspectedOfWhatWasGivenUpInOrder) {
  EXPECT_EQ(Suspects().crashes(0), 0);
  EXPECT_EQ(Suspects(kMark, "").crashes(kMark), 0);
  const Suspects next(kMark, "1:AAEC" + Suspects().text(kMark, kMark + 10, false));
  EXPECT_EQ(next.crashes(kMark), 0);
  EXPECT_FALSE(next.any_from(kMark));
}

TEST(Suspects, AllThatTheDeadMayHaveStartedIsSuspected) {
  const Suspects next(kMark, Suspects().text(kMark, kMark + 10, true));

  EXPECT_EQ(next.crashes(kMark), 1);
  EXPECT_EQ(next.crashes(kMark + 10 + Suspects::kStartWindow - 1), 1);
  EXPECT_EQ(next.crashes(kMark + 10 + Suspects::kStartWindow), 0);
}

TEST(Suspects, WhatWasPublishedAfterTheTakeOverIsAboveSuspicion) {
  Suspects next(kMark, Suspects().text(kMark, kMark + 10, true));
  next.end_at(kMark + 12);

  EXPECT_EQ(next.crashes(kMark + 11), 1);
  EXPECT_EQ(next.crashes(kMark + 12), 0);
  const Suspects heir(kMark, next.text(kMark, kMark, false));
  EXPECT_EQ(heir.crashes(kMark + 11), 1);
  EXPECT_EQ(heir.crashes(kMark + 12), 0);
}

TEST(Suspects, TheEndOfALogMakesNobodySuspect) {
  Suspects nobody;
  nobody.end_at(kMark);
  EXPECT_FALSE(nobody.any_from(0));
}

TEST(Suspects, ADeathBeforeTheFirstStartWasSaidLeavesSuspects) {
  const Suspects next(kMark, Suspects().text(kMark, kMark, true));

  EXPECT_EQ(next.crashes(kMark), 1);
}

TEST(Suspects, TheOneThatWasTriedAloneHasMetTwoDeaths) {
  Suspects second(kMark, Suspects().text(kMark, kMark + 10, true));
  second.begin(kMark + 3);

  const Suspects third(kMark, second.text(kMark, kMark + 4, true));

  EXPECT_EQ(third.crashes(kMark + 3), 2);
  EXPECT_EQ(third.crashes(kMark + 2), 1);
  EXPECT_EQ(third.crashes(kMark + 5), 1);
}

TEST(Suspects, WhatWasDoneOrGivenUpAliveIsNotHeldAgainstIt) {
  Suspects second(kMark, Suspects().text(kMark, kMark + 10, true));
  second.begin(kMark + 3);
  second.done(kMark + 3);
  second.begin(kMark + 5);
  second.forget_attempt(kMark + 5);

  const Suspects third(kMark, second.text(kMark, kMark + 6, true));

  EXPECT_EQ(third.crashes(kMark + 3), 1);
  EXPECT_EQ(third.crashes(kMark + 5), 1);
}

TEST(Suspects, AnOrderlyLeaveHandsOnWhatWasNotTriedYet) {
  Suspects second(kMark, Suspects().text(kMark, kMark + 10, true));
  const std::int64_t mark = kMark + 5;

  const Suspects third(mark, second.text(mark, mark + 1, false));

  EXPECT_EQ(third.crashes(kMark + 10 + Suspects::kStartWindow - 1), 1);
  EXPECT_EQ(third.crashes(kMark + 10 + Suspects::kStartWindow), 0);
}

TEST(Suspects, TheTextIsBoundedAndLeavesTheDoneMapAsItIs) {
  Suspects many(kMark, Suspects().text(kMark, kMark + 2'000, true));
  for (int i = 0; i < 100; ++i) many.begin(kMark + 20 * i);
  const std::string text = many.text(kMark, kMark + 2'000, true);

  EXPECT_LE(text.size(), Suspects::kMaxTextBytes);
  EXPECT_EQ(Suspects::done_map_of("1:AAEC" + text), "1:AAEC");
  EXPECT_EQ(Suspects::done_map_of("1:AAEC"), "1:AAEC");
  EXPECT_EQ(Suspects::done_map_of(text), "");
  EXPECT_EQ(Suspects(kMark, text).crashes(kMark), 2);
}

TEST(Suspects, ADamagedTextSuspectsNobody) {
  for (const char* text : {";s:", ";s:A", ";s:AQ", ";s:!!!!", "s:AQAA", ";s:gICAgICAgICAgIA"})
    EXPECT_EQ(Suspects(kMark, text).crashes(kMark), 0) << text;
  EXPECT_EQ(Suspects(-1, Suspects().text(0, 5, true)).crashes(0), 0);
}

TEST(Suspects, NoTextIsTooStrangeToBeRead) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = ";s:";
    for (int i = static_cast<int>(random() % 40); i > 0; --i) text += "ABCDgw/9"[random() % 8];
    const Suspects suspects(kMark, text);
    const int crashes = suspects.crashes(kMark);
    EXPECT_TRUE(crashes >= 0 && crashes <= 2);
    EXPECT_LE(suspects.text(kMark, kMark, true).size(), 200U);
  }
}

}  // namespace
}  // namespace farm::kafka
