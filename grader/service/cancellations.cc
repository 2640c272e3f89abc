#include "grader/service/cancellations.h"

#include <algorithm>

#include "grader/os/files.h"

namespace farm::service {

Expected<StopSignal> StopSignal::create() {
  FARM_TRY(os::UniqueFd event, os::make_event_fd());
  return StopSignal(std::move(event));
}

void StopSignal::request(StopReason reason) {
  auto none = StopReason::kNone;
  if (!reason_.compare_exchange_strong(none, reason)) return;
  requested_ = true;
  os::signal_event(event_.get());
}

void StopSignal::clear() {
  os::clear_event(event_.get());
  requested_ = false;
  reason_ = StopReason::kNone;
}

Expected<std::unique_ptr<Cancellations>> Cancellations::create(int slots) {
  std::vector<StopSignal> signals;
  for (int slot = 0; slot < slots; ++slot) {
    FARM_TRY(StopSignal signal, StopSignal::create());
    signals.push_back(std::move(signal));
  }
  return std::unique_ptr<Cancellations>(new Cancellations(std::move(signals)));
}

Cancellations::Cancellations(std::vector<StopSignal> signals)
    : running_(signals.size()), signals_(std::move(signals)) {}

void Cancellations::add(const Cancel& cancel, std::int64_t published_unix_ms, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (cancel.step) remember({cancel.trainer, *cancel.step}, published_unix_ms, now);
  for (const std::string& id : cancel.request_ids)
    remember({cancel.trainer, id}, published_unix_ms, now);
  for (std::size_t slot = 0; slot < running_.size(); ++slot) {
    if (running_[slot] && is_taken_back(*running_[slot]))
      signals_[slot].request(StopReason::kCancelled);
  }
}

void Cancellations::remember(Key key, std::int64_t published_unix_ms, SteadyTime now) {
  Remembered& one = cancelled_[key];
  // Of two the later one means more; 0 means all.
  const bool means_all = one.mentions > 0 && one.published_unix_ms == 0;
  if (!means_all) {
    one.published_unix_ms =
        published_unix_ms == 0 ? 0 : std::max(one.published_unix_ms, published_unix_ms);
  }
  ++one.mentions;
  by_age_.emplace_back(now, std::move(key));
  while (by_age_.size() > kMaxRemembered || now - by_age_.front().first > kRemembered) {
    const auto oldest = cancelled_.find(by_age_.front().second);
    if (--oldest->second.mentions == 0) cancelled_.erase(oldest);
    by_age_.pop_front();
  }
}

bool Cancellations::covers(const Key& key, std::int64_t published_unix_ms) const {
  const auto at = cancelled_.find(key);
  if (at == cancelled_.end()) return false;
  return at->second.published_unix_ms == 0 || published_unix_ms <= at->second.published_unix_ms;
}

bool Cancellations::is_taken_back(const Running& running) const {
  if (covers({running.trainer, running.request_id}, running.published_unix_ms)) return true;
  return running.step && covers({running.trainer, *running.step}, running.published_unix_ms);
}

const StopSignal& Cancellations::begin(int slot, const EvaluationRequest& request,
                                       std::int64_t published_unix_ms) {
  const std::lock_guard lock(mutex_);
  const auto at = static_cast<std::size_t>(slot);
  StopSignal& signal = signals_.at(at);
  signal.clear();
  const Running& running =
      running_[at].emplace(Running{request.trainer, request.request_id, request.step,
                                   request.deadline_unix_ms, published_unix_ms});
  if (is_taken_back(running)) signal.request(StopReason::kCancelled);
  return signal;
}

void Cancellations::end(int slot) {
  const std::lock_guard lock(mutex_);
  running_.at(static_cast<std::size_t>(slot)).reset();
}

void Cancellations::expire(std::int64_t now_unix_ms) {
  const std::lock_guard lock(mutex_);
  for (std::size_t slot = 0; slot < running_.size(); ++slot) {
    const auto& one = running_[slot];
    if (one && one->deadline_unix_ms && now_unix_ms > *one->deadline_unix_ms)
      signals_[slot].request(StopReason::kExpired);
  }
}

}  // namespace farm::service
