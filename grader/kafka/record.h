// Record: one Kafka message as values, owned by us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farm::kafka {

// Header values are bytes; a key may repeat (the last one counts, as in Kafka clients).
using Headers = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> find_header(const Headers& headers, std::string_view key);

// Where a record stands. `epoch` counts the assignments of this partition to this consumer: a
// completion that arrives after the partition was lost and perhaps regained does not touch the new
// owner's offsets.
struct Position {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t epoch = 0;
};

// At so many crashes of a record nobody tries it any more.
inline constexpr int kGivenUpCrashes = 2;

struct Record {
  Position position;
  std::string key;
  std::string value;
  Headers headers;
  std::int64_t timestamp_unix_ms = 0;  // of the producer, or the broker (LogAppendTime); 0: none
  // How many members ended while they may have been at it, where a consumer keeps account
  // (ConsumerConfig::trace_starts).
  int crashes = 0;
};

}  // namespace farm::kafka
