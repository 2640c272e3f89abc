#include "grader/service/activity.h"

#include <algorithm>

namespace farm::service {

void Activity::begin(RunningRequest request, Milliseconds waited, SteadyTime now) {
  begin_part(std::move(request), now);
  const std::lock_guard lock(mutex_);
  waits_.emplace_back(now, std::max(Milliseconds(0), waited));
  while (waits_.size() > kMaxWaits || now - waits_.front().first > kWindow) waits_.pop_front();
}

void Activity::end(int slot, SteadyTime now) {
  end_part(slot, now);
  const std::lock_guard lock(mutex_);
  ++ended_;
}

void Activity::begin_part(RunningRequest request, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto slot = static_cast<std::size_t>(request.slot);
  running_.at(slot) = std::move(request);
  last_change_ = now;
}

void Activity::end_part(int slot, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  running_.at(static_cast<std::size_t>(slot)).reset();
  last_change_ = now;
}

std::vector<RunningRequest> Activity::running() const {
  const std::lock_guard lock(mutex_);
  std::vector<RunningRequest> all;
  for (const auto& one : running_) {
    if (one) all.push_back(*one);
  }
  return all;
}

QueueWaits Activity::waits(SteadyTime now) const {
  std::vector<Milliseconds> recent;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [begun, wait] : waits_) {
      if (now - begun <= kWindow) recent.push_back(wait);
    }
  }
  QueueWaits waits;
  waits.count = static_cast<std::int64_t>(recent.size());
  if (recent.empty()) return waits;
  std::sort(recent.begin(), recent.end());
  // Nearest rank: the smallest value that at least this share does not exceed.
  const auto rank = [&recent](std::size_t percent) {
    return recent[(recent.size() * percent + 99) / 100 - 1];
  };
  waits.median = rank(50);
  waits.p95 = rank(95);
  waits.longest = recent.back();
  return waits;
}

std::int64_t Activity::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

Activity::Pace Activity::pace() const {
  const std::lock_guard lock(mutex_);
  const bool full = std::all_of(running_.begin(), running_.end(),
                                [](const auto& one) { return one.has_value(); });
  return {full, last_change_};
}

}  // namespace farm::service
