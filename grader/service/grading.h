// From one record's bytes to one answer's bytes: open the blob, decode, check the deadline,
// evaluate, encode. Knows no Kafka client; the service decides who gets the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "grader/kafka/blob_store.h"
#include "grader/service/cancellations.h"
#include "grader/service/result_cache.h"
#include "schemas/request.h"
#include "schemas/result.h"

namespace farm::service {

// Idle slots of this grader, for parts of one request. Thread-safe.
class SpareSlots {
 public:
  virtual ~SpareSlots() = default;
  // Calls `work` with a slot that is idle, on its thread, and returns at once; or false, and
  // nothing is called. The slot is the lender's again when `work` returns.
  virtual bool lend(std::function<void(int slot)> work) = 0;
  // A request waits for a slot: what was lent is to be given back soon.
  virtual bool wanted_back() const = 0;
};

// What a request is graded with.
struct Seat {
  int slot;
  SpareSlots& spare;
  const StopSignal& stop;
};

// Judges a decoded request on a slot. Never fails: what goes wrong is in the result. Every slot
// that it borrowed is back when it returns. After `stop` it returns within two seconds, with
// `cancelled` unless it was just coming to a verdict.
using Evaluate =
    std::function<EvaluationResult(const EvaluationRequest& request, const Seat& seat)>;

struct GradingSettings {
  const kafka::BlobStore* blobs = nullptr;  // not owned; null: blobs are refused
  ResultCache* results = nullptr;           // not owned; null: policy.cache does nothing
  DecodeBounds bounds;
  Bytes max_answer = kib(900);  // of one record; a larger answer becomes a blob, or is cut
  GraderIdentity identity;
};

// A record's content, read and checked, or why it could not be.
struct Opened {
  std::string body;                          // the request's JSON
  RequestIdentity identity;                  // as far as it could be read
  std::optional<EvaluationRequest> request;  // set if it is valid
  EvaluationResult refusal;  // set if not: rejected, or farm_error where a blob could not be read
};
Opened open_request(const std::string& record_value, const GradingSettings& settings);

// What is counted of an answer.
struct AnswerFacts {
  Verdict verdict = Verdict::kFarmError;
  std::string language;
  int repeats = 0;        // runs of cases beyond the first of each
  ResultTimings timings;  // until the answer was ready to be published
  std::optional<Milliseconds> compile;
  bool cached = false;  // nothing ran for it
};

struct Answer {
  std::string bytes;  // the record's value
  AnswerFacts facts;
  EvaluationResult result;  // what `bytes` says, whole: not cut and not a blob
};

// Evaluates (unless the deadline has passed, it was taken back, or policy.cache allows an earlier
// result and there is one) and encodes. `waited` is the time since it was published.
Answer grade(const EvaluationRequest& request, Milliseconds waited, const Seat& seat,
             const Evaluate& evaluate, const GradingSettings& settings);

// Encodes a result that needs no evaluation. Fills in the grader's identity.
Answer answer_of(EvaluationResult result, const std::string& language,
                 const GradingSettings& settings);

std::int64_t now_unix_ms();

}  // namespace farm::service
