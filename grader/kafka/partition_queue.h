// PartitionQueue: what librdkafka has fetched of one assigned partition. Private to this folder.
#pragma once

#include <cstdint>
#include <optional>

#include "grader/kafka/connection.h"
#include "grader/kafka/handles.h"
#include "grader/kafka/intake.h"
#include "grader/kafka/record.h"

namespace farm::kafka {

class PartitionQueue final : public RecordSource {
 public:
  // What librdkafka writes to the eventfd; it keeps the address.
  static constexpr std::uint64_t kWake = 1;

  // To be made before the partition is assigned, so that no record is ever forwarded to the common
  // queue, and after the queue of an earlier assignment is destroyed. `wake_fd`, an eventfd,
  // becomes readable when the queue becomes non-empty. Both outlive it.
  PartitionQueue(const Connection& connection, const rd_kafka_topic_partition_t& assigned,
                 int wake_fd);
  ~PartitionQueue() override;

  std::optional<Record> take() override;
  std::int64_t waiting() const override;

 private:
  const Connection& connection_;
  const QueueHandle queue_;
};

}  // namespace farm::kafka
