#include "grader/service/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_kafka.h"

namespace farm::service {
namespace {

using ::testing::HasSubstr;

class PublisherTest : public ::testing::Test {
 protected:
  std::shared_ptr<const kafka::Record> origin() const {
    auto record = std::make_shared<kafka::Record>();
    record->position = {"grading.requests.cpu", 2, 77, 0};
    record->value = "body";
    record->headers = {{"kafka_correlationId", "c"}};
    return record;
  }
  void publish() {
    publisher_.publish_answer({"grading.replies.run", -1, {}}, "answer", origin(),
                              [this] { ++settled_; });
  }
  static SteadyTime later() { return std::chrono::steady_clock::now() + std::chrono::hours(1); }

  testing::FakeProducer producer_;
  monitoring::Metrics metrics_{"test", "cpu"};
  Publisher publisher_{producer_, metrics_, "grader-1"};
  int settled_ = 0;
};

TEST_F(PublisherTest, AnswerSettlesWhenItWasDeliveredAndNotBefore) {
  producer_.hold(true);
  publish();
  EXPECT_EQ(settled_, 0);
  EXPECT_EQ(publisher_.pending(), 1U);

  producer_.release();

  EXPECT_EQ(settled_, 1);
  EXPECT_EQ(publisher_.pending(), 0U);
}

TEST_F(PublisherTest, AnswerIsTriedAgainUntilTheBrokerTakesIt) {
  producer_.fail_next("grading.replies.run", unavailable("broker down"), 3);
  publish();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(settled_, 0);
    publisher_.tick(later());
  }

  EXPECT_EQ(settled_, 1);
  EXPECT_EQ(producer_.published().size(), 1U);
  EXPECT_THAT(metrics_.text(), HasSubstr("gradefarm_replies_failed_total{pool=\"cpu\"} 3\n"));
  EXPECT_THAT(metrics_.text(), HasSubstr("gradefarm_retries_total{pool=\"cpu\"} 0\n"));
}

TEST_F(PublisherTest, RetryWaitsForItsPause) {
  producer_.fail_next("grading.replies.run", unavailable("broker down"));
  publish();

  publisher_.tick(std::chrono::steady_clock::now() - std::chrono::hours(1));

  EXPECT_EQ(settled_, 0);
  EXPECT_EQ(publisher_.pending(), 1U);
}

TEST_F(PublisherTest, AnswerThatCanNeverBeDeliveredBecomesADeadLetterOfItsRequest) {
  producer_.fail_next("grading.replies.run", invalid_request("unknown topic"));
  publish();

  EXPECT_EQ(settled_, 1);
  ASSERT_EQ(producer_.published().size(), 1U);
  const kafka::OutgoingRecord letter = producer_.published()[0];
  EXPECT_EQ(letter.topic, "grading.dead-letters");
  EXPECT_EQ(letter.value, "body");
  EXPECT_THAT(std::string(*kafka::find_header(letter.headers, "error")),
              HasSubstr("unknown topic"));
  EXPECT_EQ(kafka::find_header(letter.headers, "original_topic"), "grading.requests.cpu");
  EXPECT_EQ(kafka::find_header(letter.headers, "original_partition"), "2");
  EXPECT_EQ(kafka::find_header(letter.headers, "original_offset"), "77");
  EXPECT_EQ(kafka::find_header(letter.headers, "grader"), "grader-1");
  EXPECT_EQ(kafka::find_header(letter.headers, "kafka_correlationId"), "c");
}

TEST_F(PublisherTest, BrokenClientSettlesNothingAndIsFatal) {
  producer_.fail_next("grading.replies.run", internal_error("fenced"));
  publish();

  EXPECT_EQ(settled_, 0) << "settling would commit an answer that nobody got";
  EXPECT_EQ(publisher_.pending(), 1U);
  ASSERT_TRUE(publisher_.fatal());
  EXPECT_THAT(publisher_.fatal()->what, HasSubstr("fenced"));
}

TEST_F(PublisherTest, DeadLetterThatNobodyTakesDoesNotHoldThePartition) {
  producer_.fail_next("grading.dead-letters", invalid_request("unknown topic"));
  publisher_.publish_dead_letter(origin(), "why", [this] { ++settled_; });

  EXPECT_EQ(settled_, 1);
}

}  // namespace
}  // namespace farm::service
