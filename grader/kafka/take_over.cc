#include "grader/kafka/take_over.h"

#include <algorithm>
#include <optional>
#include <string>

#include "grader/kafka/partition_queue.h"

namespace farm::kafka {
namespace {

constexpr Milliseconds kPatience{5'000};
constexpr int kAttempts = 3;

// The first offset of the log.
std::optional<std::int64_t> look_up_begin(const Connection& connection,
                                          const rd_kafka_topic_partition_t& assigned) {
  std::int64_t first = 0;
  std::int64_t end = 0;
  const auto error =
      rd_kafka_query_watermark_offsets(connection.get(), assigned.topic, assigned.partition, &first,
                                       &end, static_cast<int>(kPatience.count()));
  if (!error) return first;
  connection.context().say(kLogWarning, std::string("begin of a log: ") + rd_kafka_err2str(error));
  return std::nullopt;
}

}  // namespace

PartitionListHandle ask_committed(const Connection& connection,
                                  const rd_kafka_topic_partition_list_t& partitions) {
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    PartitionListHandle committed(rd_kafka_topic_partition_list_copy(&partitions));
    const auto error =
        rd_kafka_committed(connection.get(), committed.get(), static_cast<int>(kPatience.count()));
    if (!error) return committed;
    connection.context().say(kLogWarning,
                             std::string("committed offsets: ") + rd_kafka_err2str(error));
  }
  return nullptr;
}

std::unique_ptr<AssignedPartition> take_over(const Connection& connection,
                                             const ConsumerConfig& config,
                                             const rd_kafka_topic_partition_list_t* committed,
                                             rd_kafka_topic_partition_t& assigned, int wake_fd) {
  const auto* const last =
      committed ? rd_kafka_topic_partition_list_find(committed, assigned.topic, assigned.partition)
                : nullptr;
  const bool answered = last && last->err == RD_KAFKA_RESP_ERR_NO_ERROR;
  const StartAt start = start_at(answered, answered ? last->offset : -1, config.trace_starts);

  auto partition = std::make_unique<AssignedPartition>();
  partition->topic = assigned.topic;
  partition->number = assigned.partition;
  const auto& topics = config.topics;
  partition->lane = static_cast<std::size_t>(
      std::find(topics.begin(), topics.end(), partition->topic) - topics.begin());
  partition->source = std::make_unique<PartitionQueue>(connection, assigned, wake_fd);
  if (start == StartAt::kCommitted) {
    assigned.offset = last->offset;
    const auto* data = static_cast<const char*>(last->metadata);
    const auto metadata = data ? std::string_view(data, last->metadata_size) : std::string_view();
    partition->tracker = OffsetTracker(last->offset, StartMarks::done_map_of(metadata));
    if (config.trace_starts) partition->marks = StartMarks(config.process, last->offset, metadata);
  } else if (start == StartAt::kLogBegin) {
    partition->marks = StartMarks(config.process);
    if (const auto first = look_up_begin(connection, assigned)) {
      assigned.offset = *first;
      partition->tracker = OffsetTracker(assigned.offset);
    }
  }
  partition->traced = config.trace_starts && partition->tracker.committable().has_value();
  return partition;
}

}  // namespace farm::kafka
