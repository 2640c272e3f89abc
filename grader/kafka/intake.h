// Intake: which record of the assigned partitions is handed out next, and what the commits say of
// what was started. Pure: no Kafka (each partition brings its source), no clock, no threads (the
// caller locks).
//
// Theory of operation. Lanes take turns by shares (lane_turns.h), and the partitions of a lane take
// turns among themselves. Where starts are traced (start_marks.h), nothing is handed out before its
// mark was committed. So that throughput does not wait one round trip a record, some of each lane
// are taken from their sources ahead of demand ("staged") and marked by one commit; half of them
// are staged anew when half are gone.
//
// A record of kGivenUpCrashes is handed out at once: nobody starts it. Another that another process
// may have had waits, staged, until it is known what became of that one. If that ended, the record
// is a suspect, and then one suspect at a time is tried in the grader, while records that met no
// death go on beside it: the next suspect is marked when a commit has said that the one before is
// done. So of all that a grader that dies may have been at, one at most had met a death before:
// either it ends graders, or another one does that has met its first death now and is tried in its
// turn. No record beside a suspect can be taken for it, and an innocent meets a second death only
// where something else ends the very grader that tries it. Running suspects alone would not change
// that, and would leave all slots but one idle for as long as they take.
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
#include "grader/kafka/start_marks.h"

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
  StartMarks marks;
  bool saying = false;    // a commit of it is under way
  bool says_own = false;  // that one has marks of ours
  bool said_own = false;  // the last one that was taken has

  bool may_start() const {
    return !leaves && tracker.may_pull() &&
           (!traced || marks.size_below(tracker.next_start()) < StartMarks::kMaxMarks);
  }
};

class Intake {
 public:
  using Partitions = std::vector<std::unique_ptr<AssignedPartition>>;

  // `shares` of the lanes; none: there is one lane. `warn` is told what an operator should know.
  // `ahead`: how many records of a lane are staged ahead of demand; at least 1.
  explicit Intake(const std::vector<int>& shares, std::function<void(const std::string&)> warn = {},
                  std::size_t ahead = 1);

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
  // We are about to end, and nothing more is handed out: the commits take our name off all marks
  // from now on, since whoever ends us before we are through is no request.
  void stop();
  // The partition is about to be given up: nothing of it is handed out any more.
  void leave(AssignedPartition& partition);

  // Processes of which it has to be told what became of them.
  std::vector<ProcessId> awaited() const;
  // True as done().
  bool judge(ProcessId process, bool alive);

  // Whether something is to be committed that somebody waits for, of the partition.
  bool has_to_say(const AssignedPartition& partition) const;
  // Likewise, or is under way.
  bool awaits_commit(const AssignedPartition& partition) const;
  // Whether has_to_say() may have become true since this was asked last.
  bool take_news() { return std::exchange(news_, false); }
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
  // Taken from its source and not handed out yet.
  struct Staged {
    enum class State { kWaits, kToSay, kSaying, kSaid };
    Record record;
    std::size_t lane = 0;
    State state = State::kWaits;
  };
  // The suspect that is tried, until a commit said that it is through.
  struct Trial {
    enum class State { kStaged, kOut, kOver, kOverSaying };
    Position position;
    State state = State::kStaged;
  };

  void stage();
  bool stage_of_lane(std::size_t lane);
  bool stage_of(AssignedPartition& partition);
  void resolve();
  void begin_anew(AssignedPartition& partition, std::int64_t offset);
  AssignedPartition* partition_of(const Position& position);
  bool tries(const Position& position) const;
  bool drop_staged(const AssignedPartition& partition);

  const std::function<void(const std::string&)> warn_;
  const std::size_t ahead_;
  Partitions partitions_;
  LaneTurns turns_;
  std::vector<std::size_t> cursors_;  // by lane: the partition that was asked last
  std::int64_t next_epoch_ = 1;
  std::vector<Staged> staged_;  // in the order in which they were taken
  std::optional<Trial> trial_;
  // Handed out, not done, and of two deaths. By epoch, which no two partitions share, and offset.
  std::set<std::pair<std::int64_t, std::int64_t>> given_up_;
  bool stopped_ = false;
  bool news_ = false;
  std::int64_t skipped_done_ = 0;
};

}  // namespace farm::kafka
