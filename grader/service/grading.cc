#include "grader/service/grading.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "monitoring/log.h"

namespace farm::service {
namespace {

namespace log = monitoring::log;

constexpr int kStoreAttempts = 3;
constexpr Milliseconds kStorePause{50};
constexpr Milliseconds kBlobPatience{
    10'000};  // a shared directory may lag behind the record that names it

std::size_t limit_of(Bytes bytes) { return static_cast<std::size_t>(bytes.count); }

// Halves what the result carries of each output until it fits: a verdict must arrive even where its
// outputs cannot. `because` says why it is no blob.
std::string encode_within(EvaluationResult result, Bytes max, const std::string& because) {
  std::string encoded = encode_result(result);
  for (std::size_t keep = 16'384; encoded.size() > limit_of(max) && keep > 0; keep /= 2) {
    if (keep == 16'384) {
      result.warnings.push_back(
          "outputs were cut further, and fetched files and actual values left out: the answer is "
          "larger than one record takes and " +
          because);
    }
    result.files.clear();
    for (CaseResult& one : result.cases) {
      one.actual.reset();
      for (std::string* text : {&one.stdout_bytes, &one.stderr_bytes}) {
        if (text->size() <= keep) continue;
        text->resize(keep);
        one.truncated = true;
      }
    }
    if (result.compile) {
      for (std::string* text : {&result.compile->stdout_bytes, &result.compile->stderr_bytes}) {
        text->resize(std::min(text->size(), keep));
      }
    }
    encoded = encode_result(result);
  }
  return encoded;
}

// Again where the directory is full or has no descriptor just now.
Expected<BlobReference> store(const kafka::BlobStore& blobs, const std::string& content) {
  for (int attempts = 1;; ++attempts) {
    Expected<BlobReference> reference = blobs.put(content);
    if (reference || !reference.error().retryable() || attempts == kStoreAttempts) return reference;
    std::this_thread::sleep_for(kStorePause * attempts);
  }
}

// Outputs may be cut, for they say so. Fetched files that are not there would be taken for files
// that the submission did not make: then nothing is said of it.
EvaluationResult without_files(const EvaluationResult& result, const Error& error) {
  EvaluationResult failed = unjudged_result(
      {result.request_id, result.trainer, result.step, result.group, result.metadata_json},
      Verdict::kFarmError,
      "the answer with its fetched files could not be stored: " + error.text());
  failed.timings = result.timings;
  failed.grader = result.grader;
  return failed;
}

// `result` becomes what the answer says.
std::string encode_answer(EvaluationResult& result, const GradingSettings& settings) {
  std::string encoded = encode_result(result);
  if (encoded.size() <= limit_of(settings.max_answer)) return encoded;
  if (settings.blobs == nullptr)
    return encode_within(result, settings.max_answer, "no blob directory is configured");
  const auto reference = store(*settings.blobs, encoded);
  if (reference) return encode_blob_envelope({result.request_id, result.trainer, *reference});
  log::warning("answer could not be stored as a blob", {{"error", reference.error().text()}});
  if (!result.files.empty()) {
    result = without_files(result, reference.error());
    return encode_result(result);
  }
  return encode_within(result, settings.max_answer,
                       "the blob directory did not take it: " + reference.error().text());
}

EvaluationResult evaluate_or_recall(const EvaluationRequest& request, const Seat& seat,
                                    const Evaluate& evaluate, const GradingSettings& settings) {
  if (!request.policy.cache || settings.results == nullptr) return evaluate(request, seat);
  const std::string key = ResultCache::key_of(request);
  auto earlier = settings.results->find(key, request, std::chrono::steady_clock::now());
  if (earlier) return *std::move(earlier);
  EvaluationResult result = evaluate(request, seat);
  if (ResultCache::may_keep(request, result))
    settings.results->keep(key, result, std::chrono::steady_clock::now());
  return result;
}

std::string deadline_text(const EvaluationRequest& request) {
  return "deadline_unix_ms " + std::to_string(*request.deadline_unix_ms) + " passed ";
}

EvaluationResult evaluate_unless_stopped(const EvaluationRequest& request, const Seat& seat,
                                         const Evaluate& evaluate,
                                         const GradingSettings& settings) {
  const auto unjudged = [&request](Verdict verdict, std::string message) {
    return unjudged_result(
        {request.request_id, request.trainer, request.step, request.group, request.metadata_json},
        verdict, std::move(message));
  };
  if (seat.stop.reason() == StopReason::kCancelled)
    return unjudged(Verdict::kCancelled, "cancelled before grading began");
  if (request.deadline_unix_ms && now_unix_ms() > *request.deadline_unix_ms)
    return unjudged(Verdict::kExpired, deadline_text(request) + "before grading began");
  EvaluationResult result = evaluate_or_recall(request, seat, evaluate, settings);
  // What was cut short judges nobody, whoever cut it.
  if (result.verdict == Verdict::kCancelled && seat.stop.reason() == StopReason::kExpired)
    return unjudged(Verdict::kExpired, deadline_text(request) + "while it was graded");
  return result;
}

}  // namespace

std::int64_t now_unix_ms() {
  return std::chrono::duration_cast<Milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Opened open_request(const std::string& record_value, const GradingSettings& settings) {
  Opened opened;
  auto refuse = [&opened](const Error& error) {
    const Verdict verdict = error.request_fault() ? Verdict::kRejected : Verdict::kFarmError;
    opened.refusal = unjudged_result(opened.identity, verdict, error.text());
    opened.refusal.unserved = error.code == ErrorCode::kUnsupported;
    return opened;
  };
  Expected<std::optional<BlobEnvelope>> envelope = decode_blob_envelope(record_value);
  if (!envelope) return refuse(envelope.error());
  if (*envelope) {
    opened.identity.request_id = (*envelope)->request_id;
    opened.identity.trainer = (*envelope)->trainer;
    if (settings.blobs == nullptr) {
      return refuse(
          unsupported("/blob: this grader has no blob directory; start it with --blob-dir"));
    }
    auto content =
        settings.blobs->get((*envelope)->blob, settings.bounds.max_request, kBlobPatience);
    if (!content) return refuse(content.error());
    opened.body = std::move(*content);
  } else {
    opened.body = record_value;
  }
  auto request = decode_request(opened.body, settings.bounds);
  if (!request) {
    RequestIdentity identity = peek_identity(opened.body, settings.bounds);
    if (!identity.request_id.empty()) opened.identity = std::move(identity);
    return refuse(request.error());
  }
  opened.identity = {request->request_id, request->trainer, request->step, request->group,
                     request->metadata_json};
  opened.request = std::move(*request);
  return opened;
}

Answer grade(const EvaluationRequest& request, Milliseconds waited, const Seat& seat,
             const Evaluate& evaluate, const GradingSettings& settings) {
  const SteadyTime begun = std::chrono::steady_clock::now();
  EvaluationResult result = evaluate_unless_stopped(request, seat, evaluate, settings);
  const auto spent =
      std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun);
  result.timings.queue = std::max(Milliseconds(0), waited);
  result.timings.total = result.timings.queue + spent;
  return answer_of(std::move(result), request.submission.language, settings);
}

Answer answer_of(EvaluationResult result, const std::string& language,
                 const GradingSettings& settings) {
  result.grader = settings.identity;
  Answer answer;
  answer.bytes = encode_answer(result, settings);
  for (const CaseResult& one : result.cases) answer.facts.repeats += std::max(0, one.attempts - 1);
  answer.facts.verdict = result.verdict;
  answer.facts.language = language;
  answer.facts.timings = result.timings;
  if (result.compile && !result.compile->cached) answer.facts.compile = result.compile->wall;
  answer.facts.cached = result.cached;
  answer.result = std::move(result);
  return answer;
}

}  // namespace farm::service
