#include "producer/gateway/time_limits.h"

#include <algorithm>
#include <cmath>

namespace farm::gateway {
namespace {

// The defaults of --max-compile-cpu, --max-run-cpu, --max-run-wall and --max-total-wall.
constexpr double kMostCompileCpu = 120;
constexpr double kMostRunCpu = 600;
constexpr double kMostRunWall = 1200;
constexpr double kMostTotalWall = 3600;

Milliseconds bounded(double seconds, double most) {
  const double within = std::clamp(seconds, 0.001, most);
  return Milliseconds(static_cast<std::int64_t>(std::ceil(within * 1000)));
}

}  // namespace

void set_timeouts(double compile, double run, RequestedLimits& limits) {
  limits.compile_cpu = bounded(compile, kMostCompileCpu);
  limits.run_wall = bounded(run, kMostRunWall);
  limits.run_cpu = bounded(2 * run, kMostRunCpu);
}

void set_total_timeout(double total, RequestedLimits& limits) {
  limits.total_wall = bounded(total, kMostTotalWall);
}

}  // namespace farm::gateway
