#include "grader/service/needed_topics.h"

#include <string>
#include <utility>

#include "schemas/lanes.h"
#include "schemas/topics.h"

namespace farm::service {
namespace {

constexpr const char* kBriefRetentionMs = "600000";

}  // namespace

std::vector<kafka::TopicSpec> needed_topics(std::string_view pool, bool bad_cases) {
  std::vector<kafka::TopicSpec> needed;
  const auto add = [&needed](std::string name) -> kafka::TopicSpec& {
    kafka::TopicSpec& spec = needed.emplace_back();
    spec.name = std::move(name);
    spec.replication = kafka::TopicSpec::kBrokerDefault;
    return spec;
  };
  for (const Lane& lane : kLanes)
    add(lane_topic(pool, lane.priority)).config["message.timestamp.type"] = topics::kTimestampType;
  const auto add_own = [&add](std::string_view name) -> kafka::TopicSpec& {
    kafka::TopicSpec& spec = add(std::string(name));
    spec.config["message.timestamp.type"] = topics::kAnswerTimestampType;
    return spec;
  };
  add_own(topics::kDeadLetters);
  for (const std::string_view own : {topics::kCanaryReplies, topics::kStatus}) {
    kafka::TopicSpec& spec = add_own(own);
    spec.partitions = 1;
    spec.config["retention.ms"] = kBriefRetentionMs;
  }
  kafka::TopicSpec& cancels = add(std::string(topics::kCancels));
  cancels.partitions = 1;
  cancels.config["message.timestamp.type"] = topics::kTimestampType;
  cancels.config["retention.ms"] = topics::kCancelRetentionMs;
  cancels.config["segment.ms"] = topics::kCancelSegmentMs;
  if (bad_cases) add_own(topics::kBadCases);
  return needed;
}

}  // namespace farm::service
