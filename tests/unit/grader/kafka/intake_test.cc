#include "grader/kafka/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <map>
#include <set>
#include <vector>

#include "tests/unit/grader/kafka/scripted_log.h"

namespace farm::kafka {
namespace {

using ::testing::_;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr ProcessId kSelf = 1;
constexpr ProcessId kOther = 2;
constexpr ProcessId kHeir = 3;
constexpr std::int64_t kAhead = 4;

class IntakeTest : public ::testing::Test {
 protected:
  // Assigns a partition whose starts are not traced.
  void assign(const std::string& topic, std::int32_t number, std::size_t lane,
              std::deque<std::int64_t> log) {
    auto partition = std::make_unique<AssignedPartition>();
    partition->topic = topic;
    partition->number = number;
    partition->lane = lane;
    partition->source = std::make_unique<ScriptedLog>(topic, number, std::move(log));
    intake_.add(std::move(partition));
  }
  // Assigns partition `number` of topic "t", whose starts are traced, with what was last committed.
  AssignedPartition& trace(std::int32_t number, std::int64_t mark, const std::string& metadata,
                           std::deque<std::int64_t> log) {
    auto partition = std::make_unique<AssignedPartition>();
    partition->topic = "t";
    partition->number = number;
    partition->source = std::make_unique<ScriptedLog>("t", number, std::move(log));
    partition->tracker = OffsetTracker(mark, StartMarks::done_map_of(metadata));
    partition->marks = StartMarks(kSelf, mark, metadata);
    partition->traced = true;
    AssignedPartition& traced = *partition;
    intake_.add(std::move(partition));
    return traced;
  }
  // What another one committed that started these, each for the time after `crashes` deaths.
  static std::string started_by_another(std::int64_t mark,
                                        std::initializer_list<std::int64_t> started,
                                        int crashes = 0) {
    std::string text;
    for (ProcessId process = kOther + crashes; process >= kOther; --process) {
      StartMarks marks(process, mark, text);
      marks.judge(process + 1, false);
      for (const std::int64_t offset : started) marks.begin(offset);
      text = marks.text(mark, false);
    }
    return text;
  }
  // A commit of the partition that the broker takes; its metadata.
  std::string commit(AssignedPartition& partition, bool leaves = false) {
    std::string metadata = intake_.say(partition, leaves);
    intake_.said(partition, true);
    return metadata;
  }
  // What whoever comes after us would find.
  static StartMarks heir_of(std::int64_t mark, const std::string& metadata, bool we_died = true) {
    StartMarks heir(kHeir, mark, metadata);
    heir.judge(kSelf, !we_died);
    return heir;
  }
  std::optional<Record> pull() { return intake_.pull(); }
  std::int64_t pulled() {
    const auto record = intake_.pull();
    return record ? record->position.offset : -1;
  }

  Intake intake_{{3, 8, 1}, {}, kAhead};
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

TEST_F(IntakeTest, WhatIsUrgentDoesNotWaitForWhatIsStagedOfOtherLanes) {
  assign("normal", 0, 0, offsets(0, 100));
  ASSERT_TRUE(pull());
  assign("high", 0, 1, offsets(0, 100));

  int high = 0;
  for (int i = 0; i < 12; ++i) high += pull()->position.topic == "high" ? 1 : 0;

  EXPECT_EQ(high, 8 + 1) << "and the turn of the third lane, which has nothing";
}

TEST_F(IntakeTest, NothingIsHandedOutBeforeItsMarkIsCommitted) {
  AssignedPartition& partition = trace(0, 100, "", offsets(100, 300));
  EXPECT_FALSE(intake_.has_to_say(partition));
  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.has_to_say(partition));
  EXPECT_TRUE(intake_.take_news());

  const std::string metadata = intake_.say(partition, false);
  EXPECT_FALSE(pull()) << "before the commit is taken";
  EXPECT_FALSE(intake_.has_to_say(partition));
  EXPECT_TRUE(intake_.awaits_commit(partition));
  EXPECT_TRUE(intake_.said(partition, true));

