#include "grader/kafka/partition_queue.h"

#include <string>

#include "grader/kafka/message.h"
#include "schemas/expected.h"

namespace farm::kafka {

PartitionQueue::PartitionQueue(const Connection& connection,
                               const rd_kafka_topic_partition_t& assigned, int wake_fd)
    : connection_(connection),
      queue_(rd_kafka_queue_get_partition(connection.get(), assigned.topic, assigned.partition)) {
  FARM_ASSERT(queue_);  // null only for a producer
  rd_kafka_queue_forward(queue_.get(), nullptr);
  // What an earlier assignment left in the queue is of no use, and while it is there the queue does
  // not become non-empty: no event would tell of the first records of this one.
  while (MessageHandle(rd_kafka_consume_queue(queue_.get(), 0))) {
  }
  rd_kafka_queue_io_event_enable(queue_.get(), wake_fd, &kWake, sizeof kWake);
}

// librdkafka keeps the queue for the next assignment; without this it would go on writing to a
// closed descriptor.
PartitionQueue::~PartitionQueue() { rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0); }

std::optional<Record> PartitionQueue::take() {
  while (true) {
    const MessageHandle message(rd_kafka_consume_queue(queue_.get(), 0));
    if (!message) return std::nullopt;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return record_of(*message, 0);
    connection_.context().say(kLogWarning,
                              std::string("fetch: ") + rd_kafka_message_errstr(message.get()));
  }
}

std::int64_t PartitionQueue::waiting() const {
  return static_cast<std::int64_t>(rd_kafka_queue_length(queue_.get()));
}

}  // namespace farm::kafka
