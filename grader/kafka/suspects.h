// Suspects: which records of one partition may have ended the grader that had them. Pure: no Kafka,
// no clock, no threads (the caller locks).
//
// Theory of operation. Whoever owns a partition has said so in the commit metadata before it starts
// the first record, and has not unsaid it unless it gave the partition up in order. So who finds it
// said took over from a grader that died. What that one had started and not done lies between the
// commit mark and what it had last said it had started, and kStartWindow beyond: no more is started
// before it is said; and not beyond the end of the log. These are suspects. Each is started only
// after its attempt was committed, and one at a time in a grader, so that whoever takes over from
// the next death knows which it was: that one has met two deaths.
//
// Text: ";s:" and base64 of varints behind the done-map of OffsetTracker: 1 while owned, else 0;
// the end of the suspects and the highest started offset, both + 1 and less the mark; and in pairs
// the distance from the one before (first: the mark) and the attempts of offsets that were tried.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace farm::kafka {

class Suspects {
 public:
  static constexpr std::int64_t kStartWindow = 64;
  static constexpr std::size_t kMaxAttempts = 6;  // remembered; of more, the furthest are not
  static constexpr std::size_t kMaxTextBytes =
      90;  // with kMaxMetadataBytes below what brokers take

  Suspects() = default;
  // What the last owner committed with `mark`: all of its metadata. Without a readable text of ours
  // nobody is suspected.
  Suspects(std::int64_t mark, std::string_view metadata);

  // How many graders ended with this record, as far as it is known.
  int crashes(std::int64_t offset) const;
  // A suspect is about to be started.
  void begin(std::int64_t offset) { ++attempts_[offset]; }
  void done(std::int64_t offset) { attempts_.erase(offset); }
  // It was given up in order, alive: that attempt says nothing.
  void forget_attempt(std::int64_t offset);
  bool any_from(std::int64_t offset) const { return offset < end_; }
  // The log ends there, so that nobody can have started what lies beyond: what is published there
  // later is above suspicion.
  void end_at(std::int64_t log_end) { end_ = std::min(end_, log_end); }

  // `next_start`: the highest started offset + 1; nothing was started if it is not above the mark.
  std::string text(std::int64_t mark, std::int64_t next_start, bool owned) const;

  // The part of a metadata that is OffsetTracker's.
  static std::string_view done_map_of(std::string_view metadata);

 private:
  std::int64_t end_ = 0;  // of the suspects: all below that are not done
  std::map<std::int64_t, std::int64_t> attempts_;
};

}  // namespace farm::kafka