  const StartMarks heir = heir_of(100, metadata);
  for (std::int64_t i = 0; i < kAhead; ++i) {
    EXPECT_EQ(pulled(), 100 + i);
    EXPECT_EQ(heir.crashes(100 + i), 1) << i;
  }
  EXPECT_FALSE(pull());
  EXPECT_EQ(heir.crashes(100 + kAhead), 0) << "what was not marked";
}

TEST_F(IntakeTest, ACommitThatWasRefusedIsSaidAgainAndStartsNothing) {
  AssignedPartition& partition = trace(0, 100, "", {100});
  EXPECT_FALSE(pull());
  (void)intake_.say(partition, false);

  EXPECT_FALSE(intake_.said(partition, false));

  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.has_to_say(partition));
  commit(partition);
  EXPECT_EQ(pulled(), 100);
}

TEST_F(IntakeTest, ABusyGraderMarksByHalvesOfWhatItStagesAhead) {
  AssignedPartition& partition = trace(0, 0, "", offsets(0, 100));
  EXPECT_FALSE(pull());
  commit(partition);
  EXPECT_EQ(pulled(), 0);
  EXPECT_EQ(pulled(), 1);
  EXPECT_FALSE(intake_.has_to_say(partition));
  EXPECT_EQ(pulled(), 2);
  EXPECT_TRUE(intake_.has_to_say(partition));

  const StartMarks heir = heir_of(0, commit(partition));

  EXPECT_EQ(static_cast<std::int64_t>(heir.size()), 3 + 1 + kAhead / 2)
      << "out, staged before, and staged anew";
}

TEST_F(IntakeTest, WhatIsDoneIsUnmarkedByTheNextCommit) {
  AssignedPartition& partition = trace(0, 100, "", offsets(100, 110));
  EXPECT_FALSE(pull());
  commit(partition);
  const auto first = pull();
  const auto second = pull();
  ASSERT_TRUE(first && second);
  intake_.done(second->position);

  const StartMarks heir = heir_of(100, commit(partition));

  EXPECT_EQ(heir.crashes(100), 1);
  EXPECT_FALSE(heir.contains(101));
}

TEST_F(IntakeTest, NoMoreIsStartedThanMarksFit) {
  AssignedPartition& partition = trace(0, 0, "", offsets(0, 1'000));
  std::vector<Record> out;
  for (int round = 0; round < 1'000; ++round) {
    if (auto record = pull()) out.push_back(*record);
    if (intake_.has_to_say(partition)) commit(partition);
  }
  ASSERT_THAT(out, SizeIs(StartMarks::kMaxMarks));

  EXPECT_TRUE(intake_.done(out[0].position));

  EXPECT_FALSE(pull());
  commit(partition);
  EXPECT_TRUE(pull());
}

TEST_F(IntakeTest, AsManyMarksAsFitOfWhoDiedDoNotKeepAPartitionFromBeingRead) {
  constexpr auto kMarks = static_cast<std::int64_t>(StartMarks::kMaxMarks);
  StartMarks left(kOther);
  for (std::int64_t offset = 0; offset < kMarks; ++offset) left.begin(offset);
  AssignedPartition& partition = trace(0, 0, left.text(0, false), offsets(0, kMarks + 1));
  intake_.judge(kOther, false);

  std::set<std::int64_t> read;
  for (std::int64_t round = 0; round < 4 * kMarks; ++round) {
    if (const auto record = pull()) {
      read.insert(record->position.offset);
      intake_.done(record->position);
    }
    commit(partition);
  }

  EXPECT_THAT(read, SizeIs(StartMarks::kMaxMarks + 1));
}

TEST_F(IntakeTest, MarksBeforeAGapOfTheLogStayAndThoseWithinAreForgotten) {
  AssignedPartition& partition =
      trace(0, 100, started_by_another(100, {100, 300}), {100, 500, 501});
  intake_.judge(kOther, false);
  EXPECT_FALSE(pull());

  const StartMarks heir = heir_of(100, commit(partition), false);

  EXPECT_EQ(heir.crashes(100), 1);
  EXPECT_FALSE(heir.contains(300));
  EXPECT_EQ(pulled(), 100);
  EXPECT_EQ(pulled(), 500);
}

TEST_F(IntakeTest, ALogThatBeganAnewIsMarkedAnewAndWhatIsStagedOfTheOldOneIsNotLost) {
  AssignedPartition& partition =
      trace(0, 1'000, started_by_another(1'000, {1'000}), {1'000, 1'001, 3, 4});

  EXPECT_EQ(pulled(), 1'000);
  EXPECT_EQ(pulled(), 1'001);
  EXPECT_FALSE(pull());
  commit(partition);

  EXPECT_EQ(pulled(), 3);
  EXPECT_EQ(pulled(), 4);
}

TEST_F(IntakeTest, WhatAnotherMayHaveStartedWaitsAndAllElseGoesOn) {
  AssignedPartition& partition =
      trace(0, 100, started_by_another(100, {100, 102}), offsets(100, 104));
  EXPECT_THAT(intake_.awaited(), ElementsAre(kOther));
  EXPECT_FALSE(pull());
  commit(partition);

  EXPECT_EQ(pulled(), 101);
  EXPECT_EQ(pulled(), 103);
  EXPECT_FALSE(pull());
  EXPECT_EQ(heir_of(100, commit(partition)).awaited(), std::vector{kOther})
      << "who comes after us has to ask for it, too";
}

TEST_F(IntakeTest, WhoLivesOnCastsNoSuspicion) {
  AssignedPartition& partition =
      trace(0, 100, started_by_another(100, {100, 101}), offsets(100, 102));
  EXPECT_FALSE(pull());

  EXPECT_TRUE(intake_.judge(kOther, true));

  EXPECT_THAT(intake_.awaited(), SizeIs(0));
  EXPECT_TRUE(partition.tracker.dirty());
  EXPECT_FALSE(pull());
  commit(partition);
  for (const std::int64_t offset : {100, 101}) {
    const auto record = pull();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->position.offset, offset);
    EXPECT_EQ(record->crashes, 0);
  }
}

TEST_F(IntakeTest, OneSuspectIsTriedAtATimeBesideWhatMetNoDeath) {
  AssignedPartition& taken = trace(0, 100, started_by_another(100, {100, 101}), offsets(100, 102));
  AssignedPartition& healthy = trace(1, 0, "", offsets(0, 2));
  intake_.judge(kOther, false);
  EXPECT_FALSE(pull());
  commit(healthy);
  EXPECT_EQ(heir_of(100, commit(taken)).crashes(100), 2) << "its start stands in the commit";

  std::vector<Record> out;
  while (const auto record = pull()) out.push_back(*record);

  ASSERT_THAT(out, SizeIs(3)) << "both healthy ones, and one suspect";
  const auto suspect = std::find_if(out.begin(), out.end(),
                                    [](const Record& record) { return record.crashes == 1; });
  ASSERT_NE(suspect, out.end());
  EXPECT_EQ(suspect->position.offset, 100);
  EXPECT_EQ(heir_of(100, commit(taken)).crashes(101), 1) << "it is not started";

  intake_.done(suspect->position);
  EXPECT_TRUE(intake_.take_news());
  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.has_to_say(taken));
  const StartMarks heir = heir_of(101, commit(taken));
  EXPECT_FALSE(heir.contains(100));
  EXPECT_EQ(heir.crashes(101), 1) << "begun before it was said that the one before is through";
  EXPECT_FALSE(pull());
  EXPECT_EQ(heir_of(101, commit(taken)).crashes(101), 2);
  EXPECT_EQ(pulled(), 101);
}

TEST_F(IntakeTest, ASuspectThatRunsThoughItsPartitionIsLostKeepsTheNextWaiting) {
  AssignedPartition& lost = trace(0, 100, started_by_another(100, {100}), {100});
  intake_.judge(kOther, false);
  EXPECT_FALSE(pull());
  commit(lost);
  const auto running = pull();
  ASSERT_TRUE(running);
  intake_.remove("t", 0);
  AssignedPartition& taken = trace(1, 100, started_by_another(100, {100}), {100});
  intake_.judge(kOther, false);
  EXPECT_FALSE(pull());
  EXPECT_FALSE(intake_.has_to_say(taken));

  EXPECT_TRUE(intake_.done(running->position));

  EXPECT_FALSE(pull());
  commit(taken);
  EXPECT_TRUE(pull());
}

TEST_F(IntakeTest, ASuspectWhosePartitionIsLostBeforeItsTurnDoesNotHoldUpTheNext) {
  AssignedPartition& lost = trace(0, 100, started_by_another(100, {100}), {100});
  AssignedPartition& taken = trace(1, 200, started_by_another(200, {200}), {200});
  intake_.judge(kOther, false);
  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.has_to_say(lost) != intake_.has_to_say(taken)) << "one at a time";
  AssignedPartition& left = intake_.has_to_say(lost) ? taken : lost;
  const std::int32_t first = intake_.has_to_say(lost) ? 0 : 1;

  EXPECT_TRUE(intake_.remove("t", first));

  EXPECT_FALSE(pull());
  commit(left);
  EXPECT_TRUE(pull());
}

TEST_F(IntakeTest, NothingIsHandedOutOnceAPartitionLeavesAndItsMarksNameNobody) {
  AssignedPartition& taken = trace(0, 100, started_by_another(100, {100}), offsets(100, 103));
  EXPECT_FALSE(pull());
  commit(taken);
  EXPECT_EQ(pulled(), 101);
  intake_.judge(kOther, false);
  EXPECT_EQ(pulled(), 102);
  EXPECT_EQ(heir_of(100, commit(taken)).crashes(100), 2) << "it may be started now";

  const StartMarks heir = heir_of(100, commit(taken, true));

  EXPECT_FALSE(pull());
  EXPECT_EQ(heir.crashes(100), 1) << "an attempt that never was";
  EXPECT_FALSE(heir.contains(101)) << "which runs on here";
}

TEST_F(IntakeTest, WhoEndsTakesItsNameOffAllMarksBeforeItIsThrough) {
  AssignedPartition& partition = trace(0, 100, "", offsets(100, 103));
  EXPECT_FALSE(pull());
  commit(partition);
  EXPECT_EQ(pulled(), 100);
  EXPECT_FALSE(intake_.has_to_say(partition));

  intake_.stop();

  EXPECT_FALSE(pull());
  EXPECT_TRUE(intake_.take_news());
  EXPECT_TRUE(intake_.has_to_say(partition));
  const StartMarks heir = heir_of(100, commit(partition));
  EXPECT_EQ(heir.size(), 0U) << "whoever ended a grader that drains was no request";
  EXPECT_FALSE(intake_.has_to_say(partition));
}

TEST_F(IntakeTest, WhatMetTwoDeathsIsHandedOutAtOnceAndKnownUntilItIsDone) {
  AssignedPartition& partition = trace(0, 100, started_by_another(100, {100}, 1), {100});
  intake_.judge(kOther, false);
  const auto record = pull();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->crashes, 2);
  EXPECT_TRUE(intake_.gives_up(partition));
  EXPECT_EQ(heir_of(100, commit(partition)).crashes(100), 2) << "nobody starts it";

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
