// Where the answer to a record goes, from its headers. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "grader/kafka/record.h"
#include "schemas/expected.h"

namespace farm::service {

struct ReplyAddress {
  std::string topic;
  std::int32_t partition = -1;  // -1: any
  kafka::Headers echoed;        // correlation id, request id, traceparent, … as they came
};

// Errors: kInvalidRequest saying what is wrong with kafka_replyTopic or kafka_replyPartition: such
// a record cannot be answered and becomes a dead letter. Both forms of the partition are read: text
// ("3") and 4 bytes big-endian.
Expected<ReplyAddress> reply_address_of(const kafka::Headers& headers);

}  // namespace farm::service
