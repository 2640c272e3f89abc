// Activity: what the slots of this grader do now and how the last requests waited. Written by the
// slots, read by whoever tells others (status_report.h) or must know whether the grader gets on
// (canary.h).
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/grader_status.h"
#include "schemas/units.h"

namespace farm::service {

// Thread-safe. Nothing blocks.
class Activity {
 public:
  // Queue waits older than this are forgotten, and of more than kMaxWaits the oldest.
  static constexpr Milliseconds kWindow{60'000};
  static constexpr std::size_t kMaxWaits = 10'000;

  explicit Activity(int slots) : running_(static_cast<std::size_t>(slots)) {}

  // A slot begins to grade this request, which `waited` since its publication.
  void begin(RunningRequest request, Milliseconds waited, SteadyTime now);
  void end(int slot, SteadyTime now);
  // A slot begins to help another one with its request, and ends.
  void begin_part(RunningRequest request, SteadyTime now);
  void end_part(int slot, SteadyTime now);

  // In slot order.
  std::vector<RunningRequest> running() const;
  QueueWaits waits(SteadyTime now) const;
  std::int64_t ended() const;  // since creation

  struct Pace {
    bool full = false;       // every slot grades something
    SteadyTime last_change;  // when a slot last began or ended; creation counts
  };
  Pace pace() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::optional<RunningRequest>> running_;  // by slot
  std::deque<std::pair<SteadyTime, Milliseconds>> waits_;
  std::int64_t ended_ = 0;
  SteadyTime last_change_ = std::chrono::steady_clock::now();
};

}  // namespace farm::service
