// What the embedded broker can be made to do: to fail, and to go away.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>

#include "grader/kafka/embedded_broker.h"
#include "grader/kafka/tail.h"
#include "grader/kafka/topic_admin.h"
#include "tests/support/kafka_fixture.h"

namespace farm::kafka::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EmbeddedBrokerTest : public ::testing::Test {
 protected:
  EmbeddedBrokerTest() : broker_(EmbeddedBroker::create().value()) {
    config_.brokers = broker_->bootstrap();
    config_.kind = BrokerKind::kEmbedded;
  }

  std::unique_ptr<Producer> make_producer(Milliseconds delivery_timeout) const {
    ProducerConfig config;
    config.client = config_;
    config.delivery_timeout = delivery_timeout;
    return Producer::create(config).value();
  }

  std::unique_ptr<EmbeddedBroker> broker_;
  ClientConfig config_;
};

OutgoingRecord record_for(const std::string& topic) {
  OutgoingRecord record;
  record.topic = topic;
  record.value = "x";
  return record;
}

TEST_F(EmbeddedBrokerTest, ListensOnTheLoopbackInterfaceOnly) {
  EXPECT_THAT(broker_->bootstrap(), testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
}

TEST_F(EmbeddedBrokerTest, TopicHasThePartitionsAskedFor) {
  ASSERT_TRUE(broker_->create_topic("seven", 7));

  const auto described = describe_topics(config_, "seven", Milliseconds(10'000));

  ASSERT_TRUE(described) << described.error().text();
  ASSERT_EQ(described->size(), 1u);
  EXPECT_EQ(described->at(0).partitions, 7);
}

TEST_F(EmbeddedBrokerTest, TopicCreatedByAClientHasTheDocumentedPartitions) {
  ASSERT_TRUE(create_topics(config_, {{"on-demand", 16, 1, {}}}, Milliseconds(10'000)));

  const auto described = describe_topics(config_, "on-demand", Milliseconds(10'000));

  ASSERT_TRUE(described) << described.error().text();
  ASSERT_EQ(described->size(), 1u);
  EXPECT_EQ(described->at(0).partitions, EmbeddedBroker::kPartitions);
}

TEST_F(EmbeddedBrokerTest, PassingFailureOfTheBrokerIsRetriedWithoutTheCaller) {
  ASSERT_TRUE(broker_->create_topic("t", 1));
  auto producer = make_producer(Milliseconds(30'000));
  broker_->fail_next_produces(2);

  std::atomic<int> delivered{0};
  ASSERT_TRUE(producer->publish(record_for("t"), [&](const Expected<Delivery>& delivery) {
    if (delivery) ++delivered;
  }));
  ASSERT_TRUE(producer->flush(kDeadline));

  EXPECT_EQ(delivered, 1);
}

TEST_F(EmbeddedBrokerTest, RecordsThatTheBrokerNeverTakesAreReportedUnavailable) {
  ASSERT_TRUE(broker_->create_topic("t", 1));
  auto producer = make_producer(Milliseconds(1'000));
  ASSERT_TRUE(producer->warm({"t"}, Milliseconds(10'000)));
  broker_->set_reachable(false);

  std::atomic<int> refused{0};
  ASSERT_TRUE(producer->publish(record_for("t"), [&](const Expected<Delivery>& delivery) {
    if (!delivery && delivery.error().code == ErrorCode::kUnavailable) ++refused;
  }));
  ASSERT_TRUE(producer->flush(kDeadline));

  EXPECT_EQ(refused, 1);
}

TEST_F(EmbeddedBrokerTest, ProducerGoesOnWhenTheBrokerIsBack) {
  ASSERT_TRUE(broker_->create_topic("t", 1));
  auto producer = make_producer(Milliseconds(60'000));
  ASSERT_TRUE(producer->warm({"t"}, Milliseconds(10'000)));
  broker_->set_reachable(false);

  std::atomic<int> delivered{0};
  ASSERT_TRUE(producer->publish(record_for("t"), [&](const Expected<Delivery>& delivery) {
    if (delivery) ++delivered;
  }));
  EXPECT_FALSE(producer->flush(Milliseconds(300)));
  broker_->set_reachable(true);
  ASSERT_TRUE(producer->flush(kDeadline));

  EXPECT_EQ(delivered, 1);
}

TEST_F(EmbeddedBrokerTest, ProducerWithoutABrokerIsDestroyedWithEveryReportGiven) {
  auto producer = make_producer(Milliseconds(60'000));
  broker_->set_reachable(false);
  std::atomic<int> refused{0};
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(producer->publish(record_for("t"), [&](const Expected<Delivery>& delivery) {
      if (!delivery && delivery.error().code == ErrorCode::kUnavailable) ++refused;
    }));
  }

  producer.reset();

  EXPECT_EQ(refused, 10);
}

TEST_F(EmbeddedBrokerTest, TailGoesOnWhenTheBrokerIsBack) {
  ASSERT_TRUE(broker_->create_topic("t", 1));
  std::atomic<int> seen{0};
  auto tail = Tail::create(config_, "t", [&](const Record&) { ++seen; });
  ASSERT_TRUE(tail) << tail.error().text();
  broker_->set_reachable(false);
  broker_->set_reachable(true);

  auto producer = make_producer(Milliseconds(30'000));
  ASSERT_TRUE(producer->publish(record_for("t"), {}));
  ASSERT_TRUE(producer->flush(kDeadline));

  for (int i = 0; i < 3'000 && seen == 0; ++i) ::usleep(10'000);
  EXPECT_EQ(seen, 1);
}

TEST_F(EmbeddedBrokerTest, ReachableBrokerIsSaidToBe) {
  const auto reachable = check_reachable(config_, Milliseconds(10'000));

  EXPECT_TRUE(reachable) << reachable.error().text();
}

TEST_F(EmbeddedBrokerTest, CloseIsBoundedWhenTheBrokerIsGone) {
  ASSERT_TRUE(broker_->create_topic("t", 1));
  auto producer = make_producer(Milliseconds(30'000));
  ASSERT_TRUE(producer->publish(record_for("t"), {}));
  ASSERT_TRUE(producer->flush(kDeadline));
  ConsumerConfig config;
  config.client = config_;
  config.group = "g";
  config.topics = {"t"};
  auto consumer = Consumer::create(config).value();
  std::optional<Record> record;
  for (int i = 0; i < 3'000 && !(record = consumer->pull()); ++i) ::usleep(10'000);
  ASSERT_TRUE(record);

  broker_->set_reachable(false);
  consumer->done(record->position);
  consumer->close();  // the test's own time limit would tell

  EXPECT_FALSE(consumer->pull());
}

// The fixture's pull() sleeps on wake_fd() alone, which is the point here.
class LostPartition : public KafkaTest {};

// Records of a lost assignment stayed in the partition's queue, so that it never became non-empty
// again and nothing woke up the next assignment's reader.
TEST_F(LostPartition, RecordsThatWaitedWhenItWasLostDoNotSilenceTheNextAssignment) {
  const auto topic = make_topic(1);
  publish_numbers(topic, 10, 0);
  auto config = consumer_config(topic, unique_name("group"));
  auto consumer = join(config);
  const auto before = pull(*consumer, 1);
  const auto rebalances = consumer->stats().rebalances;

  broker().set_reachable(false);
  ASSERT_TRUE(eventually([&] { return consumer->stats().rebalances > rebalances; }));
  consumer->done(before.at(0).position);  // of an assignment that is lost: has no effect
  broker().set_reachable(true);

  EXPECT_EQ(pull(*consumer, 10).size(), 10u);
}

// To the group a member that cannot be reached is like one that died; it knows better itself.
TEST_F(LostPartition, WhatItsOwnerHasStartedMeetsNoDeathWhereItComesBack) {
  const auto topic = make_topic(1);
  publish_numbers(topic, 5, 0);
  auto config = consumer_config(topic, unique_name("group"));
  config.trace_starts = true;
  auto consumer = join(config);
  (void)pull(*consumer, 3);
  const auto rebalances = consumer->stats().rebalances;

  broker().set_reachable(false);
  ASSERT_TRUE(eventually([&] { return consumer->stats().rebalances > rebalances; }));
  broker().set_reachable(true);

  for (const Record& record : pull(*consumer, 5)) EXPECT_EQ(record.crashes, 0) << record.value;
  EXPECT_TRUE(consumer->awaited().empty());
}

TEST_F(LostPartition, WhatAProcessThatEndedMayHaveStartedIsTriedOneAtATime) {
  const auto topic = make_topic(1);
  publish_numbers(topic, 5, 0);
  auto config = consumer_config(topic, unique_name("group"));
  config.trace_starts = true;
  config.start_ahead = 1;
  config.process = 1;
  auto first = join(config);
  EXPECT_EQ(pull(*first, 3).size(), 3u);
  broker().set_reachable(false);
  first.reset();  // nobody hears of it
  broker().set_reachable(true);
  config.process = 2;
  auto second = join(config);

  const auto others = pull(*second, 2);

  EXPECT_EQ(values_of(others), (std::multiset<std::string>{"3", "4"}));
  EXPECT_THAT(second->awaited(), testing::ElementsAre(1));
  EXPECT_FALSE(second->pull()) << "before it is known what became of its owner";
  second->judge(1, false);
  for (int i = 0; i < 3; ++i) {
    const auto records = pull(*second, 1);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].crashes, 1) << records[0].value;
    EXPECT_FALSE(second->pull()) << "beside a suspect";
    second->done(records[0].position);
  }
  for (const Record& record : others) EXPECT_EQ(record.crashes, 0) << record.value;
}

TEST(CheckReachable, RefusedConnectionIsSaidPlainly) {
  ClientConfig config;
  config.brokers = "127.0.0.1:1";

  const auto reachable = check_reachable(config, Milliseconds(1'000));

  ASSERT_FALSE(reachable);
  EXPECT_EQ(reachable.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(reachable.error().text(),
            "cannot reach Kafka at 127.0.0.1:1: connection refused; check --brokers and that the "
            "broker runs");
}

TEST(CheckReachable, HostThatDoesNotResolveIsNamed) {
  ClientConfig config;
  config.brokers = "broker.invalid:9092";

  const auto reachable = check_reachable(config, Milliseconds(2'000));

  ASSERT_FALSE(reachable);
  EXPECT_EQ(reachable.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(reachable.error().text(), HasSubstr("broker.invalid:9092"));
}

TEST(CheckReachable, BadPropertyIsNamedWithoutItsValue) {
  ClientConfig config;
  config.brokers = "127.0.0.1:1";

  config.properties = {{"sasl.pasword", "hunter2"}};
  const auto unknown = check_reachable(config, Milliseconds(1'000));
  config.properties = {{"security.protocol", "hunter2"}};
  const auto invalid = check_reachable(config, Milliseconds(1'000));

  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInternal);
  EXPECT_THAT(unknown.error().text(), HasSubstr("sasl.pasword"));
  EXPECT_THAT(unknown.error().text(), Not(HasSubstr("hunter2")));
  ASSERT_FALSE(invalid);
  EXPECT_THAT(invalid.error().text(), HasSubstr("security.protocol"));
  EXPECT_THAT(invalid.error().text(), Not(HasSubstr("hunter2")));
}

TEST(ClientLog, LinesGoToTheSinkAndNotToStandardError) {
  std::mutex mutex;
  std::string lines;
  ClientConfig config;
  config.brokers = "127.0.0.1:1";
  config.log = [&](int, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines += line;
  };

  testing::internal::CaptureStderr();
  EXPECT_FALSE(check_reachable(config, Milliseconds(1'000)));
  const std::string written = testing::internal::GetCapturedStderr();

  EXPECT_EQ(written, "");
  const std::lock_guard lock(mutex);
  EXPECT_THAT(lines, HasSubstr("Connection refused"));
}

TEST(ConsumerCreate, UnreachableBrokerIsUnavailable) {
  ConsumerConfig config;
  config.client.brokers = "127.0.0.1:1";
  config.group = "g";
  config.topics = {"t"};

  const auto consumer = Consumer::create(config);

  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace farm::kafka::test
