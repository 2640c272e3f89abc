#include "monitoring/metric_table.h"
#include "tests/support/paths.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace farm::monitoring {
namespace {

std::vector<MetricSpec> both_tables() {
  std::vector<MetricSpec> all(metric_table().begin(), metric_table().end());
  all.insert(all.end(), gateway_metric_table().begin(), gateway_metric_table().end());
  return all;
}

TEST(MetricTable, IsTheTableOfMetricsMd) {
  std::ifstream document(test::source_dir() / "monitoring/METRICS.md");
  ASSERT_TRUE(document);
  std::string rows;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `")) rows += line + '\n';
  }

  EXPECT_EQ(rows, metric_table_markdown());
}

TEST(MetricTable, NamesFollowPrometheusConventions) {
  std::set<std::string_view> names;
  for (const MetricSpec& metric : both_tables()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " stands there twice";
    EXPECT_TRUE(metric.name.starts_with("gradefarm_")) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == MetricType::kCounter) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_seconds"), metric.unit == "seconds") << metric.name;
    EXPECT_EQ(metric.name.ends_with("_bytes"), metric.unit == "bytes") << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
  }
}

TEST(MetricTable, LabelsHoldNothingThatARequestMakesUp) {
  const std::set<std::string_view> allowed = {"pool",  "language", "verdict", "outcome",
                                              "state", "version",  "route",   "status"};

  for (const MetricSpec& metric : both_tables()) {
    for (const std::string_view label : metric.labels)
      EXPECT_TRUE(allowed.contains(label)) << metric.name << label;
  }
}

TEST(DurationBuckets, GrowFromOneMillisecondToTenMinutes) {
  const auto& buckets = duration_buckets();

  EXPECT_EQ(buckets.front(), 0.001);
  EXPECT_EQ(buckets.back(), 600);
  EXPECT_TRUE(std::is_sorted(buckets.begin(), buckets.end(), std::less_equal<>()));
}

}  // namespace
}  // namespace farm::monitoring
