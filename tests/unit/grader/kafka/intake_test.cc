#include "grader/kafka/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace farm::kafka {
namespace {

using ::testing::_;
using ::testing::Each;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::int64_t kWindow = Suspects::kStartWindow;

// Records with these offsets, as a broker gives them.
class Log final : public RecordSource {
 public:
  Log(std::string topic, std::int32_t number, std::deque<std::int64_t> offsets)
      : topic_(std::move(topic)), number_(number), offsets_(std::move(offsets)) {}

  std::optional<Record> take() override {
    if (offsets_.empty()) return std::nullopt;
    Record record;
    record.position = {topic_, number_, offsets_.front(), 0};
    offsets_.pop_front();
    return record;
  }
  std::int64_t waiting() const override { return static_cast<std::int64_t>(offsets_.size()); }

 private:
  const std::string topic_;
  const std::int32_t number_;
  std::deque<std::int64_t> offsets_;
};

std::deque<std::int64_t> offsets(std::int64_t begin, std::int64_t end) {
  std::deque<std::int64_t> all;
  for (std::int64_t offset = begin; offset < end; ++offset) all.push_back(offset);
  return all;
}

class IntakeTest : public ::testing::Test {
 protected:
  // Assigns a partition whose starts are not traced.
  void assign(const std::string& topic, std::int32_t number, std::size_t lane,
              std::deque<std::int64_t> log) {
    auto partition = std::make_unique<AssignedPartition>();
    partition->topic = topic;
    partition->number = number;
    partition->lane = lane;
    partition->source = std::make_unique<Log>(topic, number, std::move(log));
    intake_.add(std::move(partition));
  }
  // Assigns partition `number` of topic "t", whose starts are traced, with what was last committed.
  AssignedPartition& trace(std::int32_t number, std::int64_t mark, const std::string& metadata,
                           std::deque<std::int64_t> log) {
    auto partition = std::make_unique<AssignedPartition>();
    partition->topic = "t";
    partition->number = number;
    partition->source = std::make_unique<Log>("t", number, std::move(log));
    partition->tracker = OffsetTracker(mark, Suspects::done_map_of(metadata));
    partition->suspects = Suspects(mark, metadata);
    partition->traced = true;
    AssignedPartition& traced = *partition;
    intake_.add(std::move(partition));
    return traced;
  }
  // What somebody committed who died with `started` records of it, no others being suspect.
  static std::string of_the_dead(std::int64_t mark, std::int64_t started) {
    Suspects dead;
    std::string text = dead.text(mark, mark + started, true);
    Suspects found(mark, text);
    found.end_at(mark + started);
    return found.text(mark, mark, false);
  }
  // A commit of the partition that the broker takes; its metadata.
  std::string commit(AssignedPartition& partition, bool leaves = false) {
    std::string metadata = intake_.say(partition, leaves);
    intake_.said(partition, true);
    return metadata;
  }
  std::optional<Record> pull() { return intake_.pull(); }

  Intake intake_{{3, 8, 1}};
};

TEST_F(IntakeTest, NoPartitionStarvesWhileAllOfSeveralLanesAreFull) {
  constexpr int kPartitions = 16;
  const std::vector<std::string> topics = {"normal", "high", "low"};
  for (std::size_t lane = 0; lane < topics.size(); ++lane)
    for (int number = 0; number < kPartitions; ++number)
      assign(topics[lane], number, lane, offsets(0, 2'000));

  std::map<std::string, std::map<std::int32_t, int>> served;
  for (int i = 0; i < 12 * 100 * kPartitions / 4; ++i) {
    const auto record = pull();
    ASSERT_TRUE(record);
    ++served[record->position.topic][record->position.partition];
    intake_.done(record->position);
  }

  for (const auto& [topic, share] :
       {std::pair("normal", 75), std::pair("high", 200), std::pair("low", 25)}) {
    EXPECT_THAT(served[topic], SizeIs(kPartitions)) << topic;
    EXPECT_THAT(served[topic], Each(Pair(_, share))) << topic;
  }
}

TEST_F(IntakeTest, NothingIsHandedOutThatTheCommitsDoNotCover) {
  AssignedPartition& partition = trace(0, 100, "", offsets(100, 300));
  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.has_to_say(partition));

  commit(partition);

  for (int i = 0; i < kWindow; ++i) ASSERT_TRUE(pull()) << i;
  EXPECT_FALSE(pull());
  commit(partition);
  EXPECT_TRUE(pull());
}

TEST_F(IntakeTest, ARecordBehindAGapOfTheLogWaitsUntilItIsSaid) {
  AssignedPartition& partition = trace(0, 100, "", {100, 500, 501});
  commit(partition);
  EXPECT_EQ(pull()->position.offset, 100);
  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.has_to_say(partition));

  const Suspects heir(100, commit(partition));

  EXPECT_EQ(heir.crashes(500), 1);
  EXPECT_EQ(pull()->position.offset, 500);
  EXPECT_EQ(pull()->position.offset, 501);
}

TEST_F(IntakeTest, ALogThatBeganAnewIsSaidAnew) {
  AssignedPartition& partition = trace(0, 1'000, "", {1'000, 3, 4});
  commit(partition);
  EXPECT_EQ(pull()->position.offset, 1'000);
  EXPECT_FALSE(pull());

  commit(partition);

  EXPECT_EQ(pull()->position.offset, 3);
}

TEST_F(IntakeTest, ASuspectIsTriedAloneInTheWholeGrader) {
  AssignedPartition& healthy = trace(1, 0, "", offsets(0, 10));
  commit(healthy);
  const auto running = pull();
  ASSERT_TRUE(running);
  AssignedPartition& taken = trace(0, 100, of_the_dead(100, 2), offsets(100, 110));
  commit(taken);

  EXPECT_FALSE(pull()) << "another record beside a suspect";
  EXPECT_EQ(Suspects(100, commit(taken)).crashes(100), 1) << "its attempt before it is its turn";
  EXPECT_TRUE(intake_.done(running->position));
  EXPECT_FALSE(pull()) << "before its attempt is said";
  EXPECT_EQ(Suspects(100, commit(taken)).crashes(100), 2);
  const auto suspect = pull();
  ASSERT_TRUE(suspect);
  EXPECT_EQ(suspect->position.offset, 100);
  EXPECT_FALSE(pull()) << "another record beside a suspect that runs";
  EXPECT_TRUE(intake_.done(suspect->position));

  // The next suspect, and then all the others at once.
  EXPECT_FALSE(pull());
  commit(taken);
  const auto second = pull();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->position.offset, 101);
  intake_.done(second->position);
  for (int i = 0; i < 8 + 9; ++i) EXPECT_TRUE(pull()) << i;
}

