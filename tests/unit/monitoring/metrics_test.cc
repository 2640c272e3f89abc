#include "monitoring/metrics.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "monitoring/metric_table.h"

namespace farm::monitoring {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Metrics, CountRequestsByLanguageAndVerdict) {
  Metrics metrics("1.2.3", "cpu");
  metrics.declare_language("python", true);

  metrics.count_request("python", Verdict::kAccepted);
  metrics.count_request("python", Verdict::kAccepted);
  metrics.count_request("python", Verdict::kTimeLimit);

  const std::string text = metrics.text();
  EXPECT_THAT(
      text,
      HasSubstr(
          "gradefarm_requests_total{language=\"python\",pool=\"cpu\",verdict=\"accepted\"} 2\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "gradefarm_requests_total{language=\"python\",pool=\"cpu\",verdict=\"time_limit\"} 1\n"));
}

TEST(Metrics, CountBadCasesByWhatBecameOfThem) {
  Metrics metrics("1", "cpu");

  metrics.count_bad_case(BadCaseOutcome::kWritten);

  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("gradefarm_bad_cases_total{outcome=\"written\",pool=\"cpu\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_bad_cases_total{outcome=\"dropped\",pool=\"cpu\"} 0\n"));
}

TEST(Metrics, UndeclaredLanguagesShareOneLabel) {
  Metrics metrics("1", "cpu");
  metrics.declare_language("python", true);

  for (int i = 0; i < 1000; ++i)
    metrics.count_request("made-up-" + std::to_string(i), Verdict::kRejected);
  metrics.observe_run("\"} evil 1\n", 1ms);

  const std::string text = metrics.text();
  EXPECT_THAT(
      text,
      HasSubstr(
          "gradefarm_requests_total{language=\"other\",pool=\"cpu\",verdict=\"rejected\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_run_seconds_count{language=\"other\",pool=\"cpu\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("made-up")));
  EXPECT_THAT(text, Not(HasSubstr("evil")));
}

TEST(Metrics, ObserveDurationsInSecondsWhateverTheirUnit) {
  Metrics metrics("1", "cpu");
  metrics.declare_language("cpp", true);

  metrics.observe_compile("cpp", 1500ms);
  metrics.observe_compile("cpp", 500us);

  const std::string text = metrics.text();
  EXPECT_THAT(text,
              HasSubstr("gradefarm_compile_seconds_sum{language=\"cpp\",pool=\"cpu\"} 1.5005\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "gradefarm_compile_seconds_bucket{language=\"cpp\",pool=\"cpu\",le=\"0.001\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("gradefarm_compile_seconds_bucket{language=\"cpp\",pool=\"cpu\",le=\"2\"} 2\n"));
}

TEST(Metrics, RecordNegativeDurationsAsZero) {
  Metrics metrics("1", "cpu");

  metrics.observe_queue_wait("python", -3s);

  EXPECT_THAT(metrics.text(),
              HasSubstr("gradefarm_queue_wait_seconds_sum{language=\"other\",pool=\"cpu\"} 0\n"));
}

TEST(Metrics, WithoutALanguageExistFromTheStart) {
  const std::string text = Metrics("1", "gpu").text();

  EXPECT_THAT(text, HasSubstr("gradefarm_retries_total{pool=\"gpu\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_dead_letters_total{pool=\"gpu\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_requests_in_flight{pool=\"gpu\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_build_info{version=\"1\"} 1\n"));
}

TEST(Metrics, OfAnAvailableLanguageCountFromZeroForEachVerdict) {
  Metrics metrics("1", "cpu");
  metrics.declare_language("python", true);
  metrics.declare_language("java", false);

  const std::string text = metrics.text();
  for (const char* verdict : {"accepted", "compile_error", "cancelled", "farm_error"}) {
    EXPECT_THAT(text,
                HasSubstr("gradefarm_requests_total{language=\"python\",pool=\"cpu\",verdict=\"" +
                          std::string(verdict) + "\"} 0\n"));
  }
  EXPECT_THAT(text, Not(HasSubstr("not_run")));
  EXPECT_THAT(text, Not(HasSubstr("requests_total{language=\"java\"")));
}

TEST(Metrics, StartTimeIsThatOfTheirCreation) {
  const auto seconds = [](auto time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
  };
  const double before = seconds(std::chrono::system_clock::now());
  const std::string text = Metrics("1", "cpu").text();
  const double after = seconds(std::chrono::system_clock::now());

  const std::string sample = "\ngradefarm_start_time_seconds{pool=\"cpu\"} ";
  const auto at = text.find(sample);
  ASSERT_NE(at, std::string::npos);
  const double started = std::stod(text.substr(at + sample.size()));
  EXPECT_GE(started, before);
  EXPECT_LE(started, after);
}

TEST(Metrics, ALanguageCanBeWithdrawn) {
  Metrics metrics("1", "cpu");
  metrics.declare_language("java", true);

  metrics.declare_language("java", false);

  EXPECT_THAT(metrics.text(),
              HasSubstr("gradefarm_languages_available{language=\"java\",pool=\"cpu\"} 0\n"));
}

TEST(Metrics, ConsumerTotalsAdvanceCountersByTheirGrowth) {
  Metrics metrics("1", "cpu");
  metrics.count_duplicate();

  metrics.record_consumer({.assigned_partitions = 4,
                           .rebalances = 1,
                           .commits = 10,
                           .commit_failures = 0,
                           .commit_span = 7,
                           .commit_metadata_bytes = 90,
                           .duplicates = 2});
  metrics.record_consumer({.assigned_partitions = 2,
                           .rebalances = 3,
                           .commits = 15,
                           .commit_failures = 1,
                           .commit_span = 1,
                           .commit_metadata_bytes = 20,
                           .duplicates = 2});

  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("gradefarm_assigned_partitions{pool=\"cpu\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_rebalances_total{pool=\"cpu\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_commits_total{pool=\"cpu\"} 15\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_commit_failures_total{pool=\"cpu\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_commit_span{pool=\"cpu\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_commit_metadata_bytes{pool=\"cpu\"} 20\n"));
  EXPECT_THAT(text, HasSubstr("gradefarm_duplicates_total{pool=\"cpu\"} 3\n"));
}

TEST(Metrics, ANewConsumersTotalsCountFromZero) {
  Metrics metrics("1", "cpu");
  metrics.record_consumer({.commits = 10});

  metrics.record_consumer({.commits = 3});

  EXPECT_THAT(metrics.text(), HasSubstr("gradefarm_commits_total{pool=\"cpu\"} 13\n"));
}

TEST(Metrics, EveryRowOfTheTableIsRecordedByAMethod) {
  Metrics metrics("1", "cpu");
  metrics.declare_language("python", true);
  metrics.count_request("python", Verdict::kAccepted);
  metrics.observe_queue_wait("python", 1ms);
  metrics.observe_compile("python", 1ms);
  metrics.observe_run("python", 1ms);
  metrics.observe_end_to_end("python", 1ms);
  metrics.set_requests_in_flight(3);
  metrics.set_slots(1, 2);
  metrics.count_retry();
  metrics.count_duplicate();
  metrics.count_cached();
  metrics.count_reply_failed();
  metrics.count_dead_letter();
  metrics.count_forwarded();
  metrics.count_launcher_restart();
  for (const std::string_view outcome : Metrics::kCanaryOutcomes) metrics.count_canary(outcome);
  metrics.observe_canary(20ms, std::chrono::system_clock::now());
  metrics.count_bad_case(BadCaseOutcome::kWritten);
  metrics.record_consumer({5, 5, 5, 5, 5, 5, 0});
  metrics.record_compile_cache({5, 5, 5, 5});

  const std::string text = metrics.text();
  for (const MetricSpec& metric : metric_table()) {
    const std::string name(metric.name);
    EXPECT_THAT(text, HasSubstr("# HELP " + name + ' ' + std::string(metric.help) + '\n'));
    EXPECT_THAT(text, HasSubstr("# TYPE " + name + ' ' + std::string(word(metric.type)) + '\n'));
    const std::string sample = name + (metric.type == MetricType::kHistogram ? "_count" : "");
    EXPECT_THAT(text, testing::ContainsRegex('\n' + sample + "\\{[^}]*\\} [1-9]")) << name;
  }
}

}  // namespace
}  // namespace farm::monitoring
