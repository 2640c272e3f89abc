// Producer: publishes records and tells each one's fate by its delivery report (acks=all,
// idempotent). Owns one poll thread that runs the callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grader/kafka/client_config.h"
#include "grader/kafka/record.h"
#include "schemas/expected.h"

namespace farm::kafka {

struct ProducerConfig {
  ClientConfig client;
  Milliseconds linger{1};
  Milliseconds delivery_timeout{30'000};
  // Of key, value and headers together, before compression; larger records are refused at publish.
  Bytes max_record = mib(1);
};

// Where one record went, or why it did not.
struct Delivery {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

struct OutgoingRecord {
  std::string topic;
  std::int32_t partition =
      -1;  // -1: spread evenly (random; sticky lingering off), never by problem or trainer
  std::string key;
  std::string value;
  Headers headers;
  std::int64_t timestamp_unix_ms = 0;  // 0: now. Only a topic with CreateTime keeps it
};

class Producer {
 public:
  using OnDelivery = std::function<void(Expected<Delivery>)>;

  static Expected<std::unique_ptr<Producer>> create(ProducerConfig config);
  virtual ~Producer() = default;

  // Queues one record (zstd-compressed on the wire). `on_delivery` runs exactly once, on the poll
  // thread, if and only if this returns Done; it must not block. Errors now or in the report:
  // kExhausted (local queue full; retryable), kUnavailable (broker down, timed out; retryable),
  // kInvalidRequest (too large; unknown topic or partition).
  virtual Expected<Done> publish(OutgoingRecord record, OnDelivery on_delivery) = 0;
  // Looks the topics up now, so that the first publish does not wait a second for metadata. Blocks
  // ≤ timeout.
  virtual Expected<Done> warm(const std::vector<std::string>& topics, Milliseconds timeout) = 0;
  // How many the topic has. Asks a broker: blocks ≤ timeout. Errors as of warm().
  virtual Expected<int> partitions(const std::string& topic, Milliseconds timeout) = 0;
  // Waits until every report was given. Errors: kUnavailable when `timeout` passes first.
  virtual Expected<Done> flush(Milliseconds timeout) = 0;
};

}  // namespace farm::kafka
