// GatewayMetrics: what a gradefarm-gateway counts. Not the graders' Metrics: their families,
// standing at 0, would look like a grader without partitions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace farm::monitoring {

// Owns its registry. Every method is thread-safe and takes about a microsecond.
class GatewayMetrics {
 public:
  explicit GatewayMetrics(std::string_view pool);
  ~GatewayMetrics();
  GatewayMetrics(const GatewayMetrics&) = delete;
  GatewayMetrics& operator=(const GatewayMetrics&) = delete;

  // `route` is one of a fixed set: the label must not be a place where requests can make up time
  // series.
  void count_request(std::string_view route, int status);
  void set_pending(std::int64_t waiting_callers, std::int64_t running_jobs);
  void set_broker_up(bool up);

  // The text exposition format 0.0.4.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace farm::monitoring
