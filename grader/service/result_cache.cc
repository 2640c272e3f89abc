#include "grader/service/result_cache.h"

#include <algorithm>
#include <utility>

#include "grader/os/sha256.h"

namespace farm::service {
namespace {

// What an entry costs beside its text: nodes of map and list, two keys.
constexpr Bytes kEntryOverhead{512};

Bytes size_of(const std::string& encoded) {
  return kEntryOverhead + Bytes{static_cast<std::int64_t>(encoded.size())};
}

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
  return os::sha256_hex(encode_request(bare));
}

bool ResultCache::may_keep(const EvaluationRequest& request, const EvaluationResult& result) {
  const Fault fault = result.fault();
  if (fault != Fault::kNone && fault != Fault::kSubmission) return false;
  // A compiler that was killed met a limit, which another time it might not.
  if (result.verdict == Verdict::kCompileError)
    return result.compile && result.compile->exit_code.value_or(0) != 0;
  // How far total_wall_ms lets a submission get is the host's pace.
  if (result.stopped_early && request.policy.run_all_cases) return false;
  const bool decided =
      result.verdict == Verdict::kAccepted ||
      std::any_of(result.cases.begin(), result.cases.end(),
                  [&](const CaseResult& one) { return one.verdict == result.verdict; });
  return decided && std::all_of(result.cases.begin(), result.cases.end(),
                                [](const CaseResult& one) { return one.attempts <= 1; });
}

std::optional<EvaluationResult> ResultCache::find(const std::string& key,
                                                  const EvaluationRequest& request,
                                                  SteadyTime now) {
  const std::lock_guard lock(mutex_);
  while (!by_age_.empty() && now - by_age_.front().kept_at > window_) drop_oldest();
  const auto at = entries_.find(key);
  if (at == entries_.end()) return std::nullopt;
  Expected<EvaluationResult> decoded = decode_result(at->second->encoded);
  if (!decoded) return std::nullopt;
  EvaluationResult result = *std::move(decoded);
  result.request_id = request.request_id;
  result.trainer = request.trainer;
  result.step = request.step;
  result.group = request.group;
  result.metadata_json = request.metadata_json;
  result.timings = {};
  result.cached = true;
  return result;
}

void ResultCache::keep(const std::string& key, const EvaluationResult& result, SteadyTime now) {
  std::string encoded = encode_result(result);
  const Bytes size = size_of(encoded);
  if (size > capacity_) return;
  const std::lock_guard lock(mutex_);
  if (entries_.contains(key)) return;  // two of them ran at the same time
  held_ = held_ + size;
  entries_[key] = by_age_.insert(by_age_.end(), {key, std::move(encoded), now});
  while (held_ > capacity_) drop_oldest();
}

void ResultCache::drop_oldest() {
  held_ = held_ - size_of(by_age_.front().encoded);
  entries_.erase(by_age_.front().key);
  by_age_.pop_front();
}

}  // namespace farm::service
