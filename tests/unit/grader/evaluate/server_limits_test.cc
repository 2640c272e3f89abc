#include "grader/evaluate/server_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::evaluate {
namespace {

using ::testing::HasSubstr;

TEST(ServerLimits, TheRequestWinsOverTheLanguageAndTheLanguageOverTheFarm) {
  RequestedLimits requested;
  requested.memory = mib(100);
  RequestedLimits language;
  language.memory = mib(200);
  language.processes = 300;
  ServerLimits server;
  server.defaults.open_files = 99;

  const LimitValues limits = resolve(requested, language, server).value();

  EXPECT_EQ(limits.memory, mib(100));
  EXPECT_EQ(limits.processes, 300);
  EXPECT_EQ(limits.open_files, 99);
}

TEST(ServerLimits, AValueAboveTheMaximumIsRejectedWithPointerAndBothNumbers) {
  RequestedLimits requested;
  requested.run_cpu = Milliseconds(999'999);
  ServerLimits server;
  server.maxima.run_cpu = Milliseconds(5000);

  const auto limits = resolve(requested, {}, server);

  ASSERT_FALSE(limits);
  EXPECT_EQ(limits.error().code, ErrorCode::kInvalidRequest);
  EXPECT_THAT(limits.error().what, HasSubstr("/limits/run_cpu_ms"));
  EXPECT_THAT(limits.error().what, HasSubstr("999999"));
  EXPECT_THAT(limits.error().what, HasSubstr("5000"));
}

TEST(ServerLimits, ADefaultAboveTheMaximumIsCutToIt) {
  RequestedLimits language;
  language.memory = gib(8);
  ServerLimits server;
  server.maxima.memory = gib(1);

  EXPECT_EQ(resolve({}, language, server).value().memory, gib(1));
}

TEST(ServerLimits, AMaximumItselfIsGranted) {
  ServerLimits server;
  RequestedLimits requested;
  requested.processes = server.maxima.processes;

  EXPECT_TRUE(resolve(requested, {}, server));
}

TEST(ServerLimits, ZeroIsNeverUnlimited) {
  RequestedLimits requested;
  requested.run_wall = Milliseconds(0);

  const auto limits = resolve(requested, {}, ServerLimits{});

  ASSERT_FALSE(limits);
  EXPECT_THAT(limits.error().what, HasSubstr("/limits/run_wall_ms: 0 is below"));
}

TEST(ServerLimits, MemoryThatNoProcessStartsInIsRejected) {
  RequestedLimits requested;
  requested.memory = Bytes{4096};

  EXPECT_FALSE(resolve(requested, {}, ServerLimits{}));
}

TEST(ServerLimits, AStackOfZeroMeansAsLargeAsMemoryAndATinyOneIsRejected) {
  RequestedLimits requested;
  requested.stack = Bytes{0};
  EXPECT_EQ(resolve(requested, {}, ServerLimits{}).value().stack, Bytes{0});

  requested.stack = Bytes{1000};
  EXPECT_FALSE(resolve(requested, {}, ServerLimits{}));
}

TEST(ServerLimits, WallTimeFollowsTheCpuTimeThatWasAskedFor) {
  RequestedLimits requested;
  requested.run_cpu = Milliseconds(60'000);
  EXPECT_EQ(resolve(requested, {}, ServerLimits{}).value().run_wall, Milliseconds(120'000));

  requested.run_wall = Milliseconds(3000);
  EXPECT_EQ(resolve(requested, {}, ServerLimits{}).value().run_wall, Milliseconds(3000));
}

}  // namespace
}  // namespace farm::evaluate
