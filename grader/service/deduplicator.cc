#include "grader/service/deduplicator.h"

#include <utility>

namespace farm::service {
namespace {

// What an answered entry costs beside its answer: keys, fingerprint, nodes of map and list.
constexpr Bytes kEntryOverhead{512};

}  // namespace

Deduplicator::Begun Deduplicator::begin(const std::string& trainer, const std::string& request_id,
                                        const std::string& fingerprint, const Waiting& waiting) {
  const std::lock_guard lock(mutex_);
  const auto [at, inserted] = entries_.try_emplace(Key(trainer, request_id));
  Entry& entry = at->second;
  if (inserted) {
    entry.fingerprint = fingerprint;
    return {Kind::kNew, {}};
  }
  return known(entry, fingerprint, waiting);
}

Deduplicator::Begun Deduplicator::find(const std::string& trainer, const std::string& request_id,
                                       const std::string& fingerprint, const Waiting& waiting) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(Key(trainer, request_id));
  return at == entries_.end() ? Begun{} : known(at->second, fingerprint, waiting);
}

Deduplicator::Begun Deduplicator::known(Entry& entry, const std::string& fingerprint,
                                        const Waiting& waiting) {
  if (entry.fingerprint != fingerprint) return {Kind::kConflict, {}};
  if (entry.running) {
    entry.waiting.push_back(waiting);
    return {Kind::kRunning, {}};
  }
  return {Kind::kAnswered, entry.answer};
}

std::vector<Waiting> Deduplicator::finish(const std::string& trainer, const std::string& request_id,
                                          const std::string& answer, bool keep) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(Key(trainer, request_id));
  if (at == entries_.end()) return {};
  std::vector<Waiting> waiting = std::move(at->second.waiting);
  if (!keep) {
    entries_.erase(at);
    return waiting;
  }
  Entry& entry = at->second;
  entry.running = false;
  entry.waiting.clear();
  entry.answer = answer;
  entry.age = by_age_.insert(by_age_.end(), at->first);
  held_ = held_ + kEntryOverhead + Bytes{static_cast<std::int64_t>(answer.size())};
  while (held_ > capacity_ && !by_age_.empty()) {
    const auto oldest = entries_.find(by_age_.front());
    held_ = held_ - kEntryOverhead - Bytes{static_cast<std::int64_t>(oldest->second.answer.size())};
    entries_.erase(oldest);
    by_age_.pop_front();
  }
  return waiting;
}

}  // namespace farm::service
