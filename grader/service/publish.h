// Publisher: gets answers and dead letters onto their topics, whatever it takes, and says when each
// has settled. Only after that may the request's offset be committed.
//
// Theory of operation. A report "delivered" settles. A retryable failure (broker away, queue full)
// is tried again with growing pauses for as long as the process lives: the request stays
// uncommitted, so that a crash meanwhile redelivers it. A permanent failure of an answer (reply
// topic unknown, record too large) turns it into a dead letter, so that one trainer's typo does not
// hold back a partition for ever. A dead letter that fails permanently is logged in full identity
// and settled: nobody is left to tell. A broken client (fatal()) settles nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "grader/kafka/producer.h"
#include "grader/kafka/record.h"
#include "grader/service/reply_address.h"
#include "monitoring/metrics.h"
#include "schemas/units.h"

namespace farm::service {

// Thread-safe. `producer` and `metrics` must outlive it.
class Publisher {
 public:
  using OnSettled = std::function<void()>;

  Publisher(kafka::Producer& producer, monitoring::Metrics& metrics, std::string grader_id)
      : producer_(producer), metrics_(metrics), grader_id_(std::move(grader_id)) {}

  // `origin` is the request's record, for the dead letter that the answer may have to become.
  void publish_answer(const ReplyAddress& address, std::string answer,
                      std::shared_ptr<const kafka::Record> origin, OnSettled on_settled);
  // A request, for another grader. `on_refused`, instead, where it can never be published.
  void publish_request(kafka::OutgoingRecord request, OnSettled on_settled, OnSettled on_refused);
  // The record itself, with headers that say why, from where and by whom.
  void publish_dead_letter(std::shared_ptr<const kafka::Record> origin, const std::string& reason,
                           OnSettled on_settled);

  // Tries again what is due. Call about every 100 ms.
  void tick(SteadyTime now);
  // What has not settled yet, and what is being told that it has: more may be published by that.
  std::size_t pending() const;
  // Why nothing can be published any more, if so: the process should end. What is pending stays
  // unsettled, so that it is redelivered to whoever comes next.
  std::optional<Error> fatal() const;

 private:
  struct Item {
    kafka::OutgoingRecord record;
    std::shared_ptr<const kafka::Record> origin;  // of answers
    OnSettled on_settled;
    OnSettled on_refused;  // of requests
    SteadyTime due;
    int failures = 0;
    bool in_flight = false;
  };
  void add(Item item);
  void attempt(std::int64_t id);
  void on_delivery(std::int64_t id, const Expected<kafka::Delivery>& delivery);
  void settle(Item settled, const Expected<kafka::Delivery>& delivery);

  kafka::Producer& producer_;
  monitoring::Metrics& metrics_;
  const std::string grader_id_;
  mutable std::mutex mutex_;
  std::int64_t next_id_ = 0;
  std::map<std::int64_t, Item> items_;
  std::size_t settling_ = 0;  // taken out of items_, and its on_settled has not returned
  std::optional<Error> fatal_;
};

}  // namespace farm::service
