// gradefarm topics create|describe: the farm's topics on a cluster.
#pragma once

#include <string>
#include <vector>

#include "grader/config/config.h"
#include "grader/kafka/topic_admin.h"

namespace farm::command {

// Returns the exit code (exit_codes.h). The table goes to stdout, what went wrong to stderr.
int topics(const config::TopicsOptions& options);

// The topics that `create` makes: for each pool its requests with the lanes .high and .low, for
// each trainer its replies, and blobs, cancels, bad-cases, dead-letters, status and the replies
// to canaries. Pure.
std::vector<kafka::TopicSpec> topic_specs(const config::TopicsOptions& options);

// "TOPIC  PARTITIONS  REPLICATION" and a row for each, with line ends. Pure.
std::string topic_table(const std::vector<kafka::TopicDescription>& topics);

}  // namespace farm::command
