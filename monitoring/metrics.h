// Metrics: what one process counts, by typed methods, so that no caller can misspell a name or
// invent a label. Only service/ and the mains record; lower layers return numbers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/verdict.h"

namespace farm::monitoring {

// Any std::chrono duration converts. Negative ones (clock skew between hosts) are recorded as 0.
using Seconds = std::chrono::duration<double>;

// A snapshot of a Kafka consumer: totals since its creation, and gauges.
struct ConsumerNumbers {
  std::int64_t assigned_partitions = 0;
  std::int64_t rebalances = 0;
  std::int64_t commits = 0;
  std::int64_t commit_failures = 0;
  std::int64_t commit_span = 0;
  std::int64_t commit_metadata_bytes = 0;
  std::int64_t duplicates = 0;  // redelivered although answered; added to duplicates_total
};

// A snapshot of the compile cache: totals since the start, and a gauge.
struct CompileCacheNumbers {
  std::int64_t hits = 0;
  std::int64_t misses = 0;
  std::int64_t failures = 0;
  std::int64_t bytes = 0;
};

// What became of a request that the filter of bad cases took.
enum class BadCaseOutcome { kWritten, kPublished, kDropped, kFailed };
std::string_view word(BadCaseOutcome);

// Owns the registry. Every method is thread-safe and takes about a microsecond. Metrics without a
// language exist with 0 from the start, so that a rate over them has a first value.
class Metrics {
 public:
  // What requests call a language that was not declared: the label must not be a place where
  // hostile requests can make up time series.
  static constexpr std::string_view kOtherLanguage = "other";

  static constexpr std::array<std::string_view, 4> kCanaryOutcomes = {"answered", "wrong",
                                                                      "unpublished", "lost"};

  Metrics(std::string_view version, std::string_view pool);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Makes `language` (its id, not an alias) a label value, and says whether it can be graded here.
  // To be called for each language file before requests are recorded; again when its self-test
  // changes its mind. From then on an available language's requests count from 0 for each verdict:
  // a counter that is born with 1 hides its first increase from rate().
  void declare_language(std::string_view language, bool available);

  void count_request(std::string_view language, Verdict verdict);
  void observe_queue_wait(std::string_view language, Seconds wait);
  void observe_compile(std::string_view language, Seconds wall);
  void observe_run(std::string_view language, Seconds wall);
  void observe_end_to_end(std::string_view language, Seconds wall);

  void set_requests_in_flight(std::int64_t requests);
  void set_slots(std::int64_t busy, std::int64_t idle);

  void count_retry();
  void count_duplicate();
  void count_cached();
  void count_reply_failed();
  void count_dead_letter();
  void count_forwarded();
  void count_launcher_restart();
  void count_bad_case(BadCaseOutcome outcome);

  // `outcome` is one of kCanaryOutcomes.
  void count_canary(std::string_view outcome);
  void observe_canary(Seconds took, std::chrono::system_clock::time_point answered);

  // Sets the gauges and advances the counters to the snapshot's totals. A total that went back (a
  // new consumer) counts from 0 again.
  void record_consumer(const ConsumerNumbers& numbers);
  void record_compile_cache(const CompileCacheNumbers& numbers);

  // The text exposition format 0.0.4.
  // Source: prometheus.io/docs/instrumenting/exposition_formats.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace farm::monitoring
