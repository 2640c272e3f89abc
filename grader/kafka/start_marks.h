// StartMarks: which records of one partition somebody may have started, and how many graders ended
// with each. Pure: no Kafka, no clock, no threads (the caller locks).
//
// Theory of operation. Before a record is started, a mark of it stands in the commit metadata of
// its partition: who starts it, and how many ended with it before. It goes with the first commit
// after it was done. Who gives a partition up in order takes its name off its marks. So whoever
// takes over and finds a name of another process knows exactly what that one may have been at, and
// nothing else; it begins none of that before it is told (judge()) whether that process ended,
// which is a death that each of these records has met, or lives on, which is none. Its own name is
// no death either: it is alive.
//
// Text: ";m:" and base64 of varints behind the done-map of OffsetTracker: the number of owners and
// their ids; then in pairs the distance from the offset before (first: the commit mark) and
// crashes * (owners + 1) + the owner's place among them (from 1; 0: nobody).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace farm::kafka {

// A grader process, on whatever host: a random number above 0, the same for as long as it runs. 0:
// nobody.
using ProcessId = std::int64_t;
ProcessId draw_process_id();

class StartMarks {
 public:
  // Of one partition. While so many below what is read next are not done, no more of it is started.
  static constexpr std::size_t kMaxMarks = 128;
  static constexpr std::size_t kMaxOwners =
      8;                                 // in the text; what is of more is said to be nobody's
  static constexpr int kMaxCrashes = 9;  // counted
  // With OffsetTracker::kMaxMetadataBytes below what brokers take. A mark takes 4 of them as long
  // as it is within OffsetTracker::kMaxSpan; of more, the furthest are left out.
  static constexpr std::size_t kMaxTextBytes = 900;

  explicit StartMarks(ProcessId self = 0) : self_(self) {}
  // What was last committed with `mark`: all of its metadata. Without a readable text of ours there
  // are no marks.
  StartMarks(ProcessId self, std::int64_t mark, std::string_view metadata);

  ProcessId self() const { return self_; }
  std::size_t size() const { return marks_.size(); }
  std::size_t size_below(std::int64_t end) const;
  bool contains(std::int64_t offset) const { return marks_.contains(offset); }
  // How many graders ended with this record, as far as it is known.
  int crashes(std::int64_t offset) const;
  // Whether it is not known yet what became of the process that may have started it.
  bool waits(std::int64_t offset) const;
  // Those processes.
  std::vector<ProcessId> awaited() const;
  // What became of one of them. Whether that changed anything.
  bool judge(ProcessId owner, bool alive);

  // We are about to start it.
  void begin(std::int64_t offset) { marks_[offset].owner = self_; }
  void done(std::int64_t offset) { marks_.erase(offset); }
  // The log has nothing in [begin, end).
  void skip(std::int64_t begin, std::int64_t end);

  // Whether one of them is ours.
  bool any_own() const;
  // With `hand_over` none is said to be ours.
  std::string text(std::int64_t mark, bool hand_over) const;

  // The part of a metadata that is OffsetTracker's.
  static std::string_view done_map_of(std::string_view metadata);

 private:
  struct Mark {
    ProcessId owner = 0;
    int crashes = 0;
  };
  using Marks = std::map<std::int64_t, Mark>;  // by offset
  // Those of `mark` and above that say anything.
  Marks to_say(std::int64_t mark, bool hand_over) const;

  ProcessId self_;
  Marks marks_;
};

}  // namespace farm::kafka
