#include "grader/kafka/start_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace farm::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kMark = 1'000;
constexpr ProcessId kFirst = 0x7123'4567'89AB'CDEF;
constexpr ProcessId kSecond = 2;
constexpr ProcessId kThird = 3;

// What `process` says when it has started these and ended.
std::string started_by(ProcessId process, std::initializer_list<std::int64_t> offsets) {
  StartMarks marks(process);
  for (const std::int64_t offset : offsets) marks.begin(offset);
  return marks.text(kMark, false);
}

TEST(StartMarks, WithoutATextNobodyStartedAnything) {
  EXPECT_EQ(StartMarks().size(), 0U);
  EXPECT_EQ(StartMarks(kFirst).text(kMark, false), "");
  EXPECT_EQ(StartMarks(kSecond, kMark, "").size(), 0U);
  EXPECT_EQ(StartMarks(kSecond, kMark, "1:AAEC").size(), 0U);
}

TEST(StartMarks, WhatAnotherMayHaveStartedWaitsUntilItIsKnownWhatBecameOfIt) {
  StartMarks next(kSecond, kMark, "1:AAEC" + started_by(kFirst, {kMark, kMark + 7}));

  EXPECT_TRUE(next.waits(kMark));
  EXPECT_TRUE(next.waits(kMark + 7));
  EXPECT_FALSE(next.waits(kMark + 1)) << "nobody marked it";
  EXPECT_THAT(next.awaited(), ElementsAre(kFirst));
  EXPECT_EQ(next.crashes(kMark), 0);
}

TEST(StartMarks, ADeathIsMetByWhatWasMarkedAndByNothingElse) {
  StartMarks next(kSecond, kMark, started_by(kFirst, {kMark, kMark + 7}));

  EXPECT_TRUE(next.judge(kFirst, false));

  EXPECT_THAT(next.awaited(), IsEmpty());
  EXPECT_FALSE(next.waits(kMark));
  EXPECT_EQ(next.crashes(kMark), 1);
  EXPECT_EQ(next.crashes(kMark + 7), 1);
  EXPECT_EQ(next.crashes(kMark + 1), 0);
  EXPECT_EQ(next.crashes(kMark + 8), 0);
}

TEST(StartMarks, WhoLivesOnCastsNoSuspicion) {
  StartMarks next(kSecond, kMark, started_by(kFirst, {kMark}));

  EXPECT_TRUE(next.judge(kFirst, true));

  EXPECT_FALSE(next.contains(kMark));
  EXPECT_EQ(next.crashes(kMark), 0);
  EXPECT_FALSE(next.judge(kFirst, false)) << "it is judged already";
}

TEST(StartMarks, OnesOwnMarksAreNoDeath) {
  StartMarks again(kFirst, kMark, started_by(kFirst, {kMark}));

  EXPECT_THAT(again.awaited(), IsEmpty());
  EXPECT_FALSE(again.waits(kMark));
  EXPECT_EQ(again.crashes(kMark), 0);
}

TEST(StartMarks, AnOrderlyHandOverNamesNobodyAndKeepsTheDeaths) {
  StartMarks second(kSecond, kMark, started_by(kFirst, {kMark}));
  second.judge(kFirst, false);
  second.begin(kMark);
  second.begin(kMark + 1);
  EXPECT_TRUE(second.any_own());

  const StartMarks third(kThird, kMark, second.text(kMark, true));

  EXPECT_THAT(third.awaited(), IsEmpty());
  EXPECT_EQ(third.crashes(kMark), 1);
  EXPECT_FALSE(third.contains(kMark + 1));
}

TEST(StartMarks, TheSecondDeathIsCounted) {
  StartMarks second(kSecond, kMark, started_by(kFirst, {kMark, kMark + 1}));
  second.judge(kFirst, false);
  second.begin(kMark);
  StartMarks third(kThird, kMark, second.text(kMark, false));
  third.judge(kSecond, false);

  EXPECT_EQ(third.crashes(kMark), 2);
  EXPECT_EQ(third.crashes(kMark + 1), 1) << "it was not started again";
}

