// TopicAdmin: creates and describes topics.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "grader/kafka/client_config.h"
#include "schemas/expected.h"

namespace farm::kafka {

struct TopicSpec {
  static constexpr int kBrokerDefault =
      -1;  // as replication: default.replication.factor of the cluster

  std::string name;
  int partitions = 16;
  int replication = 1;
  std::map<std::string, std::string> config;  // retention.ms, max.message.bytes, …
};

struct TopicDescription {
  std::string name;
  int partitions = 0;
  int replication = 0;
};

// A topic that exists already is left as it is (so that trainers and graders may both create it).
// Blocks ≤ timeout. On the embedded broker topics are created by asking for their metadata (4
// partitions), since its admin API is not implemented. Errors: kUnavailable, kInvalidRequest
// (illegal name or setting).
Expected<Done> create_topics(const ClientConfig& client, const std::vector<TopicSpec>& topics,
                             Milliseconds timeout);

// All topics whose name starts with `prefix`, by name.
Expected<std::vector<TopicDescription>> describe_topics(const ClientConfig& client,
                                                        const std::string& prefix,
                                                        Milliseconds timeout);

// The settings of one topic, by name ("max.message.bytes"), defaults of the broker included. Not on
// the embedded broker, whose admin API is not implemented. Errors: kUnavailable, kInvalidRequest
// (there is no such topic).
Expected<std::map<std::string, std::string>> describe_topic_settings(const ClientConfig& client,
                                                                     const std::string& topic,
                                                                     Milliseconds timeout);

}  // namespace farm::kafka
