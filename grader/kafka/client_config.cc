#include "grader/kafka/client_config.h"

#include "grader/kafka/connection.h"

namespace farm::kafka {

Expected<Done> check_reachable(const ClientConfig& config, Milliseconds timeout) {
  FARM_TRY(const Connection connection, Connection::create(RD_KAFKA_PRODUCER, config, {}));
  return connection.await_broker(timeout);
}

}  // namespace farm::kafka
