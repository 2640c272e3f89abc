#include "tests/support/kafka_fixture.h"

#include <poll.h>
#include <unistd.h>

#include <future>
#include <random>
#include <thread>
#include <utility>

namespace farm::kafka::test {

using std::chrono::steady_clock;

void KafkaTest::SetUp() {
  auto broker = broker_under_test();
  if (!broker && broker.error().code == ErrorCode::kUnavailable) {
    GTEST_SKIP() << broker.error().text();
  }
  ASSERT_TRUE(broker) << broker.error().text();
  broker_ = std::move(*broker);
  client_ = broker_->client();
  producer_ = make_producer();
}

std::string KafkaTest::unique_name(const std::string& stem) {
  static std::random_device random;
  return stem + "-" + std::to_string(::getpid()) + "-" + std::to_string(random());
}

std::string KafkaTest::make_topic(int partitions) {
  std::string name = unique_name("grading.requests.test");
  const auto created = broker_->create_topic(name, partitions);
  EXPECT_TRUE(created) << created.error().text();
  return name;
}

ConsumerConfig KafkaTest::consumer_config(const std::string& topic,
                                          const std::string& group) const {
  ConsumerConfig config;
  config.client = client_;
  config.group = group;
  config.topics = {topic};
  config.session_timeout = Milliseconds(6'000);
  config.commit_interval = Milliseconds(100);
  return config;
}

std::unique_ptr<Consumer> KafkaTest::join(const ConsumerConfig& config) const {
  auto consumer = Consumer::create(config);
  EXPECT_TRUE(consumer) << consumer.error().text();
  return consumer ? std::move(*consumer) : nullptr;
}

std::unique_ptr<Producer> KafkaTest::make_producer() const {
  ProducerConfig config;
  config.client = client_;
  auto producer = Producer::create(config);
  EXPECT_TRUE(producer) << producer.error().text();
  return producer ? std::move(*producer) : nullptr;
}

void KafkaTest::publish_numbers(const std::string& topic, int count, std::int32_t partition) {
  for (int i = 0; i < count; ++i) {
    OutgoingRecord record;
    record.topic = topic;
    record.partition = partition;
    record.value = std::to_string(i);
    const auto queued =
        producer_->publish(std::move(record), [](const Expected<Delivery>& delivery) {
          EXPECT_TRUE(delivery) << delivery.error().text();
        });
    ASSERT_TRUE(queued) << queued.error().text();
  }
  const auto flushed = producer_->flush(kDeadline);
  ASSERT_TRUE(flushed) << flushed.error().text();
}

Expected<Delivery> KafkaTest::publish(OutgoingRecord record) {
  auto fate = std::make_shared<std::promise<Expected<Delivery>>>();
  auto future = fate->get_future();
  FARM_CHECK_OK(producer_->publish(std::move(record), [fate](Expected<Delivery> delivery) {
    fate->set_value(std::move(delivery));
  }));
  if (future.wait_for(kDeadline) != std::future_status::ready) {
    return internal_error("no delivery report within the deadline");
  }
  return future.get();
}

std::vector<Record> KafkaTest::pull(Consumer& consumer, std::size_t count) {
  const auto deadline = steady_clock::now() + kDeadline;
  std::vector<Record> records;
  while (records.size() < count) {
    if (auto record = consumer.pull()) {
      records.push_back(*std::move(record));
      continue;
    }
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - steady_clock::now());
    pollfd wake{consumer.wake_fd(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wake, 1, static_cast<int>(left.count())) <= 0) break;
    std::uint64_t counter = 0;
    EXPECT_EQ(::read(consumer.wake_fd(), &counter, sizeof counter), ssize_t{sizeof counter});
  }
  EXPECT_EQ(records.size(), count) << "not all came within the deadline";
  return records;
}

void KafkaTest::pause_briefly() { std::this_thread::sleep_for(Milliseconds(20)); }

std::multiset<std::string> values_of(const std::vector<Record>& records) {
  std::multiset<std::string> values;
  for (const auto& record : records) values.insert(record.value);
  return values;
}

}  // namespace farm::kafka::test
