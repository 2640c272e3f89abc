#include "grader/kafka/offset_tracker.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace farm::kafka {
namespace {

// Starts the offsets begin … end - 1.
OffsetTracker started(std::int64_t begin, std::int64_t end) {
  OffsetTracker tracker;
  for (auto offset = begin; offset < end; ++offset) EXPECT_TRUE(tracker.start(offset));
  return tracker;
}

TEST(OffsetTracker, NothingToCommitBeforeTheFirstStart) {
  const OffsetTracker tracker;

  EXPECT_FALSE(tracker.committable());
  EXPECT_FALSE(tracker.dirty());
  EXPECT_EQ(tracker.metadata(), "");
  EXPECT_EQ(tracker.span(), 0);
  EXPECT_TRUE(tracker.may_pull());
}

TEST(OffsetTracker, GapHoldsBackCommit) {
  auto tracker = started(10, 14);

  tracker.done(11);
  tracker.done(13);
  EXPECT_EQ(tracker.committable(), 10);
  EXPECT_EQ(tracker.done_above_mark(), 2u);
  tracker.done(10);

  EXPECT_EQ(tracker.committable(), 12);
  EXPECT_EQ(tracker.done_above_mark(), 1u);
  EXPECT_EQ(tracker.span(), 2);
}

TEST(OffsetTracker, StartingAloneIsNothingToCommit) { EXPECT_FALSE(started(0, 5).dirty()); }

TEST(OffsetTracker, DoneIsIdempotentAndOnlyNewsIsDirty) {
  auto tracker = started(0, 3);
  tracker.done(1);
  EXPECT_TRUE(tracker.dirty());
  tracker.mark_committed();

  tracker.done(1);
  EXPECT_FALSE(tracker.dirty());
  tracker.done(0);
  EXPECT_TRUE(tracker.dirty());
}

TEST(OffsetTracker, FailedCommitIsDirtyAgain) {
  auto tracker = started(0, 3);
  tracker.done(1);
  tracker.mark_committed();
  tracker.mark_dirty();

  EXPECT_TRUE(tracker.dirty());
}

TEST(OffsetTracker, OffsetThatWasNeverStartedCannotBeDone) {
  auto tracker = started(0, 3);

  tracker.done(3);
  tracker.done(1'000);

  EXPECT_EQ(tracker.done_above_mark(), 0u);
  EXPECT_TRUE(tracker.start(3));
}

TEST(OffsetTracker, NextOwnerSkipsExactlyWhatWasDone) {
  auto first = started(100, 110);
  for (const int offset : {100, 101, 103, 106, 107, 109}) first.done(offset);

  OffsetTracker second(first.committable(), first.metadata());

  EXPECT_EQ(second.committable(), 102);
  EXPECT_FALSE(second.dirty());
  std::vector<std::int64_t> again;
  for (std::int64_t offset = 102; offset < 112; ++offset) {
    if (second.start(offset)) again.push_back(offset);
  }
  EXPECT_EQ(again, (std::vector<std::int64_t>{102, 104, 105, 108, 110, 111}));
}

TEST(OffsetTracker, MarkPassesOverWhatAnEarlierOwnerHadDone) {
  auto first = started(0, 6);
  for (const int offset : {1, 2, 3}) first.done(offset);

  OffsetTracker second(first.committable(), first.metadata());
  EXPECT_TRUE(second.start(0));
  second.done(0);

  EXPECT_EQ(second.committable(), 4);
  EXPECT_EQ(second.span(), 0);
  EXPECT_FALSE(second.start(1));
  EXPECT_TRUE(second.start(4));
}

TEST(OffsetTracker, OffsetsThatDoNotExistCountAsDone) {
  auto tracker = started(0, 2);
  EXPECT_TRUE(tracker.start(5));  // 2, 3, 4: removed, or transaction markers

  tracker.done(0);
  tracker.done(1);

  EXPECT_EQ(tracker.committable(), 5);
}

TEST(OffsetTracker, RetentionBeyondTheCommittedOffsetMovesTheMark) {
  OffsetTracker tracker(100, "");

  EXPECT_TRUE(tracker.start(5'000'000));
  EXPECT_EQ(tracker.committable(), 5'000'000);
  EXPECT_TRUE(tracker.may_pull());
}

TEST(OffsetTracker, LogThatBeganAnewIsGradedAnew) {
  auto tracker = started(0, 50);
  for (int offset = 1; offset < 50; ++offset) tracker.done(offset);

  EXPECT_FALSE(tracker.rewinds(50));
  EXPECT_TRUE(tracker.rewinds(0));
  for (int offset = 0; offset < 60; ++offset) EXPECT_TRUE(tracker.start(offset)) << offset;

  EXPECT_EQ(tracker.committable(), 0);
  EXPECT_TRUE(tracker.dirty());
}

TEST(OffsetTracker, OffsetBelowTheCommittedOneIsALogThatBeganAnew) {
  OffsetTracker tracker(500, "");

  EXPECT_TRUE(tracker.rewinds(0));
  EXPECT_TRUE(tracker.start(0));
  EXPECT_EQ(tracker.committable(), 0);
}

TEST(OffsetTracker, SpanStopsPullingUntilTheOldestIsDone) {
  auto tracker = started(0, OffsetTracker::kMaxSpan - 1);
  EXPECT_TRUE(tracker.may_pull());
  tracker.start(OffsetTracker::kMaxSpan - 1);
  EXPECT_FALSE(tracker.may_pull());

  tracker.done(1);
  EXPECT_FALSE(tracker.may_pull());
  tracker.done(0);
  EXPECT_TRUE(tracker.may_pull());
}

TEST(OffsetTracker, MetadataOfAFullSpanFitsAndHoldsEverything) {
  auto tracker = started(0, OffsetTracker::kMaxSpan);
  for (std::int64_t offset = 1; offset < OffsetTracker::kMaxSpan; offset += 2) tracker.done(offset);

  const auto metadata = tracker.metadata();
  EXPECT_LE(metadata.size(), 2'700u);

  const OffsetTracker next(tracker.committable(), metadata);
  EXPECT_EQ(next.done_above_mark(), tracker.done_above_mark());
}

TEST(OffsetTracker, MetadataThatWouldNotFitLosesItsFurthestRunsOnly) {
  auto tracker = started(0, 20'000);
  for (std::int64_t offset = 1; offset < 20'000; offset += 2) tracker.done(offset);

  const auto metadata = tracker.metadata();
  EXPECT_LE(metadata.size(), OffsetTracker::kMaxMetadataBytes);

  OffsetTracker next(tracker.committable(), metadata);
  const auto kept = static_cast<std::int64_t>(next.done_above_mark());
  EXPECT_GT(kept, 1'100);
  for (std::int64_t offset = 0; offset < 20'000; ++offset) {
    const bool skipped = !next.start(offset);
    EXPECT_EQ(skipped, offset % 2 == 1 && offset < 2 * kept) << offset;
  }
}

TEST(OffsetTracker, MetadataIsStable) {
  auto tracker = started(10, 400);
  tracker.done(12);
  tracker.done(13);
  for (std::int64_t offset = 16; offset < 16 + 200; ++offset) tracker.done(offset);

  EXPECT_EQ(tracker.metadata(), "1:AgICyAE");  // gap 2, run 2, gap 2, run 200
}

TEST(OffsetTracker, UnreadableMetadataIsIgnoredAsAWhole) {
  for (const char* metadata : {"2:AgICyAE", "AgICyAE", "1", "1:AgICyA", "1:AgIC", "1:AgIC!AE",
                               "1:AgIAAQ", "1://////////9///////////9/", "1:AgIF//////////9/",
                               "1:A", "checkpoint of another program"}) {
    OffsetTracker tracker(10, metadata);
    EXPECT_EQ(tracker.committable(), 10) << metadata;
    EXPECT_EQ(tracker.done_above_mark(), 0u) << metadata;
    EXPECT_TRUE(tracker.start(12)) << metadata;
  }
}

TEST(OffsetTracker, RandomMetadataNeverMovesOrSkipsTheMark) {
  std::mt19937 random(20240611);
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=:";
  for (int round = 0; round < 20'000; ++round) {
    std::string metadata = "1:";
    const auto length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) metadata += digits[random() % digits.size()];
    OffsetTracker tracker(1'000, metadata);
    EXPECT_EQ(tracker.committable(), 1'000);
    // The first offset is what the mark says is not done.
    EXPECT_TRUE(tracker.start(1'000));
  }
}

// The naive model: a set of done offsets, and nothing clever.
class Model {
 public:
  explicit Model(std::int64_t begin) : mark_(begin) {}
  void done(std::int64_t offset) { done_.insert(offset); }
  std::int64_t mark() const {
    auto mark = mark_;
    while (done_.contains(mark)) ++mark;
    return mark;
  }
  bool is_done(std::int64_t offset) const { return done_.contains(offset); }

 private:
  std::int64_t mark_;
  std::set<std::int64_t> done_;
};

TEST(OffsetTracker, AgreesWithANaiveModelOverHandOvers) {
  std::mt19937 random(7);
  const auto up_to = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(bound));
  };
  for (int round = 0; round < 300; ++round) {
    const std::int64_t begin = up_to(1'000'000);
    Model model(begin);
    OffsetTracker tracker(begin, "");
    std::int64_t next = begin;
    std::vector<std::int64_t> running;
    for (int step = 0; step < 400; ++step) {
      const auto dice = up_to(100);
      if (dice < 50 && tracker.may_pull()) {
        const auto jump = up_to(20) == 0 ? up_to(5) : 0;  // offsets that do not exist
        for (std::int64_t i = 0; i < jump; ++i) model.done(next++);
        ASSERT_EQ(tracker.start(next), !model.is_done(next));
        if (!model.is_done(next)) running.push_back(next);
        ++next;
      } else if (dice < 97 && !running.empty()) {
        const auto pick = running.begin() + up_to(static_cast<std::int64_t>(running.size()));
        tracker.done(*pick);
        model.done(*pick);
        if (up_to(4) != 0) running.erase(pick);  // else it is reported once more some time
      } else if (dice == 99) {
        // Another owner goes on from what was committed; what was running is pulled again.
        tracker = OffsetTracker(tracker.committable(), tracker.metadata());
        running.clear();
        next = *tracker.committable();
      }
      ASSERT_EQ(tracker.committable(), model.mark());
      ASSERT_LE(tracker.metadata().size(), OffsetTracker::kMaxMetadataBytes);
      ASSERT_LE(tracker.span(), OffsetTracker::kMaxSpan + 5);
    }
  }
}

}  // namespace
}  // namespace farm::kafka
