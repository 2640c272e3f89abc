// PendingRequests: what a client has asked and was not told yet: who waits for which id, what has
// to be published (again) when, and how many bytes are under way. Pure: no Kafka, no clock (every
// call is told the time), no threads (the caller locks).
//
// Theory of operation. An entry goes kToPublish → kPublishing → kWaiting, and leaves by exactly one
// of answer(), take(), take_timed_out() or take_all(), so that each request is resolved once,
// however many answers arrive. A waiting entry is published again when its answer is overdue *and*
// there is a sign that it was lost: a request published later was answered already, or nothing at
// all was answered for as long. A long queue alone is neither, so a busy farm is not handed the
// same work twice. Each further copy waits twice as long as the one before.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::producer {

// Called exactly once for each request that was admitted.
using OnResult = std::function<void(EvaluationResult)>;

struct PendingRequest {
  RequestIdentity identity;
  // The record's value: the request's JSON, or the envelope of its blob. Shared with the publishes
  // under way.
  std::shared_ptr<const std::string> value;
  std::optional<std::int64_t> deadline_unix_ms;
  OnResult on_result;
  Priority priority = Priority::kNormal;
  // How often the client had taken requests back: an id that was taken back and is asked again is
  // another request, whose answers are its own.
  std::int64_t generation = 0;
};

// One record to be published now.
struct Publication {
  std::string request_id;
  std::string trainer;
  std::shared_ptr<const std::string> value;
  std::optional<std::int64_t> deadline_unix_ms;
  Priority priority = Priority::kNormal;
  std::int64_t generation = 0;
  int attempt = 1;       // 1 for the first time
  bool overdue = false;  // another copy of a record that was delivered
};

struct PendingLimits {
  Bytes max_outstanding;  // of record values; one larger record is admitted when it is alone
  std::int64_t max_requests = 0;  // entries
  // Before the second copy; then twice as long each time, up to kMaxBackoffFactor times.
  Milliseconds resubmit_after{0};
  Milliseconds request_timeout{0};  // from add() until the entry is given up
};

class PendingRequests {
 public:
  static constexpr int kMaxBackoffFactor = 8;
  // Ids that were answered and are still recognised as such; older ones count as unknown.
  static constexpr std::size_t kRememberedAnswers = 65'536;

  enum class Admission { kAdmitted, kDuplicate, kFull };
  enum class Known { kWaiting, kAnswered, kUnknown };

  explicit PendingRequests(PendingLimits limits) : limits_(limits) {}

  // Moves from `request` only if it is admitted. kDuplicate: the same id is under way; kFull:
  // has_room() is false. The new entry is published by the next take_due().
  Admission add(PendingRequest& request, SteadyTime now);
  // The same without regard to the window, for a caller that was promised room.
  Admission add_beyond_window(PendingRequest& request, SteadyTime now);
  bool contains(const std::string& request_id) const { return entries_.contains(request_id); }
  bool has_room(std::size_t value_bytes) const;

  // What has to be published now (retries and copies up to 20 ms late); each is under way until
  // delivered() or failed() tells its fate.
  std::vector<Publication> take_due(SteadyTime now);
  // The fate of the attempt; a stale attempt or an id that is gone is ignored.
  void delivered(const std::string& request_id, int attempt, SteadyTime now);
  void failed(const std::string& request_id, int attempt, SteadyTime publish_again_at);
  // Makes a waiting entry due at once: its answer is known to be lost.
  void publish_again(const std::string& request_id, SteadyTime now);

  // An id that waits in another generation is one that was answered: taken back.
  Known known(const std::string& request_id, std::int64_t generation = 0) const;
  // The identity that was admitted under this id; empty where nobody waits.
  RequestIdentity identity(const std::string& request_id) const;
  // The entry that waits for this id, removed and remembered as answered; nullopt where nobody
  // waits.
  std::optional<PendingRequest> answer(const std::string& request_id, SteadyTime now);
  // The same for an end without an answer.
  std::optional<PendingRequest> take(const std::string& request_id);
  // The same for requests that their caller takes back: remembered as answered, since a grader may
  // answer yet. Ids that nobody waits for are passed over.
  std::vector<PendingRequest> take_back(const std::vector<std::string>& request_ids);
  std::vector<PendingRequest> take_back_step(std::int64_t step);
  std::vector<PendingRequest> take_timed_out(SteadyTime now);
  std::vector<PendingRequest> take_all();

  std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
  Bytes outstanding() const { return outstanding_; }

 private:
  enum class State { kToPublish, kPublishing, kWaiting };
  struct Entry {
    PendingRequest request;
    State state = State::kToPublish;
    int attempts = 0;
    int copies = 0;                    // that were delivered
    std::uint64_t first_sequence = 0;  // of the first publish
    std::uint64_t last_sequence = 0;   // of the latest publish
    SteadyTime added;
    SteadyTime due;  // kToPublish: not before this; kWaiting: when it was delivered
  };
  using Entries = std::unordered_map<std::string, Entry>;

  bool is_overdue(const Entry& entry, SteadyTime now) const;
  PendingRequest remove(Entries::iterator at);
  void remember(const std::string& request_id);

  PendingLimits limits_;
  Entries entries_;
  // New entries, in order of admission, so that take_due() after add() does not look at the rest.
  std::deque<std::string> fresh_;
  SteadyTime next_scan_{};
  Bytes outstanding_;
  std::uint64_t sequence_ = 0;
  std::uint64_t highest_answered_ =
      0;  // over first_sequence: an answer may belong to any of its copies
  SteadyTime last_answer_{};
  std::unordered_set<std::string> answered_;
  std::deque<std::string> answered_order_;
};

}  // namespace farm::producer
