// What a group has committed of the partitions that a member is given, and what follows from it:
// where each is read from, and which records somebody else may have started. Private to this
// folder.
#pragma once

#include <memory>

#include "grader/kafka/connection.h"
#include "grader/kafka/consumer.h"
#include "grader/kafka/handles.h"
#include "grader/kafka/intake.h"

namespace farm::kafka {

// Null: it is not known. librdkafka then asks again by itself for the offsets; without the rest
// some requests may be graded twice, and deaths before are forgotten. Blocks ≤ 15 s.
PartitionListHandle ask_committed(const Connection& connection,
                                  const rd_kafka_topic_partition_list_t& partitions);

// A partition as its new owner has it, before it is assigned (partition_queue.h). `committed` is
// what ask_committed() said. `assigned.offset` becomes where to read from, where that is known.
// Blocks ≤ 10 s.
std::unique_ptr<AssignedPartition> take_over(const Connection& connection,
                                             const ConsumerConfig& config,
                                             const rd_kafka_topic_partition_list_t* committed,
                                             rd_kafka_topic_partition_t& assigned, int wake_fd);

}  // namespace farm::kafka
