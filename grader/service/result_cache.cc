#include "grader/service/result_cache.h"

#include <algorithm>
#include <utility>

#include "grader/kafka/blob_store.h"

namespace farm::service {
namespace {

// What an entry costs beside its strings: nodes of map and list, two keys, the result's members.
constexpr Bytes kEntryOverhead{2048};

}  // namespace

std::string ResultCache::key_of(const EvaluationRequest& request) {
  EvaluationRequest bare = request;
  bare.request_id.clear();
  bare.trainer.clear();
  bare.step.reset();
  bare.group.reset();
  bare.metadata_json = "{}";
  bare.priority = {};
  bare.deadline_unix_ms.reset();
  return kafka::sha256_hex(encode_request(bare));
}

bool ResultCache::may_keep(const EvaluationResult& result) {
  const Fault fault = result.fault();
  const bool judged = fault == Fault::kNone || fault == Fault::kSubmission;
  const bool at_once = std::all_of(result.cases.begin(), result.cases.end(),
                                   [](const CaseResult& one) { return one.attempts <= 1; });
  // Else some case decided, and its verdict is the request's.
  const bool decided =
      result.verdict == Verdict::kAccepted || result.verdict == Verdict::kCompileError ||
      std::any_of(result.cases.begin(), result.cases.end(),
                  [&](const CaseResult& one) { return one.verdict == result.verdict; });
  return judged && at_once && decided;
}

std::optional<EvaluationResult> ResultCache::find(const std::string& key,
                                                  const EvaluationRequest& request,
                                                  SteadyTime now) {
  const std::lock_guard lock(mutex_);
  while (!by_age_.empty() && now - by_age_.front().kept_at > window_) drop_oldest();
  const auto at = entries_.find(key);
  if (at == entries_.end()) return std::nullopt;
  EvaluationResult result = at->second->result;
  result.request_id = request.request_id;
  result.trainer = request.trainer;
  result.step = request.step;
  result.group = request.group;
  result.metadata_json = request.metadata_json;
  result.timings = {};
  result.cached = true;
  return result;
}

void ResultCache::keep(const std::string& key, EvaluationResult result, SteadyTime now) {
  const Bytes size =
      kEntryOverhead + Bytes{static_cast<std::int64_t>(encode_result(result).size())};
  if (size > capacity_) return;
  const std::lock_guard lock(mutex_);
  if (entries_.contains(key)) return;  // two of them ran at the same time
  held_ = held_ + size;
  entries_[key] = by_age_.insert(by_age_.end(), {key, std::move(result), size, now});
  while (held_ > capacity_) drop_oldest();
}

void ResultCache::drop_oldest() {
  held_ = held_ - by_age_.front().size;
  entries_.erase(by_age_.front().key);
  by_age_.pop_front();
}

}  // namespace farm::service
