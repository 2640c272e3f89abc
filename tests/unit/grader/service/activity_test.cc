#include "grader/service/activity.h"

#include <gtest/gtest.h>

namespace farm::service {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart = std::chrono::steady_clock::now();

TEST(Activity, ShowsWhatRunsNowInSlotOrder) {
  Activity activity(3);
  activity.begin({2, "late", "run", "cpp", 7}, 1ms, kStart);
  activity.begin({0, "early", "run", "python", 5}, 1ms, kStart);
  ASSERT_EQ(activity.running().size(), 2U);
  EXPECT_EQ(activity.running()[0].request_id, "early");
  EXPECT_EQ(activity.running()[1].request_id, "late");

  activity.end(2, kStart);

  ASSERT_EQ(activity.running().size(), 1U);
  EXPECT_EQ(activity.running()[0].language, "python");
  EXPECT_EQ(activity.ended(), 1);
}

TEST(Activity, WaitsAreThoseOfTheLastMinute) {
  Activity activity(1);
  activity.begin({0, "old", "", "", 0}, 9'000ms, kStart);
  for (int i = 1; i <= 100; ++i) activity.begin({0, "", "", "", 0}, Milliseconds(i), kStart + 30s);

  const QueueWaits waits = activity.waits(kStart + 61s);

  EXPECT_EQ(waits.count, 100);
  EXPECT_EQ(waits.median, 50ms);
  EXPECT_EQ(waits.p95, 95ms);
  EXPECT_EQ(waits.longest, 100ms);
  EXPECT_EQ(activity.waits(kStart + 91s).count, 0);
}

TEST(Activity, NegativeWaitsOfSkewedClocksCountAsNone) {
  Activity activity(1);
  activity.begin({0, "", "", "", 0}, -5s, kStart);
  EXPECT_EQ(activity.waits(kStart).longest, 0ms);
}

TEST(Activity, IsFullWhenEverySlotGrades) {
  Activity activity(2);
  activity.begin({0, "", "", "", 0}, 0ms, kStart + 1s);
  EXPECT_FALSE(activity.pace().full);
  activity.begin({1, "", "", "", 0}, 0ms, kStart + 2s);
  EXPECT_TRUE(activity.pace().full);
  EXPECT_EQ(activity.pace().last_change, kStart + 2s);
  activity.end(0, kStart + 3s);
  EXPECT_FALSE(activity.pace().full);
  EXPECT_EQ(activity.pace().last_change, kStart + 3s);
}

}  // namespace
}  // namespace farm::service
