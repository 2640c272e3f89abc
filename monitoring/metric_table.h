// The tables of everything that the farm measures. METRICS.md is its rendering for people; a
// test compares them. Naming: prefix gradefarm_, base units (_seconds, _bytes), counters end in
// _total.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farm::monitoring {

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricSpec {
  std::string_view name;
  MetricType type;
  std::string_view unit;  // "seconds", "bytes", "requests", …
  std::vector<std::string_view>
      labels;  // never an id, a trainer or anything else that a request makes up
  std::string_view help;
};

std::string_view word(MetricType);  // counter gauge histogram

std::span<const MetricSpec> metric_table();          // of graders
std::span<const MetricSpec> gateway_metric_table();  // of gateways

// Upper bounds in seconds of every histogram's buckets: 1 ms to 10 min, three a decade below a
// minute.
const std::vector<double>& duration_buckets();

// The rows of METRICS.md's tables, one a metric, in this order: "| name | type | unit | labels |
// meaning |".
std::string metric_table_markdown();

}  // namespace farm::monitoring