TEST(StartMarks, WhoeverComesBeforeTheFirstIsJudgedIsAskedForItToo) {
  const StartMarks second(kSecond, kMark, started_by(kFirst, {kMark}));
  StartMarks third(kThird, kMark, second.text(kMark, false));

  EXPECT_THAT(third.awaited(), ElementsAre(kFirst));
  third.judge(kSecond, false);
  EXPECT_TRUE(third.waits(kMark));
  EXPECT_EQ(third.crashes(kMark), 0);
}

TEST(StartMarks, WhatIsDoneOrNotInTheLogIsForgotten) {
  StartMarks marks(kFirst);
  for (std::int64_t offset = kMark; offset < kMark + 10; ++offset) marks.begin(offset);
  marks.done(kMark + 3);
  marks.skip(kMark + 5, kMark + 8);
  marks.skip(kMark + 9, kMark + 8);

  const StartMarks next(kSecond, kMark, marks.text(kMark, false));

  for (const std::int64_t gone : {3, 5, 6, 7}) EXPECT_FALSE(next.contains(kMark + gone)) << gone;
  EXPECT_EQ(next.size(), 6U);
}

TEST(StartMarks, AsManyAsMayBeStartedFitAndLeaveTheDoneMapAsItIs) {
  StartMarks marks(kFirst);
  for (std::size_t i = 0; i < StartMarks::kMaxMarks; ++i)
    marks.begin(kMark + 15 * static_cast<std::int64_t>(i));
  const std::string text = marks.text(kMark, false);

  EXPECT_LE(text.size(), StartMarks::kMaxTextBytes);
  EXPECT_EQ(StartMarks(kSecond, kMark, text).size(), StartMarks::kMaxMarks);
  EXPECT_EQ(StartMarks::done_map_of("1:AAEC" + text), "1:AAEC");
  EXPECT_EQ(StartMarks::done_map_of("1:AAEC"), "1:AAEC");
  EXPECT_EQ(StartMarks::done_map_of(text), "");
}

TEST(StartMarks, OfOffsetsFarApartTheFurthestAreLeftOut) {
  StartMarks marks(kFirst);
  for (std::size_t i = 0; i < StartMarks::kMaxMarks; ++i)
    marks.begin(kMark + (static_cast<std::int64_t>(i) << 50));
  const std::string text = marks.text(kMark, false);

  EXPECT_LE(text.size(), StartMarks::kMaxTextBytes);
  const StartMarks next(kSecond, kMark, text);
  EXPECT_GT(next.size(), 50U);
  EXPECT_TRUE(next.waits(kMark));
}

TEST(StartMarks, ADamagedTextIsNoText) {
  for (const char* text : {";m:", ";m:A", ";m:AQ", ";m:!!!!", "m:AAAA", ";m:CQ", ";m:AAAB/w"})
    EXPECT_EQ(StartMarks(kSecond, kMark, text).size(), 0U) << text;
  EXPECT_EQ(StartMarks(kSecond, -1, started_by(kFirst, {kMark})).size(), 0U);
}

TEST(StartMarks, NoTextIsTooStrangeToBeRead) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = ";m:";
    for (int i = static_cast<int>(random() % 40); i > 0; --i) text += "ABCDgw/9"[random() % 8];
    StartMarks marks(kSecond, kMark, text);
    for (const ProcessId process : marks.awaited()) {
      EXPECT_NE(process, kSecond);
      EXPECT_TRUE(marks.judge(process, false));
    }
    EXPECT_THAT(marks.awaited(), IsEmpty());
    EXPECT_LE(marks.text(kMark, false).size(), StartMarks::kMaxTextBytes);
  }
}

TEST(StartMarks, NoTwoProcessesHaveTheSameId) { EXPECT_NE(draw_process_id(), draw_process_id()); }

}  // namespace
}  // namespace farm::kafka
