#include "grader/kafka/intake.h"

#include <algorithm>
#include <utility>

#include "schemas/expected.h"

namespace farm::kafka {

StartAt start_at(bool answered, std::int64_t committed, bool trace_starts) {
  if (!answered) return StartAt::kBrokerSays;
  if (committed >= 0) return StartAt::kCommitted;
  return trace_starts ? StartAt::kLogBegin : StartAt::kBrokerSays;
}

Intake::Intake(const std::vector<int>& shares, std::function<void(const std::string&)> warn,
               std::size_t ahead)
    : warn_(std::move(warn)),
      ahead_(std::max<std::size_t>(ahead, 1)),
      turns_(shares),
      cursors_(std::max<std::size_t>(shares.size(), 1)) {}

void Intake::add(std::unique_ptr<AssignedPartition> partition) {
  partition->epoch = next_epoch_++;
  partition->lane = std::min(partition->lane, cursors_.size() - 1);
  partitions_.push_back(std::move(partition));
}

bool Intake::remove(std::string_view topic, std::int32_t number) {
  AssignedPartition* const partition = find(topic, number);
  if (!partition) return false;
  const bool more = drop_staged(*partition);
  std::erase_if(partitions_, [partition](const auto& one) { return one.get() == partition; });
  return more;
}

void Intake::remove_topics(const std::vector<std::string>& topics) {
  const auto is_of_these = [&topics](const auto& partition) {
    return std::find(topics.begin(), topics.end(), partition->topic) != topics.end();
  };
  for (const auto& partition : partitions_) {
    if (is_of_these(partition)) drop_staged(*partition);
  }
  std::erase_if(partitions_, is_of_these);
}

AssignedPartition* Intake::find(std::string_view topic, std::int32_t number) {
  for (const auto& partition : partitions_) {
    if (partition->number == number && partition->topic == topic) return partition.get();
  }
  return nullptr;
}

AssignedPartition* Intake::partition_of(const Position& position) {
  AssignedPartition* const partition = find(position.topic, position.partition);
  return partition && partition->epoch == position.epoch ? partition : nullptr;
}

std::optional<Record> Intake::pull() {
  if (stopped_) return std::nullopt;
  stage();
  for (const std::size_t lane : turns_.order()) {
    const auto next = std::find_if(staged_.begin(), staged_.end(), [lane](const Staged& one) {
      return one.lane == lane && one.state == Staged::State::kSaid;
    });
    if (next == staged_.end()) continue;
    turns_.next();
    Record record = std::move(next->record);
    staged_.erase(next);
    if (tries(record.position)) trial_->state = Trial::State::kOut;
    if (record.crashes >= kGivenUpCrashes)
      given_up_.emplace(record.position.epoch, record.position.offset);
    return record;
  }
  return std::nullopt;
}

void Intake::stage() {
  for (std::size_t lane = 0; lane < cursors_.size(); ++lane) {
    auto ready = static_cast<std::size_t>(
        std::count_if(staged_.begin(), staged_.end(), [lane](const Staged& one) {
          return one.lane == lane && one.state != Staged::State::kWaits;
        }));
    // By halves, so that a busy grader does not commit for each record.
    if (ready > ahead_ / 2) continue;
    while (ready < ahead_ && stage_of_lane(lane)) ++ready;
  }
  resolve();
}

bool Intake::stage_of_lane(std::size_t lane) {
  std::size_t& cursor = cursors_[lane];
  for (std::size_t asked = 0; asked < partitions_.size(); ++asked) {
    cursor = (cursor + 1) % partitions_.size();
    AssignedPartition& partition = *partitions_[cursor];
    if (partition.lane == lane && stage_of(partition)) return true;
  }
  return false;
}

// What is marked from before is staged beside what is asked for: its turn comes when it is judged.
bool Intake::stage_of(AssignedPartition& partition) {
  while (partition.may_start()) {
    std::optional<Record> record = partition.source->take();
    if (!record) return false;
    const std::int64_t offset = record->position.offset;
    if (partition.tracker.rewinds(offset)) begin_anew(partition, offset);
    partition.marks.skip(partition.tracker.next_start(), offset);
    if (!partition.tracker.start(offset)) {
      ++skipped_done_;
      continue;
    }
    record->position.epoch = partition.epoch;
    Staged one{std::move(*record), partition.lane, Staged::State::kSaid};
    const bool marked = partition.traced && partition.marks.contains(offset);
    if (marked) {
      one.state = Staged::State::kWaits;
    } else if (partition.traced) {
      one.state = Staged::State::kToSay;
      partition.marks.begin(offset);
      news_ = true;
    }
    staged_.push_back(std::move(one));
    if (!marked) return true;
  }
  return false;
}

// Who waits and need not any more.
void Intake::resolve() {
  for (Staged& one : staged_) {
    if (one.state != Staged::State::kWaits) continue;
    AssignedPartition* const partition = partition_of(one.record.position);
    FARM_ASSERT(partition);
    const std::int64_t offset = one.record.position.offset;
    if (partition->marks.waits(offset)) continue;
    one.record.crashes = partition->marks.crashes(offset);
    if (one.record.crashes >= kGivenUpCrashes) {
      one.state = Staged::State::kSaid;  // nobody starts it
      continue;
    }
    if (one.record.crashes > 0) {
      if (trial_) continue;
      trial_ = Trial{one.record.position, Trial::State::kStaged};
    }
    partition->marks.begin(offset);
    one.state = Staged::State::kToSay;
    news_ = true;
  }
}

// The log was lost and begins again: nothing that is known of it holds any more, and nothing can be
// said of what is staged of the old one.
void Intake::begin_anew(AssignedPartition& partition, std::int64_t offset) {
  if (warn_) {
    warn_("topic " + partition.topic + " partition " + std::to_string(partition.number) +
          " began anew at offset " + std::to_string(offset));
  }
  for (Staged& one : staged_) {
    if (one.record.position.epoch == partition.epoch) one.state = Staged::State::kSaid;
  }
  if (trial_ && trial_->position.epoch == partition.epoch && trial_->state != Trial::State::kOut)
    trial_.reset();
  partition.epoch = next_epoch_++;
  partition.marks = StartMarks(partition.marks.self());
  partition.saying = false;
}

bool Intake::done(const Position& position) {
  given_up_.erase({position.epoch, position.offset});
  AssignedPartition* const partition = partition_of(position);
  bool more = false;
  if (tries(position) && partition) {
    // Else the next one's death would be its second one, too.
    trial_->state = Trial::State::kOver;
    news_ = true;
  } else if (tries(position)) {
    trial_.reset();
    more = true;
  }
  if (!partition) return more;
  const bool was_blocked = !partition->may_start();
  partition->tracker.done(position.offset);
  partition->marks.done(position.offset);
  // Its source may hold records since long.
  return more || (was_blocked && partition->may_start());
}

void Intake::stop() {
  stopped_ = true;
  staged_.clear();
  news_ = true;
}

void Intake::leave(AssignedPartition& partition) {
  partition.leaves = true;
  drop_staged(partition);
}

bool Intake::tries(const Position& position) const {
  return trial_ && trial_->position.epoch == position.epoch &&
         trial_->position.offset == position.offset;
}

// A suspect that runs is tried until it is done, whoever its partition belongs to.
bool Intake::drop_staged(const AssignedPartition& partition) {
  std::erase_if(staged_, [&partition](const Staged& one) {
    return one.record.position.epoch == partition.epoch;
  });
  if (!trial_ || trial_->position.epoch != partition.epoch || trial_->state == Trial::State::kOut)
    return false;
  trial_.reset();
  return true;
}

std::vector<ProcessId> Intake::awaited() const {
  std::set<ProcessId> all;
  for (const auto& partition : partitions_) {
    const auto some = partition->marks.awaited();
    all.insert(some.begin(), some.end());
  }
  return {all.begin(), all.end()};
}

bool Intake::judge(ProcessId process, bool alive) {
  bool changed = false;
  for (const auto& partition : partitions_) {
    if (!partition->marks.judge(process, alive)) continue;
    partition->tracker.mark_dirty();
    changed = true;
  }
  return changed;
}

bool Intake::has_to_say(const AssignedPartition& partition) const {
  if (!partition.traced) return false;
  if (stopped_ && partition.said_own) return true;
  if (trial_ && trial_->state == Trial::State::kOver && trial_->position.epoch == partition.epoch)
    return true;
  return std::any_of(staged_.begin(), staged_.end(), [&partition](const Staged& one) {
    return one.state == Staged::State::kToSay && one.record.position.epoch == partition.epoch;
  });
}

bool Intake::awaits_commit(const AssignedPartition& partition) const {
  if (has_to_say(partition)) return true;
  if (trial_ && trial_->state == Trial::State::kOverSaying &&
      trial_->position.epoch == partition.epoch)
    return true;
  return std::any_of(staged_.begin(), staged_.end(), [&partition](const Staged& one) {
    return one.state == Staged::State::kSaying && one.record.position.epoch == partition.epoch;
  });
}

std::string Intake::say(AssignedPartition& partition, bool leaves) {
  const auto mark = partition.tracker.committable();
  FARM_ASSERT(mark);
  if (leaves) leave(partition);
  std::string metadata = partition.tracker.metadata();
  if (!partition.traced) return metadata;
  const bool hand_over = leaves || stopped_;
  partition.saying = true;
  partition.says_own = !hand_over && partition.marks.any_own();
  for (Staged& one : staged_) {
    if (one.state == Staged::State::kToSay && one.record.position.epoch == partition.epoch)
      one.state = Staged::State::kSaying;
  }
  if (trial_ && trial_->state == Trial::State::kOver && trial_->position.epoch == partition.epoch)
    trial_->state = Trial::State::kOverSaying;
  return metadata + partition.marks.text(*mark, hand_over);
}

bool Intake::said(AssignedPartition& partition, bool taken) {
  if (!std::exchange(partition.saying, false)) return false;
  if (taken) partition.said_own = partition.says_own;
  bool more = false;
  for (Staged& one : staged_) {
    if (one.state != Staged::State::kSaying || one.record.position.epoch != partition.epoch)
      continue;
    one.state = taken ? Staged::State::kSaid : Staged::State::kToSay;
    more |= taken;
  }
  if (trial_ && trial_->state == Trial::State::kOverSaying &&
      trial_->position.epoch == partition.epoch) {
    trial_->state = Trial::State::kOver;
    if (taken) trial_.reset();
    more |= taken;
  }
  return more;
}

bool Intake::gives_up(const AssignedPartition& partition) const {
  const auto at = given_up_.lower_bound({partition.epoch, 0});
  return at != given_up_.end() && at->first == partition.epoch;
}

}  // namespace farm::kafka
