// A farm without a broker and without threads: what the intakes of several graders come to together
// while partitions move in order, sessions are lost, commits are refused and one record ends every
// grader that starts it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/grader/kafka/scripted_log.h"

namespace farm::kafka {
namespace {

using Place = std::pair<std::int32_t, std::int64_t>;

constexpr std::int32_t kPartitions = 4;
constexpr std::int64_t kRecords = 60;  // of each
constexpr std::size_t kAll = kPartitions * kRecords;
constexpr std::size_t kGraders = 3;
constexpr std::size_t kSlots = 4;
const Place kDeadly{1, 20};

class SimulatedFarm {
 public:
  explicit SimulatedFarm(unsigned seed) : random_(seed) {
    for (std::size_t i = 0; i < kGraders; ++i) graders_.push_back(started());
    for (std::int32_t number = 0; number < kPartitions; ++number) {
      const auto owner = static_cast<std::size_t>(number) % kGraders;
      take(graders_[owner], number);
    }
  }

  void run() {
    for (int step = 0; step < 200'000 && answered_.size() < kAll; ++step) {
      Grader& grader = graders_[below(kGraders)];
      const std::size_t what = below(100);
      if (what < 50) {
        pull(grader);
      } else if (what < 65) {
        finish_one(grader);
      } else if (what < 90) {
        commit(grader, below(10) > 0);
      } else if (what < 97) {
        judge(grader);
      } else {
        move(grader, what == 99);
      }
    }
  }

  int deaths() const { return deaths_; }
  const std::set<Place>& answered() const { return answered_; }
  const std::set<Place>& given_up() const { return given_up_; }

 private:
  struct Grader {
    ProcessId process = 0;
    std::unique_ptr<Intake> intake;
    std::vector<Record> running;
  };
  struct Committed {
    std::int64_t mark = 0;
    std::string metadata;
  };

  std::size_t below(std::size_t end) { return random_() % end; }

  Grader started() {
    Grader grader;
    grader.process = ++processes_;
    alive_.insert(grader.process);
    grader.intake = std::make_unique<Intake>(std::vector<int>{}, nullptr, 4);
    return grader;
  }
  void take(Grader& grader, std::int32_t number) {
    const Committed& last = committed_[number];
    auto partition = std::make_unique<AssignedPartition>();
    partition->topic = "t";
    partition->number = number;
    partition->source = std::make_unique<ScriptedLog>("t", number, offsets(last.mark, kRecords));
    partition->tracker = OffsetTracker(last.mark, StartMarks::done_map_of(last.metadata));
    partition->marks = StartMarks(grader.process, last.mark, last.metadata);
    partition->traced = true;
    grader.intake->add(std::move(partition));
  }
  void pull(Grader& grader) {
    if (grader.running.size() == kSlots) return;
    const auto record = grader.intake->pull();
    if (!record) return;
    const Place place{record->position.partition, record->position.offset};
    if (record->crashes >= kGivenUpCrashes) {
      given_up_.insert(place);
      answered_.insert(place);
      grader.intake->done(record->position);
    } else if (place == kDeadly) {
      die(grader);
    } else {
      grader.running.push_back(*record);
    }
  }
  void finish_one(Grader& grader) {
    if (grader.running.empty()) return;
    const auto at =
        grader.running.begin() + static_cast<std::ptrdiff_t>(below(grader.running.size()));
    answered_.emplace(at->position.partition, at->position.offset);
    grader.intake->done(at->position);
    grader.running.erase(at);
  }
  void commit(Grader& grader, bool taken) {
    for (const auto& partition : grader.intake->partitions()) {
      if (!partition->tracker.dirty() && !grader.intake->has_to_say(*partition)) continue;
      const std::string metadata = grader.intake->say(*partition, false);
      if (taken) {
        committed_[partition->number] = {*partition->tracker.committable(), metadata};
        partition->tracker.mark_committed();
      }
      grader.intake->said(*partition, taken);
    }
  }
  void judge(Grader& grader) {
    for (const ProcessId process : grader.intake->awaited())
      grader.intake->judge(process, alive_.contains(process));
  }
  // In order, or because the session was lost.
  void move(Grader& grader, bool lost) {
    if (grader.intake->partitions().empty()) return;
    AssignedPartition& partition =
        *grader.intake->partitions()[below(grader.intake->partitions().size())];
    const std::int32_t number = partition.number;
    if (!lost) {
      const std::string metadata = grader.intake->say(partition, true);
      committed_[number] = {*partition.tracker.committable(), metadata};
    }
    grader.intake->remove("t", number);
    Grader& next = graders_[below(kGraders)];
    take(next, number);
    if (!lost) return;
    judge(next);  // it is heard of
    commit(next, true);
  }
  void die(Grader& grader) {
    ++deaths_;
    alive_.erase(grader.process);
    std::vector<std::int32_t> left;
    for (const auto& partition : grader.intake->partitions()) left.push_back(partition->number);
    grader = started();
    for (const std::int32_t number : left) take(graders_[below(kGraders)], number);
  }

  std::mt19937 random_;
  std::vector<Grader> graders_;
  std::map<std::int32_t, Committed> committed_;
  std::set<ProcessId> alive_;
  ProcessId processes_ = 0;
  int deaths_ = 0;
  std::set<Place> answered_;
  std::set<Place> given_up_;
};

TEST(CrashCount, WhatEndsGradersEndsTwoAndIsGivenUpAndNothingElseIs) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SimulatedFarm farm(seed);
    farm.run();

    EXPECT_EQ(farm.answered().size(), kAll) << seed;
    EXPECT_EQ(farm.deaths(), 2) << seed;
    EXPECT_THAT(farm.given_up(), testing::ElementsAre(kDeadly)) << seed;
  }
}

}  // namespace
}  // namespace farm::kafka
