#include "monitoring/gateway_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "monitoring/metric_table.h"
#include "schemas/expected.h"

namespace farm::monitoring {
namespace {

std::string help_of(std::string_view name) {
  const auto table = gateway_metric_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const MetricSpec& spec) { return spec.name == name; });
  FARM_ASSERT(found != table.end());
  return std::string(found->help);
}

prometheus::Family<prometheus::Gauge>& gauge(const std::string& name,
                                             prometheus::Registry& registry) {
  return prometheus::BuildGauge().Name(name).Help(help_of(name)).Register(registry);
}

}  // namespace

struct GatewayMetrics::State {
  explicit State(std::string_view pool_name)
      : pool(pool_name),
        requests(prometheus::BuildCounter()
                     .Name("gradefarm_http_requests_total")
                     .Help(help_of("gradefarm_http_requests_total"))
                     .Register(registry)),
        waiting(gauge("gradefarm_http_waiting", registry).Add({{"pool", pool}})),
        running(gauge("gradefarm_http_jobs", registry).Add({{"pool", pool}})),
        broker_up(gauge("gradefarm_http_broker_up", registry).Add({{"pool", pool}})) {}

  const std::string pool;
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Gauge& waiting;
  prometheus::Gauge& running;
  prometheus::Gauge& broker_up;
};

GatewayMetrics::GatewayMetrics(std::string_view pool) : state_(std::make_unique<State>(pool)) {}

GatewayMetrics::~GatewayMetrics() = default;

void GatewayMetrics::count_request(std::string_view route, int status) {
  state_->requests
      .Add({{"pool", state_->pool},
            {"route", std::string(route)},
            {"status", std::to_string(status)}})
      .Increment();
}

void GatewayMetrics::set_pending(std::int64_t waiting_callers, std::int64_t running_jobs) {
  state_->waiting.Set(static_cast<double>(waiting_callers));
  state_->running.Set(static_cast<double>(running_jobs));
}

void GatewayMetrics::set_broker_up(bool up) { state_->broker_up.Set(up ? 1 : 0); }

std::string GatewayMetrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
  return std::move(out).str();
}

}  // namespace farm::monitoring
