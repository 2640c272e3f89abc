#include "producer/command/broker_config.h"

namespace farm::command {

kafka::ClientConfig client_config(const config::KafkaOptions& options) {
  kafka::ClientConfig config;
  config.brokers = options.brokers;
  config.kind = options.broker_kind == config::BrokerKind::kEmbedded ? kafka::BrokerKind::kEmbedded
                                                                     : kafka::BrokerKind::kApache;
  config.properties = options.properties;
  return config;
}

}  // namespace farm::command
