// What only a real broker does: it refuses topics that do not exist, and limits of its own.
#include <gmock/gmock.h>

#include "grader/kafka/tail.h"
#include "grader/kafka/topic_admin.h"
#include "tests/support/kafka_fixture.h"

namespace farm::kafka::test {
namespace {

using ::testing::HasSubstr;

class Apache : public KafkaTest {};

TEST_F(Apache, PublishToAnUnknownTopicIsTheRequestsFault) {
  OutgoingRecord record;
  record.topic = unique_name("grading.replies.nobody");
  record.value = "x";
  const auto delivery = publish(record);

  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().code, ErrorCode::kInvalidRequest) << delivery.error().text();
  EXPECT_THAT(delivery.error().what, HasSubstr(record.topic));
}

TEST_F(Apache, UnknownTopicDoesNotHoldUpOthers) {
  const auto topic = make_topic(1);
  OutgoingRecord lost;
  lost.topic = unique_name("grading.replies.nobody");
  OutgoingRecord record;
  record.topic = topic;

  EXPECT_FALSE(publish(lost));
  EXPECT_TRUE(publish(record));
}

TEST_F(Apache, SettingsOfATopicAreItsOwnOverThoseOfTheBroker) {
  const auto topic = unique_name("grading.replies.settings");
  ASSERT_TRUE(create_topics(
      client(), {{topic, 1, TopicSpec::kBrokerDefault, {{"max.message.bytes", "123456"}}}},
      Milliseconds{30'000}));
  const auto settings = describe_topic_settings(client(), topic, Milliseconds{30'000});

  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->at("max.message.bytes"), "123456");
  EXPECT_EQ(settings->count("min.insync.replicas"), 1U);
  const auto none = describe_topic_settings(client(), unique_name("nowhere"), Milliseconds{30'000});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidRequest) << none.error().text();
}

TEST_F(Apache, RecordAboveTheTopicsOwnLimitIsTheRequestsFault) {
  const auto topic = unique_name("grading.replies.small");
  const auto created = create_topics(
      client(), {{topic, 1, TopicSpec::kBrokerDefault, {{"max.message.bytes", "1000"}}}},
      Milliseconds(30'000));
  ASSERT_TRUE(created) << created.error().text();

  OutgoingRecord record;
  record.topic = topic;
  for (int i = 0; i < 20'000; ++i) record.value += static_cast<char>(i * i % 251 ^ i / 7);
  const auto delivery = publish(record);

  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().code, ErrorCode::kInvalidRequest) << delivery.error().text();
  EXPECT_THAT(delivery.error().what, HasSubstr("20000 bytes"));
}

TEST_F(Apache, TopicSettingThatDoesNotExistIsRefused) {
  const auto created = create_topics(
      client(), {{unique_name("t"), 1, TopicSpec::kBrokerDefault, {{"retention.sm", "1"}}}},
      Milliseconds(30'000));

  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kInvalidRequest);
  EXPECT_THAT(created.error().what, HasSubstr("retention.sm"));
}

TEST_F(Apache, MoreReplicasThanBrokersAreRefused) {
  const auto created =
      create_topics(client(), {{unique_name("t"), 1, 17, {}}}, Milliseconds(30'000));

  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kInvalidRequest) << created.error().text();
}

TEST_F(Apache, TailOfAnUnknownTopicIsUnavailable) {
  const auto tail = Tail::create(client(), unique_name("grading.replies.nobody"), [](Record) {});

  ASSERT_FALSE(tail);
  EXPECT_EQ(tail.error().code, ErrorCode::kUnavailable);
}

TEST_F(Apache, WarmingAnUnknownTopicIsTheRequestsFault) {
  auto producer = make_producer();

  const auto warmed = producer->warm({unique_name("grading.replies.nobody")}, Milliseconds(30'000));

  ASSERT_FALSE(warmed);
  EXPECT_EQ(warmed.error().code, ErrorCode::kInvalidRequest) << warmed.error().text();
}

TEST_F(Apache, TopicThatIsCreatedAfterSubscribingIsFound) {
  const auto topic = unique_name("grading.requests.later");
  auto consumer = join(consumer_config(topic, unique_name("group")));
  const auto created =
      create_topics(client(), {{topic, 2, TopicSpec::kBrokerDefault, {}}}, Milliseconds(30'000));
  ASSERT_TRUE(created) << created.error().text();
  publish_numbers(topic, 5, -1);

  EXPECT_EQ(pull(*consumer, 5).size(), 5u);
}

TEST_F(Apache, StaticMemberGoesOnWhereItStoppedAfterARestart) {
  const auto topic = make_topic(2);
  auto config = consumer_config(topic, unique_name("group"));
  config.instance_id = "grader-1";
  publish_numbers(topic, 4, -1);

  auto first = join(config);
  for (const auto& record : pull(*first, 4)) first->done(record.position);
  first->close();
  publish_numbers(topic, 1, 0);
  auto again = join(config);

  EXPECT_EQ(pull(*again, 1).at(0).value, "0");
  EXPECT_EQ(again->stats().skipped_done, 0);
}

TEST_F(Apache, InstanceIdThatIsTakenOverIsFatalForTheFirst) {
  const auto topic = make_topic(1);
  auto config = consumer_config(topic, unique_name("group"));
  config.instance_id = "grader-1";
  publish_numbers(topic, 2, -1);

  auto first = join(config);
  pull(*first, 2);
  auto second = join(config);

  ASSERT_TRUE(eventually([&] { return first->fatal().has_value(); }));
  EXPECT_THAT(first->fatal()->what, HasSubstr("FENCED_INSTANCE_ID"));
  EXPECT_FALSE(second->fatal());
}

}  // namespace
}  // namespace farm::kafka::test
