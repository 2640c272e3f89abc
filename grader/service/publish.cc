#include "grader/service/publish.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "monitoring/log.h"
#include "schemas/topics.h"

namespace farm::service {
namespace {

namespace log = monitoring::log;

constexpr Milliseconds kFirstPause{100};
constexpr Milliseconds kLongestPause{5'000};

Milliseconds pause_after(int failures) {
  return std::min(kLongestPause, kFirstPause * (1 << std::min(failures - 1, 10)));
}

}  // namespace

void Publisher::publish_answer(const ReplyAddress& address, std::string answer,
                               std::shared_ptr<const kafka::Record> origin, OnSettled on_settled) {
  Item item;
  item.record = {address.topic, address.partition, {}, std::move(answer), address.echoed};
  item.origin = std::move(origin);
  item.on_settled = std::move(on_settled);
  add(std::move(item));
}

void Publisher::publish_request(kafka::OutgoingRecord request, OnSettled on_settled,
                                OnSettled on_refused) {
  Item item;
  item.record = std::move(request);
  item.on_settled = std::move(on_settled);
  item.on_refused = std::move(on_refused);
  add(std::move(item));
}

void Publisher::publish_dead_letter(std::shared_ptr<const kafka::Record> origin,
                                    const std::string& reason, OnSettled on_settled) {
  metrics_.count_dead_letter();
  log::warning("dead letter", {{"reason", reason},
                               {"topic", origin->position.topic},
                               {"partition", origin->position.partition},
                               {"offset", origin->position.offset}});
  Item item;
  item.record = {std::string(topics::kDeadLetters), -1, origin->key, origin->value,
                 origin->headers};
  auto add_header = [&item](std::string_view key, std::string value) {
    item.record.headers.emplace_back(std::string(key), std::move(value));
  };
  add_header(headers::kError, reason);
  add_header(headers::kOriginalTopic, origin->position.topic);
  add_header(headers::kOriginalPartition, std::to_string(origin->position.partition));
  add_header(headers::kOriginalOffset, std::to_string(origin->position.offset));
  add_header(headers::kGrader, grader_id_);
  item.on_settled = std::move(on_settled);
  add(std::move(item));
}

void Publisher::add(Item item) {
  std::int64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = next_id_++;
    item.in_flight = true;
    items_.emplace(id, std::move(item));
  }
  attempt(id);
}

void Publisher::attempt(std::int64_t id) {
  kafka::OutgoingRecord record;
  {
    const std::lock_guard lock(mutex_);
    record = items_.at(id).record;  // a copy: the original is needed if this try fails
  }
  Expected<Done> queued = producer_.publish(
      std::move(record),
      [this, id](const Expected<kafka::Delivery>& delivery) { on_delivery(id, delivery); });
  if (!queued) on_delivery(id, std::move(queued).error());
}

void Publisher::on_delivery(std::int64_t id, const Expected<kafka::Delivery>& delivery) {
  Item settled;
  {
    const std::lock_guard lock(mutex_);
    const auto at = items_.find(id);
    if (at == items_.end()) return;
    Item& item = at->second;
    if (!delivery && delivery.error().retryable()) {
      item.in_flight = false;
      ++item.failures;
      item.due = std::chrono::steady_clock::now() + pause_after(item.failures);
      if (item.origin) metrics_.count_reply_failed();
      log::warning("publish failed, will try again", {{"topic", item.record.topic},
                                                      {"failures", item.failures},
                                                      {"error", delivery.error().text()}});
      return;
    }
    if (!delivery && !delivery.error().request_fault()) {
      // The client itself is broken (a fenced or fatally failed producer). Settling now would
      // commit what nobody got.
      fatal_ = delivery.error();
      log::error("publishing failed for good", {{"error", fatal_->text()}});
      return;
    }
    settled = std::move(item);
    items_.erase(at);
    ++settling_;
  }
  settle(std::move(settled), delivery);
  const std::lock_guard lock(mutex_);
  --settling_;
}

void Publisher::settle(Item settled, const Expected<kafka::Delivery>& delivery) {
  if (delivery) return settled.on_settled();
  if (settled.on_refused) {
    log::warning("request could not be handed on",
                 {{"topic", settled.record.topic}, {"error", delivery.error().text()}});
    return settled.on_refused();
  }
  if (settled.origin) {
    metrics_.count_reply_failed();
    return publish_dead_letter(settled.origin,
                               "the answer could not be published to " + settled.record.topic +
                                   ": " + delivery.error().text(),
                               std::move(settled.on_settled));
  }
  log::error("dead letter could not be published; the record is dropped",
             {{"error", delivery.error().text()}, {"topic", settled.record.topic}});
  settled.on_settled();
}

void Publisher::tick(SteadyTime now) {
  std::vector<std::int64_t> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, item] : items_) {
      if (item.in_flight || item.due > now) continue;
      item.in_flight = true;
      due.push_back(id);
    }
  }
  for (const std::int64_t id : due) attempt(id);
}

std::optional<Error> Publisher::fatal() const {
  const std::lock_guard lock(mutex_);
  return fatal_;
}

std::size_t Publisher::pending() const {
  const std::lock_guard lock(mutex_);
  return items_.size() + settling_;
}

}  // namespace farm::service
