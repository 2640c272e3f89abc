#include "monitoring/gateway_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "monitoring/metric_table.h"

namespace farm::monitoring {
namespace {

using testing::HasSubstr;

TEST(GatewayMetrics, CountsRequestsByRouteAndStatus) {
  GatewayMetrics metrics("cpu");
  metrics.count_request("/run_code", 200);
  metrics.count_request("/run_code", 200);
  metrics.count_request("other", 404);
  const std::string text = metrics.text();
  EXPECT_THAT(
      text,
      HasSubstr(R"(gradefarm_http_requests_total{pool="cpu",route="/run_code",status="200"} 2)"));
  EXPECT_THAT(
      text, HasSubstr(R"(gradefarm_http_requests_total{pool="cpu",route="other",status="404"} 1)"));
}

TEST(GatewayMetrics, ShowsWhatTheTableSaysAndNothingElse) {
  GatewayMetrics metrics("cpu");
  metrics.count_request("/run_code", 200);
  metrics.set_pending(3, 2);
  metrics.set_broker_up(true);
  const std::string text = metrics.text();
  std::size_t families = 0;
  for (std::size_t at = text.find("# TYPE "); at != std::string::npos;
       at = text.find("# TYPE ", at + 1))
    ++families;
  EXPECT_EQ(families, gateway_metric_table().size());
  for (const MetricSpec& metric : gateway_metric_table()) {
    const std::string name(metric.name);
    EXPECT_THAT(text, HasSubstr("# HELP " + name + ' ' + std::string(metric.help) + '\n'));
    EXPECT_THAT(text, HasSubstr("# TYPE " + name + ' ' + std::string(word(metric.type)) + '\n'));
    EXPECT_THAT(text, testing::ContainsRegex('\n' + name + "\\{[^}]*\\} [1-9]")) << name;
  }
}

}  // namespace
}  // namespace farm::monitoring
