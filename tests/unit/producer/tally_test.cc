#include "producer/command/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::command {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Tally tally_of(int accepted, int wrong, int rejected, int farm) {
  Tally tally;
  for (int i = 0; i < accepted; ++i) tally.count(Verdict::kAccepted);
  for (int i = 0; i < wrong; ++i) tally.count(Verdict::kWrongAnswer);
  for (int i = 0; i < rejected; ++i) tally.count(Verdict::kRejected);
  for (int i = 0; i < farm; ++i) tally.count(Verdict::kFarmError);
  return tally;
}

TEST(Tally, MaskedAreThoseThatSayNothingAboutTheSubmission) {
  const Tally tally = tally_of(5, 3, 2, 1);

  EXPECT_EQ(tally.total(), 11);
  EXPECT_EQ(tally.masked(), 3);
}

TEST(ExpectedTotal, IsExactOnceTheInputEnded) {
  EXPECT_EQ(
      expected_total({.lines_read = 7, .bytes_read = 10, .input_bytes = 999, .input_ended = true}),
      7);
}

TEST(ExpectedTotal, IsExtrapolatedFromTheBytesOfAFile) {
  EXPECT_EQ(expected_total({.lines_read = 10, .bytes_read = 100, .input_bytes = 1000}), 100);
}

TEST(ExpectedTotal, OfAPipeIsUnknown) {
  EXPECT_FALSE(expected_total({.lines_read = 10, .bytes_read = 100}));
}

TEST(ExpectedTotal, IsNeverLessThanWhatWasRead) {
  EXPECT_EQ(expected_total({.lines_read = 10, .bytes_read = 100, .input_bytes = 1}), 10);
}

TEST(ProgressLine, ShowsShareRateAndTimeLeft) {
  const Progress progress = {.lines_read = 20,
                             .bytes_read = 1,
                             .input_bytes = 1,
                             .input_ended = true,
                             .elapsed = Milliseconds{2000}};

  EXPECT_EQ(progress_line(progress, tally_of(8, 2, 0, 0), 200),
            "[##########----------]  50 %  10 of 20  5.0/s  ETA 2 s  accepted 8  wrong_answer 2");
}

TEST(ProgressLine, SaysWhenTheTotalIsAGuess) {
  const Progress progress = {
      .lines_read = 10, .bytes_read = 100, .input_bytes = 1000, .elapsed = Milliseconds{1000}};

  EXPECT_THAT(progress_line(progress, tally_of(1, 0, 0, 0), 200), HasSubstr("1 of ~100"));
}

TEST(ProgressLine, OfAPipeHasNeitherBarNorTimeLeft) {
  const Progress progress = {.lines_read = 10, .bytes_read = 100, .elapsed = Milliseconds{1000}};

  const std::string line = progress_line(progress, tally_of(4, 0, 0, 0), 200);

  EXPECT_THAT(line, StartsWith("4 answered, 6 under way  4.0/s"));
  EXPECT_THAT(line, Not(HasSubstr("ETA")));
}

TEST(ProgressLine, NeverExceedsTheTerminal) {
  const Progress progress = {
      .lines_read = 20, .bytes_read = 1, .input_ended = true, .elapsed = Milliseconds{1}};

  EXPECT_EQ(progress_line(progress, tally_of(1, 1, 1, 1), 30).size(), 30U);
}

TEST(ProgressLine, BeforeTheFirstAnswerHasNoTimeLeft) {
  const Progress progress = {.lines_read = 3, .bytes_read = 1, .input_ended = true};

  EXPECT_EQ(progress_line(progress, Tally(), 200), "[--------------------]   0 %  0 of 3  0.0/s");
}

TEST(SummaryTable, HasARowForEachVerdictThatOccurred) {
  EXPECT_EQ(summary_table(tally_of(6, 2, 1, 1), 0, Milliseconds{4000}),
            "verdict              count   share\n"
            "accepted                 6    60.0 %\n"
            "wrong_answer             2    20.0 %\n"
            "rejected                 1    10.0 %\n"
            "farm_error               1    10.0 %\n"
            "total                   10   100.0 %\n"
            "masked                   2    20.0 %  (rejected, expired, cancelled, farm_error)\n"
            "seconds                4.0  (2.5 results a second)\n");
}

TEST(SummaryTable, TellsWhatNobodyAnswered) {
  EXPECT_THAT(summary_table(tally_of(1, 0, 0, 0), 3, Milliseconds{1}),
              HasSubstr("unanswered               3\n"));
}

TEST(SummaryTable, OfNothingDividesByNothing) {
  EXPECT_THAT(summary_table(Tally(), 0, Milliseconds{0}),
              HasSubstr("total                    0     0.0 %"));
}

TEST(DurationText, UsesTheTwoLargestUnits) {
  EXPECT_EQ(duration_text(Milliseconds{350}), "350 ms");
  EXPECT_EQ(duration_text(Milliseconds{12'900}), "12 s");
  EXPECT_EQ(duration_text(Milliseconds{200'000}), "3 min 20 s");
  EXPECT_EQ(duration_text(Milliseconds{7'500'000}), "2 h 5 min");
}

}  // namespace
}  // namespace farm::command