TEST_F(IntakeTest, WhatStillRunsOfALostPartitionKeepsASuspectWaiting) {
  assign("lost", 0, 0, {7});
  const auto running = pull();
  ASSERT_TRUE(running);
  intake_.remove("lost", 0);
  AssignedPartition& taken = trace(0, 100, of_the_dead(100, 1), {100});
  commit(taken);
  EXPECT_FALSE(pull());

  EXPECT_TRUE(intake_.done(running->position));

  EXPECT_FALSE(pull());
  commit(taken);
  EXPECT_TRUE(pull());
}

TEST_F(IntakeTest, ASuspectWhosePartitionIsLostDoesNotHoldUpTheOthers) {
  AssignedPartition& taken = trace(0, 100, of_the_dead(100, 1), {100});
  commit(taken);
  assign("other", 0, 0, {7});
  EXPECT_FALSE(pull());

  EXPECT_TRUE(intake_.remove("t", 0));

  EXPECT_TRUE(pull());
}

TEST_F(IntakeTest, ASuspectIsNotHandedOutOnceItsPartitionLeaves) {
  AssignedPartition& taken = trace(0, 100, of_the_dead(100, 1), {100});
  commit(taken);
  EXPECT_FALSE(pull());
  commit(taken);  // its attempt

  const std::string last = commit(taken, true);

  EXPECT_FALSE(pull());
  EXPECT_EQ(Suspects(100, last).crashes(100), 1) << "an attempt that never was";
}

TEST_F(IntakeTest, WhoEndsDisownsItsPartitionsBeforeItIsThrough) {
  AssignedPartition& partition = trace(0, 100, of_the_dead(100, 1), {100, 101});
  commit(partition);
  EXPECT_FALSE(pull());
  commit(partition);
  const auto suspect = pull();
  ASSERT_TRUE(suspect);
  EXPECT_FALSE(intake_.has_to_say(partition));

  intake_.stop();

  EXPECT_TRUE(intake_.has_to_say(partition));
  const Suspects heir(100, commit(partition));
  EXPECT_EQ(heir.crashes(100), 1) << "whoever ended a grader that drains was no request";
  EXPECT_EQ(heir.crashes(101), 0);
  EXPECT_FALSE(intake_.has_to_say(partition));
}

TEST_F(IntakeTest, WhatIsGivenUpIsKnownUntilItIsDone) {
  Suspects tried(100, of_the_dead(100, 1));
  tried.begin(100);
  AssignedPartition& partition = trace(0, 100, tried.text(100, 101, true), {100});
  commit(partition);
  const auto record = pull();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->crashes, 2);
  EXPECT_TRUE(intake_.gives_up(partition));

  intake_.done(record->position);

  EXPECT_FALSE(intake_.gives_up(partition));
}

TEST(StartAt, AnUnknownCommitIsNotAMissingOne) {
  EXPECT_EQ(start_at(true, 0, true), StartAt::kCommitted);
  EXPECT_EQ(start_at(true, -1001, true), StartAt::kLogBegin);
  EXPECT_EQ(start_at(true, -1001, false), StartAt::kBrokerSays);
  EXPECT_EQ(start_at(false, -1, true), StartAt::kBrokerSays);
}

}  // namespace
}  // namespace farm::kafka
