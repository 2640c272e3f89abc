#include "producer/command/topics.h"

#include <algorithm>
#include <cstdio>

#include "producer/command/broker_config.h"
#include "producer/command/exit_codes.h"
#include "schemas/lanes.h"
#include "schemas/topics.h"

namespace farm::command {
namespace {

constexpr Milliseconds kTimeout{30'000};
constexpr const char* kAllTopics = "grading.";
// Cancels are read whole by every grader and mean nothing once what they cancel is over; one
// partition keeps them in order.
constexpr int kCancelPartitions = 1;
// Graders' words about themselves: worthless a moment later.
constexpr const char* kBriefRetentionMs = "600000";
// What people look into by hand: few records, kept longer than the traffic.
constexpr int kInspectionPartitions = 1;
constexpr Milliseconds kInspectionRetention{30LL * 24 * 3600 * 1000};

int fail(const Error& error) {
  std::fprintf(stderr, "gradefarm: %s\n", error.text().c_str());
  return error.request_fault() ? config::kUsageExitCode : kExitBroker;
}

}  // namespace

std::vector<kafka::TopicSpec> topic_specs(const config::TopicsOptions& options) {
  std::vector<kafka::TopicSpec> specs;
  const auto add = [&](std::string name, int partitions,
                       std::string retention_ms) -> kafka::TopicSpec& {
    kafka::TopicSpec spec;
    spec.name = std::move(name);
    spec.partitions = partitions;
    spec.replication = options.replication;
    spec.config["retention.ms"] = std::move(retention_ms);
    return specs.emplace_back(std::move(spec));
  };
  const std::string retention = std::to_string(options.retention.count());
  const std::string inspection =
      std::to_string(std::max(options.retention, kInspectionRetention).count());
  for (const auto& pool : options.pools) {
    for (const Lane& lane : kLanes) {
      add(lane_topic(pool, lane.priority), options.partitions, retention)
          .config["message.timestamp.type"] = farm::topics::kTimestampType;
    }
  }
  const auto add_graders = [&](std::string name, int partitions, std::string retention_ms) {
    add(std::move(name), partitions, std::move(retention_ms)).config["message.timestamp.type"] =
        farm::topics::kAnswerTimestampType;
  };
  for (const auto& trainer : options.trainers)
    add_graders(farm::topics::replies(trainer), options.partitions, retention);
  add_graders(std::string(farm::topics::kCanaryReplies), 1, kBriefRetentionMs);
  add_graders(std::string(farm::topics::kStatus), 1, kBriefRetentionMs);
  add(std::string(farm::topics::kBlobs), options.partitions, retention);
  auto& cancels =
      add(std::string(farm::topics::kCancels), kCancelPartitions, farm::topics::kCancelRetentionMs);
  cancels.config["message.timestamp.type"] = farm::topics::kTimestampType;
  cancels.config["segment.ms"] = farm::topics::kCancelSegmentMs;
  add_graders(std::string(farm::topics::kBadCases), kInspectionPartitions, inspection);
  add_graders(std::string(farm::topics::kDeadLetters), kInspectionPartitions, inspection);
  return specs;
}

std::string topic_table(const std::vector<kafka::TopicDescription>& topics) {
  std::size_t width = 5;
  for (const auto& topic : topics) width = std::max(width, topic.name.size());
  std::string table = "TOPIC" + std::string(width - 5, ' ') + "  PARTITIONS  REPLICATION\n";
  for (const auto& topic : topics) {
    const std::string partitions = std::to_string(topic.partitions);
    const std::string replication = std::to_string(topic.replication);
    table += topic.name + std::string(width - topic.name.size(), ' ');
    table +=
        "  " + std::string(10 - std::min<std::size_t>(partitions.size(), 10), ' ') + partitions;
    table +=
        "  " + std::string(11 - std::min<std::size_t>(replication.size(), 11), ' ') + replication;
    table += '\n';
  }
  return table;
}

int topics(const config::TopicsOptions& options) {
  const auto config = client_config(options.kafka);
  if (auto reached = kafka::check_reachable(config, kTimeout); !reached) {
    return fail(reached.error());
  }
  if (options.action == config::TopicsOptions::Action::kCreate) {
    if (auto created = kafka::create_topics(config, topic_specs(options), kTimeout); !created) {
      return fail(created.error());
    }
  }
  auto described = kafka::describe_topics(config, kAllTopics, kTimeout);
  if (!described) return fail(described.error());
  std::fputs(topic_table(*described).c_str(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitFile;
}

}  // namespace farm::command
