// Cancellations: what has to stop, of what this grader grades or will be asked to: requests that
// their trainer took back, and those whose deadline passes while they are graded.
//
// Theory of operation. Cancels are broadcast: every grader is told each of them, and remembers it
// for as long as a request that it means may still wait in Kafka. A request that begins is looked
// up; one that runs is told by the signal of its slot. The signal never judges: what stopped says
// so in its result, and what ended just before keeps its verdict.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "grader/os/unique_fd.h"
#include "schemas/cancel.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/units.h"

namespace farm::service {

enum class StopReason { kNone, kCancelled, kExpired };

// Tells a slot that its request is to stop, and why. Thread-safe.
class StopSignal {
 public:
  static Expected<StopSignal> create();

  StopReason reason() const { return reason_; }
  // Whether there is one, for who only asks.
  const std::atomic<bool>& requested() const { return requested_; }
  // Readable from then on; never to be read from.
  int fd() const { return event_.get(); }

  void request(StopReason reason);  // the first one counts
  void clear();                     // while nobody listens

  StopSignal(StopSignal&& other) noexcept : event_(std::move(other.event_)) {}

 private:
  explicit StopSignal(os::UniqueFd event) : event_(std::move(event)) {}

  std::atomic<StopReason> reason_{StopReason::kNone};
  std::atomic<bool> requested_{false};
  os::UniqueFd event_;
};

// Thread-safe. Nothing blocks.
class Cancellations {
 public:
  // As long as grading.cancels keeps records; what is older is left to deadlines.
  static constexpr Milliseconds kRemembered{3'600'000};
  // Ids and steps; of more, the oldest are forgotten. About 200 bytes each.
  static constexpr std::size_t kMaxRemembered = 200'000;

  static Expected<std::unique_ptr<Cancellations>> create(int slots);

  // A trainer took requests back at this time, by the clock of whoever published the cancel; 0:
  // nobody knows. What runs is told.
  void add(const Cancel& cancel, std::int64_t published_unix_ms, SteadyTime now);

  // The slot begins with a request that was published at this time (0: nobody knows). The signal
  // says when to stop, which may be at once; it is valid until end().
  const StopSignal& begin(int slot, const EvaluationRequest& request,
                          std::int64_t published_unix_ms);
  void end(int slot);

  // Tells what runs beyond its deadline. Call about every 100 ms.
  void expire(std::int64_t now_unix_ms);

 private:
  // A trainer with an id, or with a step.
  using Key = std::pair<std::string, std::variant<std::string, std::int64_t>>;
  struct Running {
    std::string trainer, request_id;
    std::optional<std::int64_t> step, deadline_unix_ms;
    std::int64_t published_unix_ms = 0;
  };
  struct Remembered {
    std::int64_t published_unix_ms = 0;
    std::size_t mentions = 0;  // in by_age_
  };

  explicit Cancellations(std::vector<StopSignal> signals);
  void remember(Key key, std::int64_t published_unix_ms, SteadyTime now);
  bool covers(const Key& key, std::int64_t published_unix_ms) const;
  bool is_taken_back(const Running& running) const;

  mutable std::mutex mutex_;
  std::map<Key, Remembered> cancelled_;
  std::deque<std::pair<SteadyTime, Key>> by_age_;  // oldest first
  std::vector<std::optional<Running>> running_;    // by slot
  std::vector<StopSignal> signals_;                // by slot
};

}  // namespace farm::service
