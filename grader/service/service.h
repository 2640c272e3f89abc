// Service: the life of a grader between start and drain. Pulls a record when a slot is free, grades
// it there, publishes the answer, and lets the offset be committed once the answer was delivered.
//
// Theory of operation. One loop (run(), on its caller's thread) pulls and dispatches; one thread a
// slot grades; the producer's thread reports deliveries. A record's path: pull → [slot: open →
// deduplicate → grade] → publish → (broker says delivered) → Consumer::done → committed.
// Backpressure is by not pulling: as many records are out of Kafka as there are busy slots and
// unsettled answers, and the latter are bounded. Slots that nobody needs are lent to requests with
// many cases; while some are, one record is pulled ahead, which asks for one of them back. Whatever
// dies on the way leaves the offset uncommitted, so that the record comes again, here or at another
// grader.
//
// What this grader lacks (a language, isolation) another one of the pool may have: such a request
// is published again, with its time and address, and refused only after three graders.
//
// What a trainer takes back (on_cancel) is not begun, and stopped where it runs; so is what runs
// when its deadline passes. Both are answered like all else.
//
// Draining (request_stop): no more pulls; what runs may finish within the drain timeout and is
// published and committed; what does not is left uncommitted and will be redelivered.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "grader/evaluate/compile_cache.h"
#include "grader/kafka/consumer.h"
#include "grader/kafka/producer.h"
#include "grader/os/unique_fd.h"
#include "grader/service/activity.h"
#include "grader/service/bad_cases.h"
#include "grader/service/cancellations.h"
#include "grader/service/deduplicator.h"
#include "grader/service/grading.h"
#include "grader/service/publish.h"
#include "grader/service/status_report.h"
#include "grader/service/worker_pool.h"
#include "monitoring/health.h"
#include "monitoring/metrics.h"
#include "schemas/expected.h"

namespace farm::service {

struct ServiceSettings {
  int slots = 1;
  Milliseconds drain_timeout{30'000};
  Bytes answer_cache = mib(64);  // of recent answers, for repeats
  std::string grader_id;
  GradingSettings grading;
  std::function<std::int64_t()> launcher_restarts;        // total so far; may be empty
  const evaluate::CompileCache* compile_cache = nullptr;  // to report on; not owned; may be null
  std::optional<StatusSettings> status;                   // unset: no reports to grading.status
};

// What its collaborators are; all outlive it.
struct ServiceParts {
  kafka::Consumer& consumer;
  kafka::Producer& producer;
  monitoring::Metrics& metrics;
  monitoring::Health& health;
  Evaluate evaluate;
  BadCases* bad_cases = nullptr;  // null: none are kept
};

class Service {
 public:
  static Expected<std::unique_ptr<Service>> create(ServiceSettings settings, ServiceParts parts);

  // Serves until request_stop(), then drains. Errors: kInternal when the consumer fails for good.
  // Call once.
  Expected<Done> run();
  // Any thread; async-signal-safe.
  void request_stop();
  // A record of grading.cancels. Any thread; does not block.
  void on_cancel(const kafka::Record& record);
  // Slots that still run something: after run() those that the drain timeout cut off.
  int busy() const { return pool_->busy(); }
  // Whether request_stop() was called.
  bool stopping() const { return stopping_; }
  const Activity& activity() const { return activity_; }

 private:
  // The slots beside the one that grades `request`.
  class Spare;
  Service(ServiceSettings settings, ServiceParts parts, std::unique_ptr<WorkerPool> pool,
          std::unique_ptr<Cancellations> cancellations, os::UniqueFd stop_event);
  void wait_for_event() const;
  void dispatch();
  // Whether a record that comes now would find a slot, lent ones counted.
  bool has_room() const;
  void serve(std::shared_ptr<const kafka::Record> record, int slot);
  // Of a record that has ended graders before: it is not read again. What this process is at, or
  // has answered, is answered as that: it cannot have ended us.
  void give_up(const std::shared_ptr<const kafka::Record>& record, const ReplyAddress& address);
  void grade_and_answer(const std::shared_ptr<const kafka::Record>& record,
                        const ReplyAddress& address, int slot);
  // To another grader; `answer` only where that cannot be.
  void forward(const ReplyAddress& address, const Answer& answer,
               const std::shared_ptr<const kafka::Record>& record);
  // One that is not ours, so that it does not come back; -1: any.
  std::int32_t partition_of_another(const std::string& topic) const;
  void answer_waiting(const std::string& trainer, const std::string& request_id,
                      const Answer& answer, const std::shared_ptr<const kafka::Record>& record,
                      int slot);
  // The answer of a record, counted once it has settled.
  void publish(const ReplyAddress& address, const Answer& answer,
               const std::shared_ptr<const kafka::Record>& record, const kafka::Position& position);
  // The same answer for a repeat of the record.
  void publish_again(const ReplyAddress& address, std::string answer,
                     const std::shared_ptr<const kafka::Record>& record,
                     const kafka::Position& position);
  // The answer follows the letter, so that the record is not done before both have settled.
  void answer_after_letter(const std::shared_ptr<const kafka::Record>& record,
                           const std::string& reason, const ReplyAddress& address,
                           const Answer& answer);
  void settle(const kafka::Position& position);
  // `delivery`: from the finished answer until it settled.
  void record(const AnswerFacts& answer, Milliseconds delivery) const;
  void offer_bad_case(std::string_view body, const EvaluationRequest* request,
                      const Answer& answer) const;
  void housekeeping();
  Expected<Done> drain();

  const ServiceSettings settings_;
  ServiceParts parts_;
  Publisher publisher_;
  Deduplicator deduplicator_;
  Activity activity_;
  const std::unique_ptr<Cancellations> cancellations_;
  std::optional<StatusReporter> status_reporter_;
  os::UniqueFd stop_event_;
  std::atomic<bool> stopping_{false};
  std::shared_ptr<const kafka::Record> next_;  // pulled, and no slot took it yet
  std::atomic<bool> wanted_back_{false};       // likewise
  std::atomic<int> lent_{0};                   // slots
  SteadyTime next_housekeeping_;
  std::int64_t launcher_restarts_seen_ = 0;
  std::unique_ptr<WorkerPool> pool_;  // last: its threads use everything above
};

}  // namespace farm::service
