#include "grader/service/status_report.h"

#include <gtest/gtest.h>

#include "grader/service/roll_call.h"
#include "schemas/topics.h"
#include "tests/support/fake_kafka.h"

namespace farm::service {
namespace {

using namespace std::chrono_literals;

TEST(StatusReporter, TellsNowAndThenWhatTheGraderDoes) {
  testing::FakeProducer producer;
  monitoring::Health health{{"kafka"}};
  Activity activity(2);
  const SteadyTime start = std::chrono::steady_clock::now();
  StatusReporter reporter({5s, "cpu", "0.1.0", {"bash"}, 77}, "grader-1", 2, producer, health,
                          activity);
  activity.begin({1, "step-1/0", "run-17", "bash", 5}, 12ms, start);

  reporter.tick(start, 3);
  reporter.tick(start + 4999ms, 3);
  ASSERT_EQ(producer.published().size(), 1U);
  const auto record = producer.published()[0];
  EXPECT_EQ(record.topic, topics::kStatus);
  EXPECT_EQ(record.key, "grader-1");
  EXPECT_EQ(process_of(record.headers), 77) << "for who waits to hear of it";
  const auto status = decode_grader_status(record.value);
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(status->pool, "cpu");
  EXPECT_EQ(status->slots, 2);
  EXPECT_EQ(status->partitions, 3);
  EXPECT_FALSE(status->ready);
  ASSERT_EQ(status->running.size(), 1U);
  EXPECT_EQ(status->running[0].request_id, "step-1/0");
  EXPECT_EQ(status->waits.longest, 12ms);

  health.set("kafka", true);
  activity.end(1, start);
  reporter.tick(start + 5s, 3);
  ASSERT_EQ(producer.published().size(), 2U);
  const auto later = decode_grader_status(producer.published()[1].value);
  EXPECT_TRUE(later->ready);
  EXPECT_TRUE(later->running.empty());
  EXPECT_EQ(later->graded, 1);
}

TEST(StatusReporter, LostReportIsFollowedByTheNext) {
  testing::FakeProducer producer;
  monitoring::Health health{{}};
  Activity activity(1);
  const SteadyTime start = std::chrono::steady_clock::now();
  StatusReporter reporter({5s, "cpu", "", {}, 0}, "g", 1, producer, health, activity);
  producer.fail_next(std::string(topics::kStatus), unavailable("broker is away"));

  reporter.tick(start, 0);
  EXPECT_TRUE(producer.published().empty());
  reporter.tick(start + 5s, 0);
  EXPECT_EQ(producer.published().size(), 1U);
}

}  // namespace
}  // namespace farm::service
