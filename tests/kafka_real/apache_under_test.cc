// The Apache Kafka that GRADEFARM_TEST_BROKERS names, or else the one that fixture.sh has started.
#include <cstdlib>
#include <fstream>
#include <utility>

#include "grader/kafka/topic_admin.h"
#include "tests/support/kafka_fixture.h"

namespace farm::kafka::test {
namespace {

class Apache final : public BrokerUnderTest {
 public:
  explicit Apache(std::string brokers) { client_.brokers = std::move(brokers); }

  ClientConfig client() const override { return client_; }
  Expected<Done> create_topic(const std::string& name, int partitions) override {
    return create_topics(client_, {{name, partitions, TopicSpec::kBrokerDefault, {}}},
                         Milliseconds(30'000));
  }

 private:
  ClientConfig client_;
};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

Expected<std::unique_ptr<BrokerUnderTest>> broker_under_test() {
  const char* const brokers = std::getenv("GRADEFARM_TEST_BROKERS");
  if (brokers && *brokers) return std::unique_ptr<BrokerUnderTest>(new Apache(brokers));

  const char* const directory = std::getenv("GRADEFARM_TEST_KAFKA_DIR");
  if (!directory) return unavailable("neither GRADEFARM_TEST_BROKERS nor the ctest fixture is set");
  const auto bootstrap = first_line(std::string(directory) + "/bootstrap");
  if (!bootstrap.empty()) return std::unique_ptr<BrokerUnderTest>(new Apache(bootstrap));
  const auto reason = first_line(std::string(directory) + "/unavailable");
  if (!reason.empty()) return unavailable("no Apache Kafka: " + reason);
  return internal_error(std::string("no Apache Kafka runs in ") + directory);
}

}  // namespace farm::kafka::test
