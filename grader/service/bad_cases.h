// Bad cases: requests that somebody should look at, kept with their results so that they can be
// graded again (`gradefarm replay`). A filter says which; a sink keeps them as files of one
// directory, as records of the topic grading.bad-cases, or both.
//
// Nothing here may hold up grading or change a verdict: offering costs a look at the result, and a
// copy of what the filter takes; a thread of its own does the rest. What it cannot keep up with, or
// fails to write, is counted (gradefarm_bad_cases_total) and logged, and lost.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "grader/kafka/blob_store.h"
#include "grader/kafka/producer.h"
#include "grader/os/capped_directory.h"
#include "monitoring/metrics.h"
#include "schemas/bad_case.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::service {

// Whether total_wall_ms kept some case from being run. Not in the result as such: it follows from
// cases that are `not_run` although neither a failed case, nor the compiler, nor a cancellation
// stopped the request. Pure.
bool cut_short_by_total_wall(const EvaluationRequest& request, const EvaluationResult& result);

// Words separated by commas; a request is taken if any of them fits. Immutable; pure.
//   time_limit …          the request's verdict
//   fault:farm …          whose fault it is: none, submission, request, farm
//   not_run               some case was not run, for whatever reason
//   total_wall            cut_short_by_total_wall()
//   sample:0.01           this share of all requests, chosen by the request's id: the same ones
//                         everywhere and again
class BadCaseFilter {
 public:
  // Errors: kInvalidRequest quoting the word that is none. An empty text takes nothing.
  static Expected<BadCaseFilter> parse(std::string_view text);

  // `request` is null where it could not be read.
  bool takes(const EvaluationRequest* request, const EvaluationResult& result) const;

 private:
  std::set<Verdict> verdicts_;
  std::set<Fault> faults_;
  bool not_run_ = false;
  bool total_wall_ = false;
  double sample_ = 0;
};

struct BadCaseSettings {
  BadCaseFilter filter;
  GraderIdentity grader;
  std::optional<os::CappedDirectory> directory;
  kafka::Producer* topic = nullptr;         // not owned; null: no records
  const kafka::BlobStore* blobs = nullptr;  // not owned; for dumps that no record takes
  Bytes max_record = kib(900);              // a larger dump becomes a blob
  Bytes max_waiting = mib(64);              // of dumps not written yet; more are dropped
};

class BadCases {
 public:
  // Starts the thread. `metrics` and what the settings point to must outlive it.
  BadCases(BadCaseSettings settings, monitoring::Metrics& metrics);
  ~BadCases();  // close()
  BadCases(const BadCases&) = delete;
  BadCases& operator=(const BadCases&) = delete;

  // Keeps the request if the filter takes it. `body` is what was sent. Thread-safe; does not block.
  void offer(std::string_view body, const EvaluationRequest* request,
             const EvaluationResult& result);

  // Keeps what was offered so far and ends the thread; what is offered from now on is lost. Waits
  // at most 5 s for the broker. Idempotent.
  void close();

 private:
  struct Waiting {
    BadCase bad_case;
    Bytes size;  // about
  };
  void run();
  void keep(const BadCase& bad_case);
  void write(const BadCase& bad_case, const std::string& text);
  void publish(const BadCase& bad_case, std::string text);
  void count(monitoring::BadCaseOutcome outcome, const std::string& problem);

  BadCaseSettings settings_;
  monitoring::Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  Bytes waiting_size_;
  bool closing_ = false;
  std::mutex log_mutex_;  // guards the two below
  SteadyTime next_complaint_;
  std::int64_t unsaid_ = 0;  // failures since the last line of the log
  std::thread thread_;       // last: uses everything above
};

}  // namespace farm::service
