// OffsetTracker: which offsets of one partition are done, out of order, and what may be committed.
// Pure: no Kafka, no clock, no threads (the caller locks).
//
// Theory of operation. Requests of one partition finish in any order, but Kafka's committed offset
// is one number: all below it is done. So the tracker keeps a low-water mark (the first offset that
// is not done) and the runs of done offsets above it. Both are committed: the mark as the offset,
// the runs as commit metadata, so that the next owner of the partition does not grade again what
// was already answered. A gap holds back the mark, never the execution.
//
// Offsets that were never pulled count as done once a later one is pulled: a partition is pulled in
// order, so they do not exist (removed by retention or compaction, or taken by transaction
// markers). An offset below one that was pulled already means that the log itself began anew (the
// topic was lost); see rewinds().
//
// Metadata, version 1: "1:" and base64 (no padding) of varints (LEB128), in turn the length of a
// gap and of the run of done offsets behind it, from the mark upwards.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/expected.h"

namespace farm::kafka {

class OffsetTracker {
 public:
  // Kafka's default offset.metadata.max.bytes is 4096; above it the broker refuses the commit. The
  // rest is for what stands behind it (start_marks.h).
  static constexpr std::size_t kMaxMetadataBytes = 3100;
  // Distance between the mark and the highest started offset at which the partition is not pulled
  // any more, so that the done-map always fits: 2,000 alternating offsets take about 2,700 bytes.
  static constexpr std::int64_t kMaxSpan = 2000;

  // `committed` and `metadata` are what the group last committed (nullopt and "" when it never
  // did). Metadata that cannot be read is ignored: the price is a duplicate answer, which the
  // caller of the request drops.
  explicit OffsetTracker(std::optional<std::int64_t> committed = std::nullopt,
                         std::string_view metadata = {});

  // Whether `offset` lies below one that was pulled already. Then nothing known here holds for the
  // log any more, and start() forgets it all; the caller has to keep late done() calls of the old
  // log away (Consumer: a new epoch).
  bool rewinds(std::int64_t offset) const;
  // Called for every offset pulled, in order. False: it was answered by an earlier owner; skip it.
  bool start(std::int64_t offset);
  // The answer to `offset` was delivered. Idempotent; an offset that was never started is ignored.
  void done(std::int64_t offset);

  bool may_pull() const;  // the span allows another start
  std::optional<std::int64_t> committable()
      const;  // the mark; nullopt while nothing was ever started or committed
  // The done-map above the mark; at most kMaxMetadataBytes. What does not fit (its furthest runs)
  // is left out: the price is again a duplicate answer.
  std::string metadata() const;
  bool dirty() const { return dirty_; }  // something changed since mark_committed()
  void mark_committed() { dirty_ = false; }
  void mark_dirty() {
    dirty_ = true;
  }  // the commit failed: what mark_committed() said does not hold
  std::int64_t next_start() const { return next_start_; }  // highest started + 1
  std::int64_t span() const;                               // highest started + 1 - mark
  std::size_t done_above_mark() const;

 private:
  void add_run(std::int64_t begin, std::int64_t end);
  bool is_done(std::int64_t offset) const;

  std::optional<std::int64_t> mark_;
  std::int64_t next_start_ = 0;  // highest started + 1
  std::map<std::int64_t, std::int64_t>
      runs_;  // begin → end (exclusive) of done offsets; all above the mark, apart
  bool dirty_ = false;
};

}  // namespace farm::kafka
