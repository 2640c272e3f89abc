#include "grader/service/service.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "grader/os/files.h"
#include "grader/os/sha256.h"
#include "grader/service/forwarding.h"
#include "monitoring/log.h"
#include "schemas/topics.h"

namespace farm::service {
namespace {

namespace log = monitoring::log;

constexpr Milliseconds kTick{100};  // retries of answers are looked at this often
constexpr Milliseconds kHousekeepingPeriod{1000};
constexpr Milliseconds kFlushTimeout{10'000};
// Unsettled answers at which pulling stops: a broker that takes none must not fill our memory.
constexpr std::size_t kMaxUnsettled = 1000;
// For the number of partitions, where a request is handed on.
constexpr Milliseconds kMetadataTimeout{2'000};
// Graders that may end with one record before nobody tries it any more.
constexpr int kMaxCrashes = kafka::kGivenUpCrashes;

// Whether it is refused here for what this grader lacks, and not enough others have had it.
bool may_go_on(const Answer& answer, const kafka::Record& record) {
  return answer.result.unserved && forwards_of(record.headers) < kMaxForwards;
}

}  // namespace

Expected<std::unique_ptr<Service>> Service::create(ServiceSettings settings, ServiceParts parts) {
  FARM_TRY(std::unique_ptr<WorkerPool> pool, WorkerPool::create(settings.slots));
  FARM_TRY(std::unique_ptr<Cancellations> cancellations, Cancellations::create(settings.slots));
  FARM_TRY(os::UniqueFd stop_event, os::make_event_fd());
  return std::unique_ptr<Service>(new Service(std::move(settings), std::move(parts),
                                              std::move(pool), std::move(cancellations),
                                              std::move(stop_event)));
}

Service::Service(ServiceSettings settings, ServiceParts parts, std::unique_ptr<WorkerPool> pool,
                 std::unique_ptr<Cancellations> cancellations, os::UniqueFd stop_event)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      publisher_(parts_.producer, parts_.metrics, settings_.grader_id),
      deduplicator_(settings_.answer_cache),
      activity_(settings_.slots),
      cancellations_(std::move(cancellations)),
      stop_event_(std::move(stop_event)),
      pool_(std::move(pool)) {
  if (settings_.status) {
    status_reporter_.emplace(*settings_.status, settings_.grader_id, settings_.slots,
                             parts_.producer, parts_.health, activity_);
  }
}

void Service::request_stop() {
  stopping_ = true;
  os::signal_event(stop_event_.get());
}

void Service::on_cancel(const kafka::Record& record) {
  const auto cancel = decode_cancel(record.value);
  if (!cancel) {
    return log::warning("unreadable cancel", {{"error", cancel.error().text()},
                                              {"partition", record.position.partition},
                                              {"offset", record.position.offset}});
  }
  // The topic may keep them for longer than anything that they mean.
  if (record.timestamp_unix_ms > 0 &&
      now_unix_ms() - record.timestamp_unix_ms > Cancellations::kRemembered.count())
    return;
  log::info("cancel", {{"trainer", cancel->trainer},
                       {"step", cancel->step ? std::to_string(*cancel->step) : ""},
                       {"request_ids", cancel->request_ids.size()}});
  cancellations_->add(*cancel, record.timestamp_unix_ms, std::chrono::steady_clock::now());
}

Expected<Done> Service::run() {
  while (!stopping_) {
    if (const auto fatal = parts_.consumer.fatal()) {
      parts_.health.set("kafka", false, fatal->text());
      return *fatal;
    }
    if (const auto fatal = publisher_.fatal()) {
      parts_.health.set("kafka", false, fatal->text());
      return *fatal;
    }
    dispatch();
    housekeeping();
    wait_for_event();
  }
  return drain();
}

void Service::wait_for_event() const {
  std::array<pollfd, 3> events = {pollfd{parts_.consumer.wake_fd(), POLLIN, 0},
                                  pollfd{pool_->idle_fd(), POLLIN, 0},
                                  pollfd{stop_event_.get(), POLLIN, 0}};
  // A full house does not care for new records: it would wake for each one and find no slot.
  if (next_ || !has_room()) events[0].fd = -1;
  ::poll(events.data(), events.size(), static_cast<int>(kTick.count()));
  if (events[0].revents != 0) os::clear_event(events[0].fd);
  if (events[1].revents != 0) os::clear_event(events[1].fd);
}

bool Service::has_room() const { return pool_->busy() < pool_->slots() || lent_ > 0; }

void Service::dispatch() {
  while (!stopping_ && publisher_.pending() < kMaxUnsettled) {
    if (!next_ && has_room()) {
      std::optional<kafka::Record> pulled = parts_.consumer.pull();
      if (pulled) next_ = std::make_shared<const kafka::Record>(std::move(*pulled));
    }
    if (!next_) return;
    if (!pool_->try_run([this, record = next_](int slot) { serve(record, slot); })) {
      wanted_back_ = true;
      return;
    }
    next_ = nullptr;
    wanted_back_ = false;
  }
}

class Service::Spare final : public SpareSlots {
 public:
  Spare(Service& service, RunningRequest request)
      : service_(service), request_(std::move(request)) {}

  bool lend(std::function<void(int slot)> work) override {
    if (wanted_back() || service_.stopping_) return false;
    // Else a full house would look for a moment as if something could be had back.
    if (service_.pool_->busy() == service_.pool_->slots()) return false;
    ++service_.lent_;
    const bool lent = service_.pool_->try_run([this, work = std::move(work)](int slot) {
      Service& service = service_;
      RunningRequest request = request_;
      request.slot = slot;
      service.activity_.begin_part(std::move(request), std::chrono::steady_clock::now());
      work(slot);  // *this may be gone when it returns
      service.activity_.end_part(slot, std::chrono::steady_clock::now());
      --service.lent_;
    });
    if (!lent) --service_.lent_;
    return lent;
  }
  bool wanted_back() const override { return service_.wanted_back_; }

 private:
  Service& service_;
  const RunningRequest request_;
};

void Service::serve(std::shared_ptr<const kafka::Record> record, int slot) {
  const Expected<ReplyAddress> address = reply_address_of(record->headers);
  if (!address) {
    return publisher_.publish_dead_letter(
        record, address.error().text(), [this, position = record->position] { settle(position); });
  }
  if (record->crashes >= kMaxCrashes) return give_up(record, *address);
  grade_and_answer(record, *address, slot);
}

void Service::give_up(const std::shared_ptr<const kafka::Record>& record,
                      const ReplyAddress& address) {
  const auto header = [&record](std::string_view key) {
    return std::string(kafka::find_header(record->headers, key).value_or(""));
  };
  RequestIdentity identity;
  identity.request_id = header(headers::kRequestId);
  identity.trainer = header(headers::kTrainer);
  if (identity.trainer.empty())
    identity.trainer = address.topic.substr(topics::kRepliesPrefix.size());
  const auto known =
      deduplicator_.find(identity.trainer, identity.request_id, os::sha256_hex(record->value),
                         {record->position, address, record->timestamp_unix_ms});
  if (known.kind == Deduplicator::Kind::kRunning) return parts_.metrics.count_duplicate();
  if (known.kind == Deduplicator::Kind::kAnswered) {
    parts_.metrics.count_duplicate();
    return publish_again(address, known.answer, record, record->position);
  }
  const std::string why = std::to_string(record->crashes) + " graders ended while they had it";
  ReplyAddress marked = address;
  marked.echoed.emplace_back(std::string(headers::kGivenUp), "1");
  answer_after_letter(
      record, why, marked,
      answer_of(unjudged_result(identity, Verdict::kFarmError,
                                why + ": it is in " + std::string(topics::kDeadLetters)),
                {}, settings_.grading));
}

void Service::grade_and_answer(const std::shared_ptr<const kafka::Record>& record_pointer,
                               const ReplyAddress& address, int slot) {
  const kafka::Record& source = *record_pointer;
  Opened opened = open_request(source.value, settings_.grading);
  if (!opened.request) {
    const Answer refusal = answer_of(std::move(opened.refusal), {}, settings_.grading);
    // What cannot even be attributed is kept for a person to look at, besides the answer.
    if (opened.identity.request_id.empty()) {
      answer_after_letter(record_pointer, "the request cannot be read", address, refusal);
    } else if (may_go_on(refusal, source)) {
      return forward(address, refusal, record_pointer);
    } else {
      publish(address, refusal, record_pointer, source.position);
    }
    // Without a body (its blob is missing) the record is all there is to look at.
    return offer_bad_case(opened.body.empty() ? source.value : opened.body, nullptr, refusal);
  }
  const EvaluationRequest& request = *opened.request;
  const auto begun =
      deduplicator_.begin(request.trainer, request.request_id, os::sha256_hex(opened.body),
                          {source.position, address, source.timestamp_unix_ms});
  switch (begun.kind) {
    case Deduplicator::Kind::kRunning:
      parts_.metrics.count_duplicate();
      return;
    case Deduplicator::Kind::kAnswered:
      parts_.metrics.count_duplicate();
      return publish_again(address, begun.answer, record_pointer, source.position);
    case Deduplicator::Kind::kConflict: {
      const Answer refusal =
          answer_of(unjudged_result(opened.identity, Verdict::kRejected,
                                    "/request_id: '" + request.request_id +
                                        "' was used by this trainer for another request"),
                    request.submission.language, settings_.grading);
      publish(address, refusal, record_pointer, source.position);
      return offer_bad_case(opened.body, &request, refusal);
    }
    case Deduplicator::Kind::kNew:
      break;
  }
  const Milliseconds waited{source.timestamp_unix_ms > 0 ? now_unix_ms() - source.timestamp_unix_ms
                                                         : 0};
  const RunningRequest running = {slot, request.request_id, request.trainer,
                                  request.submission.language, now_unix_ms()};
  activity_.begin(running, waited, std::chrono::steady_clock::now());
  Spare spare(*this, running);
  const StopSignal& stop = cancellations_->begin(slot, request, source.timestamp_unix_ms);
  const Answer answer =
      grade(request, waited, {slot, spare, stop}, parts_.evaluate, settings_.grading);
  cancellations_->end(slot);
  activity_.end(slot, std::chrono::steady_clock::now());
  log::debug("graded", {{"request_id", request.request_id},
                        {"verdict", word(answer.facts.verdict)},
                        {"slot", slot}});
  const bool goes_on = may_go_on(answer, source);
  if (!goes_on) publish(address, answer, record_pointer, source.position);
  answer_waiting(request.trainer, request.request_id, answer, record_pointer, slot);
  // Last: it may come back at once, and is not to find itself being graded.
  if (goes_on) return forward(address, answer, record_pointer);
  offer_bad_case(opened.body, &request, answer);
}

void Service::offer_bad_case(std::string_view body, const EvaluationRequest* request,
                             const Answer& answer) const {
  if (parts_.bad_cases != nullptr) parts_.bad_cases->offer(body, request, answer.result);
}

void Service::answer_waiting(const std::string& trainer, const std::string& request_id,
                             const Answer& answer,
                             const std::shared_ptr<const kafka::Record>& record_pointer, int slot) {
  const Fault fault = fault_of(answer.facts.verdict);
  const bool final = fault == Fault::kNone || fault == Fault::kSubmission;
  for (const Waiting& waiting : deduplicator_.finish(trainer, request_id, answer.bytes, final)) {
    if (answer.facts.verdict == Verdict::kCancelled || answer.result.unserved) {
      // Asked again after it was taken back, perhaps: each stands by the time of its own. What
      // another grader may serve is handed on for each.
      kafka::Record again = *record_pointer;
      again.position = waiting.position;
      again.timestamp_unix_ms = waiting.published_unix_ms;
      grade_and_answer(std::make_shared<const kafka::Record>(std::move(again)), waiting.address,
                       slot);
      continue;
    }
    publish_again(waiting.address, answer.bytes, record_pointer, waiting.position);
  }
}

void Service::publish(const ReplyAddress& address, const Answer& answer,
                      const std::shared_ptr<const kafka::Record>& record_pointer,
                      const kafka::Position& position) {
  publisher_.publish_answer(
      address, answer.bytes, record_pointer,
      [this, position, facts = answer.facts, made = std::chrono::steady_clock::now()] {
        const auto delivery = std::chrono::steady_clock::now() - made;
        record(facts, std::chrono::duration_cast<Milliseconds>(delivery));
        settle(position);
      });
}

void Service::forward(const ReplyAddress& address, const Answer& answer,
                      const std::shared_ptr<const kafka::Record>& record_pointer) {
  const kafka::Record& source = *record_pointer;
  log::info("handed on", {{"request_id", answer.result.request_id},
                          {"because", answer.result.message},
                          {"forwards", forwards_of(source.headers) + 1}});
  parts_.metrics.count_forwarded();
  kafka::OutgoingRecord again;
  again.topic = source.position.topic;
  again.partition = partition_of_another(again.topic);
  again.value = source.value;
  again.headers = headers_forwarded(source.headers, address);
  again.timestamp_unix_ms = source.timestamp_unix_ms;  // cancels and waits count from then
  publisher_.publish_request(
      std::move(again), [this, position = source.position] { settle(position); },
      [this, record_pointer, address, answer] {
        publish(address, answer, record_pointer, record_pointer->position);
      });
}

std::int32_t Service::partition_of_another(const std::string& topic) const {
  const auto count = parts_.producer.partitions(topic, kMetadataTimeout);
  if (!count) return -1;
  std::vector<std::int32_t> own;
  for (const auto& [name, partition] : parts_.consumer.stats().partitions)
    if (name == topic) own.push_back(partition);
  thread_local std::mt19937_64 die(std::random_device{}());
  return partition_elsewhere(*count, own, die());
}

void Service::publish_again(const ReplyAddress& address, std::string answer,
                            const std::shared_ptr<const kafka::Record>& record_pointer,
                            const kafka::Position& position) {
  publisher_.publish_answer(address, std::move(answer), record_pointer,
                            [this, position] { settle(position); });
}

void Service::answer_after_letter(const std::shared_ptr<const kafka::Record>& record_pointer,
                                  const std::string& reason, const ReplyAddress& address,
                                  const Answer& answer) {
  publisher_.publish_dead_letter(record_pointer, reason, [this, record_pointer, address, answer] {
    publish(address, answer, record_pointer, record_pointer->position);
  });
}

void Service::settle(const kafka::Position& position) { parts_.consumer.done(position); }

void Service::record(const AnswerFacts& answer, Milliseconds delivery) const {
  monitoring::Metrics& metrics = parts_.metrics;
  metrics.count_request(answer.language, answer.verdict);
  for (int i = 0; i < answer.repeats; ++i) metrics.count_retry();
  const Fault fault = fault_of(answer.verdict);
  if (fault == Fault::kRequest) return;  // nothing ran
  metrics.observe_queue_wait(answer.language, answer.timings.queue);
  if (answer.cached) {
    metrics.count_cached();
  } else {
    metrics.observe_run(answer.language, answer.timings.run);
  }
  metrics.observe_end_to_end(answer.language, answer.timings.total + delivery);
  if (answer.compile && !answer.cached) metrics.observe_compile(answer.language, *answer.compile);
}

void Service::housekeeping() {
  const SteadyTime now = std::chrono::steady_clock::now();
  publisher_.tick(now);
  cancellations_->expire(now_unix_ms());
  parts_.health.beat();
  const int busy = pool_->busy();
  parts_.metrics.set_slots(busy, pool_->slots() - busy);
  const int grading = std::max(0, busy - lent_);
  parts_.metrics.set_requests_in_flight(grading + (next_ ? 1 : 0) +
                                        static_cast<std::int64_t>(publisher_.pending()));
  if (now < next_housekeeping_) return;
  next_housekeeping_ = now + kHousekeepingPeriod;
  const kafka::ConsumerStats stats = parts_.consumer.stats();
  parts_.metrics.record_consumer({stats.assigned_partitions, stats.rebalances, stats.commits,
                                  stats.commit_failures, stats.max_commit_span,
                                  stats.max_metadata_bytes, stats.skipped_done});
  if (status_reporter_) status_reporter_->tick(now, stats.assigned_partitions);
  if (settings_.compile_cache != nullptr) {
    const evaluate::CompileCacheNumbers numbers = settings_.compile_cache->numbers();
    parts_.metrics.record_compile_cache(
        {numbers.hits, numbers.misses, numbers.failures, numbers.used.count});
  }
  if (settings_.launcher_restarts) {
    for (const std::int64_t total = settings_.launcher_restarts(); launcher_restarts_seen_ < total;
         ++launcher_restarts_seen_) {
      parts_.metrics.count_launcher_restart();
    }
  }
}

Expected<Done> Service::drain() {
  log::info("draining",
            {{"busy_slots", pool_->busy()}, {"timeout_ms", settings_.drain_timeout.count()}});
  parts_.health.set("serving", false, "draining");
  parts_.consumer.stop_pulling();
  const SteadyTime deadline = std::chrono::steady_clock::now() + settings_.drain_timeout;
  bool idle = false;
  while (!(idle = pool_->wait_idle(kTick)) && std::chrono::steady_clock::now() < deadline)
    housekeeping();
  if (!idle)
    log::warning("drain timeout: unfinished requests will be redelivered",
                 {{"busy_slots", pool_->busy()}});
  const SteadyTime flush_deadline = std::chrono::steady_clock::now() + kFlushTimeout;
  while (publisher_.pending() > 0 && std::chrono::steady_clock::now() < flush_deadline) {
    publisher_.tick(std::chrono::steady_clock::now());
    (void)parts_.producer.flush(kTick);
  }
  parts_.consumer.close();
  if (publisher_.pending() > 0)
    return unavailable(
        "some answers could not be published before the end; their requests "
        "will be redelivered");
  return Done{};
}

}  // namespace farm::service
