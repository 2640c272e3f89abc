#include "monitoring/health.h"

#include <gmock/gmock.h>

namespace farm::monitoring {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Health, IsNotReadyUntilEveryRequiredConditionIsReported) {
  Health health({"kafka", "languages"});
  EXPECT_FALSE(health.readiness().good);

  health.set("kafka", true);
  EXPECT_FALSE(health.readiness().good);
  EXPECT_EQ(health.readiness().text, "ok  kafka\nnot ready  languages: not reported yet\n");

  health.set("languages", true, "python cpp");
  EXPECT_TRUE(health.readiness().good);
  EXPECT_EQ(health.readiness().text, "ok  kafka\nok  languages: python cpp\n");
}

TEST(Health, IsNotReadyAnyMoreWhenAConditionIsLost) {
  Health health({"kafka"});
  health.set("kafka", true);

  health.set("kafka", false, "10.0.0.4:9092 does not answer");

  EXPECT_FALSE(health.readiness().good);
  EXPECT_THAT(health.readiness().text, HasSubstr("kafka: 10.0.0.4:9092 does not answer"));
}

TEST(Health, ConditionsThatAppearLaterCountToo) {
  Health health({});
  EXPECT_TRUE(health.readiness().good);

  health.set("draining", false, "SIGTERM came");

  EXPECT_FALSE(health.readiness().good);
}

TEST(Health, LivesWhileTheMainLoopTicks) {
  SteadyTime now{};
  Health health({}, 1000ms, [&] { return now; });

  now += 1000ms;
  EXPECT_TRUE(health.liveness().good);
  now += 1ms;
  EXPECT_FALSE(health.liveness().good);
  EXPECT_THAT(health.liveness().text, HasSubstr("1001 ms"));
  health.beat();
  EXPECT_TRUE(health.liveness().good);
}

}  // namespace
}  // namespace farm::monitoring
