#include "producer/pending.h"

#include <algorithm>
#include <utility>

namespace farm::producer {
namespace {

// Whole scans are O(entries): often enough for timers of seconds, too rare to matter with 10^5
// entries.
constexpr Milliseconds kScanInterval{20};

}  // namespace

PendingRequests::Admission PendingRequests::add(PendingRequest& request, SteadyTime now) {
  if (entries_.contains(request.identity.request_id)) return Admission::kDuplicate;
  if (!has_room(request.value->size())) return Admission::kFull;
  return add_beyond_window(request, now);
}

PendingRequests::Admission PendingRequests::add_beyond_window(PendingRequest& request,
                                                              SteadyTime now) {
  const std::string id = request.identity.request_id;
  if (entries_.contains(id)) return Admission::kDuplicate;
  outstanding_.count += static_cast<std::int64_t>(request.value->size());
  Entry entry;
  entry.request = std::move(request);
  entry.added = now;
  entry.due = now;
  entries_.emplace(id, std::move(entry));
  fresh_.push_back(id);
  return Admission::kAdmitted;
}

bool PendingRequests::has_room(std::size_t value_bytes) const {
  if (entries_.empty()) return true;
  return size() < limits_.max_requests &&
         outstanding_ + Bytes{static_cast<std::int64_t>(value_bytes)} <= limits_.max_outstanding;
}

std::vector<Publication> PendingRequests::take_due(SteadyTime now) {
  std::vector<Publication> due;
  const auto publish = [&](const std::string& id, Entry& entry, bool overdue) {
    entry.state = State::kPublishing;
    entry.attempts += 1;
    entry.last_sequence = ++sequence_;
    if (entry.attempts == 1) entry.first_sequence = sequence_;
    due.push_back({id, entry.request.identity.trainer, entry.request.value,
                   entry.request.deadline_unix_ms, entry.request.priority, entry.request.generation,
                   entry.attempts, overdue});
  };
  for (; !fresh_.empty(); fresh_.pop_front()) {
    const auto at = entries_.find(fresh_.front());
    if (at != entries_.end() && at->second.attempts == 0) publish(at->first, at->second, false);
  }
  if (now < next_scan_) return due;
  next_scan_ = now + kScanInterval;
  for (auto& [id, entry] : entries_) {
    const bool late = is_overdue(entry, now);
    if (late || (entry.state == State::kToPublish && now >= entry.due)) publish(id, entry, late);
  }
  return due;
}

bool PendingRequests::is_overdue(const Entry& entry, SteadyTime now) const {
  if (entry.state != State::kWaiting) return false;
  const int doublings = std::clamp(entry.copies - 1, 0, 30);
  const int factor = std::min(1 << doublings, kMaxBackoffFactor);
  if (now - entry.due < limits_.resubmit_after * factor) return false;
  const bool overtaken = highest_answered_ > entry.last_sequence;
  const bool silent = now - last_answer_ >= limits_.resubmit_after;
  return overtaken || silent;
}

void PendingRequests::delivered(const std::string& request_id, int attempt, SteadyTime now) {
  const auto at = entries_.find(request_id);
  if (at == entries_.end() || at->second.attempts != attempt) return;
  at->second.state = State::kWaiting;
  at->second.copies += 1;
  at->second.due = now;
}

void PendingRequests::failed(const std::string& request_id, int attempt,
                             SteadyTime publish_again_at) {
  const auto at = entries_.find(request_id);
  if (at == entries_.end() || at->second.attempts != attempt) return;
  at->second.state = State::kToPublish;
  at->second.due = publish_again_at;
}

void PendingRequests::publish_again(const std::string& request_id, SteadyTime now) {
  const auto at = entries_.find(request_id);
  if (at == entries_.end() || at->second.state != State::kWaiting) return;
  at->second.state = State::kToPublish;
  at->second.due = now;
}

PendingRequests::Known PendingRequests::known(const std::string& request_id,
                                              std::int64_t generation) const {
  const auto at = entries_.find(request_id);
  if (at != entries_.end()) {
    return at->second.request.generation == generation ? Known::kWaiting : Known::kAnswered;
  }
  return answered_.contains(request_id) ? Known::kAnswered : Known::kUnknown;
}

RequestIdentity PendingRequests::identity(const std::string& request_id) const {
  const auto at = entries_.find(request_id);
  return at == entries_.end() ? RequestIdentity{} : at->second.request.identity;
}

std::optional<PendingRequest> PendingRequests::answer(const std::string& request_id,
                                                      SteadyTime now) {
  const auto at = entries_.find(request_id);
  if (at == entries_.end()) return std::nullopt;
  highest_answered_ = std::max(highest_answered_, at->second.first_sequence);
  last_answer_ = now;
  remember(request_id);
  return remove(at);
}

std::optional<PendingRequest> PendingRequests::take(const std::string& request_id) {
  const auto at = entries_.find(request_id);
  if (at == entries_.end()) return std::nullopt;
  return remove(at);
}

std::vector<PendingRequest> PendingRequests::take_back(
    const std::vector<std::string>& request_ids) {
  std::vector<PendingRequest> out;
  for (const std::string& id : request_ids) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) continue;
    remember(id);
    out.push_back(remove(at));
  }
  return out;
}

std::vector<PendingRequest> PendingRequests::take_back_step(std::int64_t step) {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.request.identity.step == step) ids.push_back(id);
  }
  return take_back(ids);
}

std::vector<PendingRequest> PendingRequests::take_timed_out(SteadyTime now) {
  std::vector<PendingRequest> out;
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    if (now - at->second.added >= limits_.request_timeout) out.push_back(remove(at));
    at = next;
  }
  return out;
}

std::vector<PendingRequest> PendingRequests::take_all() {
  std::vector<PendingRequest> out;
  while (!entries_.empty()) out.push_back(remove(entries_.begin()));
  return out;
}

PendingRequest PendingRequests::remove(Entries::iterator at) {
  PendingRequest request = std::move(at->second.request);
  outstanding_.count -= static_cast<std::int64_t>(request.value->size());
  entries_.erase(at);
  return request;
}

void PendingRequests::remember(const std::string& request_id) {
  if (!answered_.insert(request_id).second) return;
  answered_order_.push_back(request_id);
  if (answered_order_.size() > kRememberedAnswers) {
    answered_.erase(answered_order_.front());
    answered_order_.pop_front();
  }
}

}  // namespace farm::producer
