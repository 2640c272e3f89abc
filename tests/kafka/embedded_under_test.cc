// An embedded broker a test.
#include <utility>

#include "grader/kafka/embedded_broker.h"
#include "tests/support/kafka_fixture.h"

namespace farm::kafka::test {
namespace {

class Embedded final : public BrokerUnderTest {
 public:
  explicit Embedded(std::unique_ptr<EmbeddedBroker> broker) : broker_(std::move(broker)) {}

  ClientConfig client() const override {
    ClientConfig config;
    config.brokers = broker_->bootstrap();
    config.kind = BrokerKind::kEmbedded;
    return config;
  }
  Expected<Done> create_topic(const std::string& name, int partitions) override {
    return broker_->create_topic(name, partitions);
  }
  void set_reachable(bool reachable) override { broker_->set_reachable(reachable); }

 private:
  std::unique_ptr<EmbeddedBroker> broker_;
};

}  // namespace

Expected<std::unique_ptr<BrokerUnderTest>> broker_under_test() {
  auto broker = EmbeddedBroker::create();
  if (!broker) return internal_error(broker.error().text());  // never a reason to skip
  return std::unique_ptr<BrokerUnderTest>(std::make_unique<Embedded>(*std::move(broker)));
}

}  // namespace farm::kafka::test
