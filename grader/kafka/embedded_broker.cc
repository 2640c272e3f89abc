#include "grader/kafka/embedded_broker.h"

#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h>

#include <utility>
#include <vector>

#include "grader/kafka/connection.h"

namespace farm::kafka {
namespace {

using ClusterHandle = Handle<rd_kafka_mock_cluster_t, &rd_kafka_mock_cluster_destroy>;

constexpr std::int16_t kProduceApi = 0;  // ApiKey. Source: kafka.apache.org/protocol "Api Keys"
constexpr std::int32_t kBrokerId = 1;

class MockBroker final : public EmbeddedBroker {
 public:
  MockBroker(Connection connection, ClusterHandle cluster)
      : connection_(std::move(connection)), cluster_(std::move(cluster)) {}

  std::string bootstrap() const override {
    return rd_kafka_mock_cluster_bootstraps(cluster_.get());
  }

  Expected<Done> create_topic(const std::string& name, int partitions) override {
    const auto error = rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      return Done{};
    }
    return invalid_request("create topic " + name +
                           " on the embedded broker: " + rd_kafka_err2str(error));
  }

  void fail_next_produces(int count) override {
    std::vector<rd_kafka_resp_err_t> errors(static_cast<std::size_t>(count),
                                            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    rd_kafka_mock_push_request_errors_array(cluster_.get(), kProduceApi, errors.size(),
                                            errors.data());
  }

  void set_reachable(bool reachable) override {
    if (reachable) {
      rd_kafka_mock_broker_set_up(cluster_.get(), kBrokerId);
    } else {
      rd_kafka_mock_broker_set_down(cluster_.get(), kBrokerId);
    }
  }

 private:
  Connection connection_;  // of the client that hosts the cluster; it talks to no one
  ClusterHandle cluster_;  // after connection_: destroyed first
};

}  // namespace

Expected<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::create(LogSink log) {
  ClientConfig config;
  config.client_id = "gradefarm-embedded-broker";
  config.log = std::move(log);
  FARM_TRY(Connection connection, Connection::create(RD_KAFKA_PRODUCER, config, {}));
  ClusterHandle cluster(rd_kafka_mock_cluster_new(connection.get(), 1));
  if (!cluster) return internal_error("librdkafka cannot start its embedded broker");
  return std::unique_ptr<EmbeddedBroker>(
      std::make_unique<MockBroker>(std::move(connection), std::move(cluster)));
}

}  // namespace farm::kafka
