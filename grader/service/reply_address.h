// Where the answer to a record goes, from its headers. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "grader/kafka/record.h"
#include "schemas/expected.h"
#include "schemas/topics.h"

namespace farm::service {

// Headers that come back with the answer.
inline constexpr std::array kEchoedHeaders = {headers::kCorrelationId, headers::kRequestId,
                                              headers::kTrainer, headers::kAttempt,
                                              headers::kTraceparent};

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
