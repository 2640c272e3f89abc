// client_config(): the options that name a cluster, as Kafka clients take them.
#pragma once

#include "grader/config/config.h"
#include "grader/kafka/client_config.h"

namespace farm::command {

kafka::ClientConfig client_config(const config::KafkaOptions& options);

}  // namespace farm::command
