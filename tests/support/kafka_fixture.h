// KafkaTest: what tests against either kind of broker need. Each test program defines
// broker_under_test(), so that the same tests run against the embedded broker and against Apache
// Kafka.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "grader/kafka/client_config.h"
#include "grader/kafka/consumer.h"
#include "grader/kafka/producer.h"
#include "grader/kafka/record.h"

namespace farm::kafka::test {

// A broker for as long as the object lives.
class BrokerUnderTest {
 public:
  virtual ~BrokerUnderTest() = default;
  virtual ClientConfig client() const = 0;
  virtual Expected<Done> create_topic(const std::string& name, int partitions) = 0;
  // Cuts its clients off, or lets them back. Only the embedded broker can.
  virtual void set_reachable(bool) { FARM_ASSERT(false); }
};

// Errors: kUnavailable where there is none on this machine, and why: the tests are skipped.
Expected<std::unique_ptr<BrokerUnderTest>> broker_under_test();

// Long enough for a group to hand partitions over on a busy machine; no test waits for it to pass.
inline constexpr std::chrono::seconds kDeadline{150};

class KafkaTest : public ::testing::Test {
 protected:
  void SetUp() override;

  const ClientConfig& client() const { return client_; }
  BrokerUnderTest& broker() { return *broker_; }
  bool embedded() const { return client_.kind == BrokerKind::kEmbedded; }

  // A name that no other test uses, on a broker that may outlive the test.
  static std::string unique_name(const std::string& stem);
  std::string make_topic(int partitions);

  ConsumerConfig consumer_config(const std::string& topic, const std::string& group) const;
  std::unique_ptr<Consumer> join(const ConsumerConfig& config) const;
  std::unique_ptr<Producer> make_producer() const;

  // Publishes the values "0" … "count-1" to one partition (-1: spread) and waits until all are
  // delivered.
  void publish_numbers(const std::string& topic, int count, std::int32_t partition);
  // Sends one record and waits for its fate.
  Expected<Delivery> publish(OutgoingRecord record);

  // Pulls until `count` records came or kDeadline passed, sleeping on wake_fd() alone.
  static std::vector<Record> pull(Consumer& consumer, std::size_t count);
  // Waits until `condition` holds while pulling from no one; polls, since it watches counters.
  template <typename Condition>
  static bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      pause_briefly();
    }
    return true;
  }
  static void pause_briefly();

 private:
  std::unique_ptr<BrokerUnderTest> broker_;
  ClientConfig client_;
  std::unique_ptr<Producer> producer_;
};

std::multiset<std::string> values_of(const std::vector<Record>& records);

}  // namespace farm::kafka::test
