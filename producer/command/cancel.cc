#include "producer/command/cancel.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <optional>

#include "grader/kafka/producer.h"
#include "producer/command/broker_config.h"
#include "producer/command/exit_codes.h"
#include "schemas/topics.h"

namespace farm::command {
namespace {

constexpr Milliseconds kTimeout{30'000};

Expected<Done> publish(const config::CancelOptions& options) {
  const auto client = client_config(options.kafka);
  FARM_CHECK_OK(kafka::check_reachable(client, kTimeout));
  kafka::ProducerConfig config;
  config.client = client;
  // Before the producer, whose reports write to them.
  std::mutex mutex;
  std::optional<Error> failure;
  FARM_TRY(const auto producer, kafka::Producer::create(config));
  FARM_CHECK_OK(producer->warm({std::string(farm::topics::kCancels)}, kTimeout));
  for (const Cancel& cancel : cancels_of(options)) {
    kafka::OutgoingRecord record;
    record.topic = farm::topics::kCancels;
    record.key = cancel.trainer;
    record.value = encode_cancel(cancel);
    FARM_CHECK_OK(
        producer->publish(std::move(record), [&](const Expected<kafka::Delivery>& delivery) {
          if (delivery) return;
          const std::lock_guard lock(mutex);
          failure = delivery.error();
        }));
  }
  FARM_CHECK_OK(producer->flush(kTimeout));
  const std::lock_guard lock(mutex);
  if (failure) return *failure;
  return Done{};
}

}  // namespace

std::vector<Cancel> cancels_of(const config::CancelOptions& options) {
  if (options.step) return {{options.trainer, {}, options.step}};
  std::vector<Cancel> cancels;
  const auto& ids = options.request_ids;
  for (std::size_t first = 0; first < ids.size(); first += Cancel::kMaxIds) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(Cancel::kMaxIds, ids.size() - first);
    cancels.push_back(
        {options.trainer, {begin, begin + static_cast<std::ptrdiff_t>(count)}, std::nullopt});
  }
  return cancels;
}

int cancel(const config::CancelOptions& options) {
  if (auto published = publish(options); !published) {
    std::fprintf(stderr, "gradefarm: %s\n", published.error().text().c_str());
    return kExitBroker;
  }
  return kExitOk;
}

}  // namespace farm::command
