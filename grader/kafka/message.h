// Message: from librdkafka's message to a Record. Private to this folder.
#pragma once

#include "grader/kafka/handles.h"
#include "grader/kafka/record.h"

namespace farm::kafka {

// Precondition: the message bears no error. Copies everything.
Record record_of(const rd_kafka_message_t& message, std::int64_t epoch);

}  // namespace farm::kafka
