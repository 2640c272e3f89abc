#include "grader/service/deduplicator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace farm::service {
namespace {

using Kind = Deduplicator::Kind;

Waiting at_offset(std::int64_t offset) { return {{"t", 0, offset, 0}, {}}; }

TEST(Deduplicator, RepeatOfAnAnsweredRequestGetsTheSameAnswer) {
  Deduplicator deduplicator(mib(1));
  EXPECT_EQ(deduplicator.begin("run", "1", "hash", at_offset(0)).kind, Kind::kNew);
  EXPECT_TRUE(deduplicator.finish("run", "1", "answer", true).empty());

  const auto repeat = deduplicator.begin("run", "1", "hash", at_offset(1));

  EXPECT_EQ(repeat.kind, Kind::kAnswered);
  EXPECT_EQ(repeat.answer, "answer");
}

TEST(Deduplicator, RepeatWhileRunningWaitsForTheSameAnswer) {
  Deduplicator deduplicator(mib(1));
  (void)deduplicator.begin("run", "1", "hash", at_offset(0));

  EXPECT_EQ(deduplicator.begin("run", "1", "hash", at_offset(7)).kind, Kind::kRunning);
  const auto waiting = deduplicator.finish("run", "1", "answer", true);

  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].position.offset, 7);
}

TEST(Deduplicator, WhatIsLookedForAndNotKnownIsNotKept) {
  Deduplicator deduplicator(mib(1));
  EXPECT_EQ(deduplicator.find("run", "1", "hash", at_offset(0)).kind, Kind::kNew);
  EXPECT_EQ(deduplicator.begin("run", "1", "hash", at_offset(0)).kind, Kind::kNew);

  EXPECT_EQ(deduplicator.find("run", "1", "hash", at_offset(7)).kind, Kind::kRunning);
  EXPECT_EQ(deduplicator.finish("run", "1", "answer", true).size(), 1U);

  EXPECT_EQ(deduplicator.find("run", "1", "hash", at_offset(8)).answer, "answer");
}

TEST(Deduplicator, SameIdWithAnotherBodyIsAConflict) {
  Deduplicator deduplicator(mib(1));
  (void)deduplicator.begin("run", "1", "hash", at_offset(0));
  EXPECT_EQ(deduplicator.begin("run", "1", "other", at_offset(1)).kind, Kind::kConflict);

  (void)deduplicator.finish("run", "1", "answer", true);
  EXPECT_EQ(deduplicator.begin("run", "1", "other", at_offset(2)).kind, Kind::kConflict);
}

TEST(Deduplicator, IdsOfDifferentTrainersAreDifferent) {
  Deduplicator deduplicator(mib(1));
  (void)deduplicator.begin("a", "1", "hash", at_offset(0));

  EXPECT_EQ(deduplicator.begin("b", "1", "other", at_offset(1)).kind, Kind::kNew);
}

TEST(Deduplicator, AnswerThatIsNotFinalIsForgotten) {
  Deduplicator deduplicator(mib(1));
  (void)deduplicator.begin("run", "1", "hash", at_offset(0));
  (void)deduplicator.finish("run", "1", "farm_error", false);

  EXPECT_EQ(deduplicator.begin("run", "1", "hash", at_offset(1)).kind, Kind::kNew);
}

TEST(Deduplicator, OldestAnswersAreForgottenAtTheBound) {
  Deduplicator deduplicator(kib(10));
  for (int i = 0; i < 100; ++i) {
    (void)deduplicator.begin("run", std::to_string(i), "hash", at_offset(i));
    (void)deduplicator.finish("run", std::to_string(i), std::string(500, 'x'), true);
  }

  EXPECT_EQ(deduplicator.begin("run", "0", "hash", at_offset(0)).kind, Kind::kNew);
  EXPECT_EQ(deduplicator.begin("run", "99", "hash", at_offset(0)).kind, Kind::kAnswered);
}

TEST(Deduplicator, OneOfManyThreadsGradesARequest) {
  Deduplicator deduplicator(mib(1));
  std::atomic<int> graded{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const std::string id = std::to_string(i);
        // The others find it answered already, or become one of the waiting of whoever grades it.
        if (deduplicator.begin("run", id, "hash", at_offset(i)).kind == Kind::kNew) {
          ++graded;
          answered += 1 + static_cast<int>(deduplicator.finish("run", id, "answer", true).size());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(graded, 200);
  EXPECT_GE(answered, 200);
}

}  // namespace
}  // namespace farm::service
