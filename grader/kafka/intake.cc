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

bool AssignedPartition::has_suspects() const {
  if (!traced || leaves) return false;
  return (held && held->suspect) || suspects.any_from(tracker.next_start());
}

Intake::Intake(const std::vector<int>& shares, std::function<void(const std::string&)> warn)
    : warn_(std::move(warn)), turns_(shares), cursors_(std::max<std::size_t>(shares.size(), 1)) {}

void Intake::add(std::unique_ptr<AssignedPartition> partition) {
  partition->epoch = next_epoch_++;
  partition->lane = std::min(partition->lane, cursors_.size() - 1);
  partitions_.push_back(std::move(partition));
}

bool Intake::remove(std::string_view topic, std::int32_t number) {
  AssignedPartition* const partition = find(topic, number);
  if (!partition) return false;
  const bool more = try_nothing_of(*partition);
  std::erase_if(partitions_, [partition](const auto& one) { return one.get() == partition; });
  return more;
}

void Intake::remove_topics(const std::vector<std::string>& topics) {
  for (const auto& partition : partitions_) {
    if (std::find(topics.begin(), topics.end(), partition->topic) != topics.end())
      try_nothing_of(*partition);
  }
  std::erase_if(partitions_, [&topics](const auto& partition) {
    return std::find(topics.begin(), topics.end(), partition->topic) != topics.end();
  });
}

AssignedPartition* Intake::find(std::string_view topic, std::int32_t number) {
  for (const auto& partition : partitions_) {
    if (partition->number == number && partition->topic == topic) return partition.get();
  }
  return nullptr;
}

std::optional<Record> Intake::pull() {
  if (tried_) {
    AssignedPartition* const partition = find(tried_->topic, tried_->partition);
    return partition && partition->held ? take_held(*partition) : std::nullopt;
  }
  for (const auto& partition : partitions_) {
    if (!partition->has_suspects()) continue;
    auto record = pull_from(*partition);
    if (record || tried_) return record;
  }
  for (const std::size_t lane : turns_.order()) {
    auto record = pull_lane(lane);
    if (record) turns_.next();
    if (record || tried_) return record;
  }
  return std::nullopt;
}

std::optional<Record> Intake::pull_lane(std::size_t lane) {
  std::size_t& cursor = cursors_[lane];
  for (std::size_t asked = 0; asked < partitions_.size(); ++asked) {
    cursor = (cursor + 1) % partitions_.size();
    AssignedPartition& partition = *partitions_[cursor];
    if (partition.lane != lane) continue;
    auto record = pull_from(partition);
    if (record || tried_) return record;
  }
  return std::nullopt;
}

std::optional<Record> Intake::pull_from(AssignedPartition& partition) {
  if (partition.held) return take_held(partition);
  while (partition.may_start()) {
    std::optional<Record> record = partition.source->take();
    if (!record) return std::nullopt;
    const std::int64_t offset = record->position.offset;
    if (partition.tracker.rewinds(offset)) begin_anew(partition, offset);
    if (!partition.tracker.start(offset)) {
      ++skipped_done_;
      continue;
    }
    record->position.epoch = partition.epoch;
    if (partition.traced) record->crashes = partition.suspects.crashes(offset);
    const bool suspect = record->crashes == 1;
    // An offset may lie far beyond the one before: what is between was removed from the log.
    if (!suspect && partition.covered(offset)) return hand_out(std::move(*record));
    partition.held.emplace(Held{
        std::move(*record), suspect ? Held::State::kWaitsForTurn : Held::State::kToSay, suspect});
    return take_held(partition);  // its turn may be now
  }
  return std::nullopt;
}

// The log was lost and begins again: nothing that is known of it holds any more.
void Intake::begin_anew(AssignedPartition& partition, std::int64_t offset) {
  if (warn_) {
    warn_("topic " + partition.topic + " partition " + std::to_string(partition.number) +
          " began anew at offset " + std::to_string(offset));
  }
  try_nothing_of(partition);
  partition.epoch = next_epoch_++;
  partition.suspects = Suspects();
  partition.said.reset();
  partition.saying.reset();
}

std::optional<Record> Intake::take_held(AssignedPartition& partition) {
  Held& held = *partition.held;
  if (partition.leaves) return std::nullopt;
  if (held.state == Held::State::kWaitsForTurn) {
    if (!tried_) tried_ = held.record.position;
    if (!tries(partition) || !out_.empty()) return std::nullopt;
    partition.suspects.begin(held.record.position.offset);
    held.state = Held::State::kToSay;
  }
  if (held.state != Held::State::kSaid) return std::nullopt;
  Record record = std::move(held.record);
  partition.held.reset();
  return hand_out(std::move(record));
}

Record Intake::hand_out(Record record) {
  const std::pair key(record.position.epoch, record.position.offset);
  out_.insert(key);
  if (record.crashes > 1) given_up_.insert(key);
  return record;
}

bool Intake::done(const Position& position) {
  const std::pair key(position.epoch, position.offset);
  given_up_.erase(key);
  bool more = out_.erase(key) > 0 && out_.empty() && tried_;
  AssignedPartition* const partition = find(position.topic, position.partition);
  if (!partition || partition->epoch != position.epoch) return more;
  const bool was_blocked = !partition->tracker.may_pull();
  partition->tracker.done(position.offset);
  partition->suspects.done(position.offset);
  if (tries(*partition) && tried_->offset == position.offset) more |= try_nothing_of(*partition);
  // Its source may hold records since long.
  return more || (was_blocked && partition->tracker.may_pull());
}

bool Intake::tries(const AssignedPartition& partition) const {
  return tried_ && tried_->epoch == partition.epoch;
}

bool Intake::try_nothing_of(const AssignedPartition& partition) {
  if (!tries(partition)) return false;
  tried_.reset();
  return true;  // it is the next one's turn
}

bool Intake::has_to_say(const AssignedPartition& partition) const {
  if (!partition.traced) return false;
  if (stopped_ && partition.said_owned) return true;
  return !partition.said ||
         partition.tracker.next_start() >= *partition.said + Suspects::kStartWindow / 2 ||
         (partition.held && partition.held->state == Held::State::kToSay);
}

std::string Intake::say(AssignedPartition& partition, bool leaves) {
  const auto mark = partition.tracker.committable();
  FARM_ASSERT(mark);
  partition.leaves = partition.leaves || leaves;
  std::string metadata = partition.tracker.metadata();
  if (!partition.traced) return metadata;
  const bool owned = !leaves && !stopped_;
  if (!owned && tries(partition)) partition.suspects.forget_attempt(tried_->offset);
  partition.saying = partition.tracker.next_start();
  partition.saying_owned = owned;
  if (partition.held && partition.held->state == Held::State::kToSay)
    partition.held->state = Held::State::kSaying;
  return metadata + partition.suspects.text(*mark, *partition.saying, owned);
}

bool Intake::said(AssignedPartition& partition, bool taken) {
  const auto saying = std::exchange(partition.saying, std::nullopt);
  if (!saying) return false;
  if (taken) {
    partition.said = saying;
    partition.said_owned = partition.saying_owned;
  }
  if (partition.held && partition.held->state == Held::State::kSaying)
    partition.held->state = taken ? Held::State::kSaid : Held::State::kToSay;
  return taken;
}

bool Intake::gives_up(const AssignedPartition& partition) const {
  const auto at = given_up_.lower_bound({partition.epoch, 0});
  return at != given_up_.end() && at->first == partition.epoch;
}

}  // namespace farm::kafka
