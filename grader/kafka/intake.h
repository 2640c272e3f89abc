// Intake: which record of the assigned partitions is handed out next, and what the commits say of
// what was started. Pure: no Kafka (each partition brings its source), no clock, no threads (the
// caller locks).
//
// Theory of operation. Lanes take turns by shares (lane_turns.h), and the partitions of a lane take
// turns among themselves. Where starts are traced (suspects.h), nothing is handed out of which the
// commits have not said that it may have been started. A suspect is tried alone in the whole
// grader: from when it stands at the head of its partition nothing else is handed out; when all
// that was handed out before is done, its attempt is said; when that was taken, it is handed out;
// and when it is done, the others go on. Else a death would not tell which of two it was. Suspects
// go before all else, so that they do not wait for what begins meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grader/kafka/lane_turns.h"
#include "grader/kafka/offset_tracker.h"
#include "grader/kafka/record.h"
#include "grader/kafka/suspects.h"

namespace farm::kafka {

// What was fetched of one partition.
class RecordSource {
 public:
  RecordSource() = default;
  RecordSource(const RecordSource&) = delete;
  RecordSource& operator=(const RecordSource&) = delete;
  virtual ~RecordSource() = default;

  virtual std::optional<Record> take() = 0;  // in order of offsets; nullopt: none waits
  virtual std::int64_t waiting() const = 0;
};

// Where an assigned partition is read from.
enum class StartAt {
  kCommitted,
  kLogBegin,    // nothing was ever committed: looked up, since starts cannot be traced without a
                // place
  kBrokerSays,  // it is not known what was committed: librdkafka asks again by itself
};
// `answered`: the broker said what this partition's commit is, without an error; `committed` < 0:
// that there is none. An unknown commit is not a missing one: to begin at the log's beginning would
// grade again all that is retained.
StartAt start_at(bool answered, std::int64_t committed, bool trace_starts);

// Taken from its source and not handed out yet: a suspect, or what has to be said first.
struct Held {
  enum class State { kWaitsForTurn, kToSay, kSaying, kSaid };

  Record record;
  State state = State::kWaitsForTurn;
  bool suspect = true;
};

// One partition while it is assigned to us.
struct AssignedPartition {
  std::string topic;
  std::int32_t number = 0;
  std::int64_t epoch = 0;  // given by Intake::add()
  std::size_t lane = 0;
  std::unique_ptr<RecordSource> source;
  OffsetTracker tracker;
  bool leaves = false;  // it is being given up: nothing is handed out any more
  // Where starts are traced:
  bool traced = false;
  Suspects suspects;
  std::optional<Held> held;
  std::optional<std::int64_t> said;    // next_start() of the last commit that was taken
  std::optional<std::int64_t> saying;  // of the one under way
  bool said_owned = false;             // likewise: that we own it
  bool saying_owned = false;

  // Whether `offset` lies in what whoever comes after us would suspect.
  bool covered(std::int64_t offset) const {
    return !traced || (said && offset < *said + Suspects::kStartWindow);
  }
  bool may_start() const { return !leaves && tracker.may_pull() && covered(tracker.next_start()); }
  bool has_suspects() const;
};

class Intake {
 public:
  using Partitions = std::vector<std::unique_ptr<AssignedPartition>>;

  // `shares` of the lanes; none: there is one lane. `warn` is told what an operator should know.
  explicit Intake(const std::vector<int>& shares,
                  std::function<void(const std::string&)> warn = {});

  void add(std::unique_ptr<AssignedPartition> partition);
  // True as done().
  bool remove(std::string_view topic, std::int32_t number);
  // All partitions of these.
  void remove_topics(const std::vector<std::string>& topics);
  AssignedPartition* find(std::string_view topic, std::int32_t number);
  const Partitions& partitions() const { return partitions_; }

  std::optional<Record> pull();
  // What is done may be of a partition that is gone. True: pull() may have something again, and
  // nobody else will tell.
  bool done(const Position& position);
  // We are about to end, and nothing more will be pulled: the commits disown all partitions from
  // now on, since whoever ends us before we are through is no request.
  void stop() { stopped_ = true; }

  // Whether a suspect is out or the next to be: who commits hurries, since all others wait.
  bool tries_one() const { return tried_.has_value(); }
  // Whether somebody waits for a commit of the partition.
  bool has_to_say(const AssignedPartition& partition) const;
  // The metadata of a commit that is about to be sent; the mark is the tracker's. The tracker must
  // have one.
  std::string say(AssignedPartition& partition, bool leaves);
  // The fate of that commit. True as done().
  bool said(AssignedPartition& partition, bool taken);

  // Whether a record of the partition that nobody tries any more (Record::crashes) was handed out
  // and is not done: its answer and its dead letter are on their way.
  bool gives_up(const AssignedPartition& partition) const;
  std::int64_t skipped_done() const { return skipped_done_; }

 private:
  std::optional<Record> pull_lane(std::size_t lane);
  std::optional<Record> pull_from(AssignedPartition& partition);
  std::optional<Record> take_held(AssignedPartition& partition);
  Record hand_out(Record record);
  void begin_anew(AssignedPartition& partition, std::int64_t offset);
  bool tries(const AssignedPartition& partition) const;
  bool try_nothing_of(const AssignedPartition& partition);

  const std::function<void(const std::string&)> warn_;
  Partitions partitions_;
  LaneTurns turns_;
  std::vector<std::size_t> cursors_;  // by lane: the partition that was asked last
  std::int64_t next_epoch_ = 1;
  // Handed out and not done, of lost partitions too: what they do to us is the same. By epoch,
  // which no two partitions share, and offset.
  std::set<std::pair<std::int64_t, std::int64_t>> out_;
  std::set<std::pair<std::int64_t, std::int64_t>> given_up_;  // of these, those of two deaths
  std::optional<Position> tried_;  // the one suspect that is out, or is the next to be
  bool stopped_ = false;
  std::int64_t skipped_done_ = 0;
};

}  // namespace farm::kafka
