#include "producer/command/up.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "monitoring/log.h"
#include "producer/command/child_gateway.h"
#include "producer/command/embedded_farm.h"
#include "producer/command/exit_codes.h"

namespace farm::command {
namespace {

constexpr Milliseconds kTick{100};
constexpr Milliseconds kFirstDelay{1'000};
constexpr Milliseconds kLongestDelay{30'000};
// A grader that lived as long as this crashed by accident; the delays start anew.
constexpr std::chrono::minutes kHealthyLife{1};

void announce(const config::UpOptions& options, const EmbeddedFarm& farm) {
  const std::string brokers = farm.client_config().brokers;
  std::printf("gradefarm is up. Its broker keeps nothing on disk: not for production.\n");
  std::printf("bootstrap  %s\n", brokers.c_str());
  std::printf(
      "submit     gradefarm grade FILE.jsonl --brokers %s --broker-kind embedded --blob-dir %s%s\n",
      brokers.c_str(), farm.blob_dir().c_str(),
      options.pool == "cpu" ? "" : (" --pool " + options.pool).c_str());
  if (options.metrics_address) {
    std::printf("metrics    http://%s/metrics\n", options.metrics_address->c_str());
  }
  if (options.http_address) {
    std::printf("http       http://%s/run_code\n", options.http_address->c_str());
  }
  std::printf("Ctrl-C ends it.\n");
  std::fflush(stdout);
}

Expected<std::optional<ChildGateway>> start_gateway(const config::UpOptions& options,
                                                    const EmbeddedFarm& farm,
                                                    const std::function<bool()>& interrupted) {
  if (!options.http_address) return std::optional<ChildGateway>();
  FARM_TRY(auto gateway,
           ChildGateway::start({options.gateway, farm.client_config().brokers, options.pool,
                                farm.blob_dir(), *options.http_address, options.drain_timeout},
                               interrupted));
  return std::optional(std::move(gateway));
}

// Watches grader and gateway, if there is one, until an interrupt.
void supervise(EmbeddedFarm& farm, std::optional<ChildGateway>& gateway,
               const std::function<bool()>& interrupted) {
  using std::chrono::steady_clock;
  int failures = 0;
  auto started = steady_clock::now();
  auto start_again = started;
  while (!interrupted()) {
    std::this_thread::sleep_for(kTick);
    if (gateway) gateway->look_after();
    if (farm.grader()) {
      const auto status = farm.grader()->exited();
      if (!status) continue;
      failures = steady_clock::now() - started > kHealthyLife ? 1 : failures + 1;
      const Milliseconds delay = restart_delay(failures);
      monitoring::log::warning("grader ended, starting another",
                               {{"how", status->text()}, {"delay_ms", delay.count()}});
      farm.stop(interrupted);
      start_again = steady_clock::now() + delay;
    }
    if (steady_clock::now() < start_again) continue;
    if (auto restarted = farm.restart_grader(interrupted); !restarted && !interrupted()) {
      const Milliseconds delay = restart_delay(++failures);
      monitoring::log::error("grader did not start",
                             {{"error", restarted.error().text()}, {"delay_ms", delay.count()}});
      start_again = steady_clock::now() + delay;
    }
    started = steady_clock::now();
  }
}

}  // namespace

Milliseconds restart_delay(int failures) {
  const int doublings = std::clamp(failures - 1, 0, 10);
  return std::min(kFirstDelay * (1 << doublings), kLongestDelay);
}

int up(const config::UpOptions& options, const Interrupt& interrupt) {
  const auto interrupted = [&] { return interrupt.pending().has_value(); };
  EmbeddedFarmOptions farm_options;
  farm_options.grader = options.grader;
  farm_options.pool = options.pool;
  farm_options.blob_dir = options.blob_dir;
  farm_options.metrics_address = options.metrics_address;
  farm_options.bad_cases = options.bad_cases;
  farm_options.drain_timeout = options.drain_timeout;
  farm_options.canary_interval = options.canary_interval;
  auto farm = EmbeddedFarm::start(std::move(farm_options), interrupted);
  if (interrupted()) return kExitOk;
  if (!farm) {
    std::fprintf(stderr, "gradefarm: %s\n", farm.error().text().c_str());
    return kExitGrader;
  }
  auto gateway = start_gateway(options, *farm.value(), interrupted);
  if (interrupted()) return kExitOk;
  if (!gateway) {
    std::fprintf(stderr, "gradefarm: %s\n", gateway.error().text().c_str());
    return kExitGrader;
  }
  announce(options, *farm.value());
  supervise(*farm.value(), *gateway, interrupted);
  const auto never = [] { return false; };
  if (*gateway) (*gateway)->stop(never);
  farm.value()->stop(never);
  return kExitOk;
}

}  // namespace farm::command
