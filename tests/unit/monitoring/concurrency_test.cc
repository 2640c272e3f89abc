// Read by ThreadSanitizer: what the threads of a grader do to metrics, health and log at the same
// time.
#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "monitoring/health.h"
#include "monitoring/log.h"
#include "monitoring/metrics.h"

namespace farm::monitoring {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int kThreads = 4;
constexpr int kRounds = 300;

void in_parallel(const std::function<void(int thread)>& act) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&act, i] { act(i); });
}

TEST(MetricsConcurrency, NoCountIsLost) {
  Metrics metrics("1", "cpu");

  in_parallel([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      metrics.declare_language("python", i % 2 == 0);
      metrics.count_request("python", Verdict::kAccepted);
      metrics.observe_run("python", 1ms);
      metrics.set_slots(thread, i);
      if (i % 50 == 0) static_cast<void>(metrics.text());
    }
  });

  const std::string total = std::to_string(kThreads * kRounds) + '\n';
  EXPECT_THAT(
      metrics.text(),
      HasSubstr("gradefarm_requests_total{language=\"python\",pool=\"cpu\",verdict=\"accepted\"} " +
                total));
  EXPECT_THAT(metrics.text(),
              HasSubstr("gradefarm_run_seconds_count{language=\"python\",pool=\"cpu\"} " + total));
}

TEST(HealthConcurrency, EveryConditionArrives) {
  Health health({});

  in_parallel([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      health.set("condition " + std::to_string(thread), i + 1 == kRounds);
      health.beat();
      static_cast<void>(health.readiness());
      static_cast<void>(health.liveness());
    }
  });

  EXPECT_TRUE(health.readiness().good);
}

TEST(LogConcurrency, LinesStayWhole) {
  log::configure({LogLevel::kInfo, LogFormat::kJson});
  testing::internal::CaptureStderr();

  in_parallel([](int thread) {
    for (int i = 0; i < kRounds; ++i)
      log::info("round", {{"thread", thread}, {"text", std::string(100, 'x')}});
  });

  std::istringstream lines(testing::internal::GetCapturedStderr());
  int whole = 0;
  for (std::string line; std::getline(lines, line); ++whole) {
    ASSERT_TRUE(line.starts_with("{\"time\":\"") && line.ends_with(std::string(100, 'x') + "\"}"))
        << line;
    ASSERT_EQ(line.find("\"time\"", 1), line.rfind("\"time\"")) << line;
  }
  EXPECT_EQ(whole, kThreads * kRounds);
}

}  // namespace
}  // namespace farm::monitoring
