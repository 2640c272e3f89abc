#include "producer/command/child_gateway.h"

#include <chrono>
#include <utility>

#include "monitoring/log.h"

namespace farm::command {
namespace {

constexpr Milliseconds kReadyTimeout{60'000};
constexpr std::chrono::seconds kPause{1};

}  // namespace

Expected<ChildGateway> ChildGateway::start(ChildGatewayOptions options,
                                           const std::function<bool()>& give_up) {
  ChildGateway gateway(std::move(options));
  FARM_CHECK_OK(gateway.launch());
  FARM_CHECK_OK(gateway.process_->wait_ready(kReadyTimeout, give_up));
  return gateway;
}

Expected<Done> ChildGateway::launch() {
  const GraderCommand command = {
      options_.program,
      {"--brokers", options_.brokers, "--broker-kind", "embedded", "--pool", options_.pool,
       "--blob-dir", options_.blob_dir, "--listen", options_.address, "--drain-timeout",
       std::to_string(options_.drain_timeout.count()) + "ms"}};
  FARM_TRY(auto process, GraderProcess::start(command));
  process_.emplace(std::move(process));
  return Done{};
}

void ChildGateway::look_after() {
  const auto now = std::chrono::steady_clock::now();
  if (process_) {
    const auto status = process_->exited();
    if (!status) return;
    monitoring::log::warning("gateway ended, starting another", {{"how", status->text()}});
    process_.reset();
    start_again_ = now + kPause;
  }
  if (now < start_again_) return;
  if (auto launched = launch(); !launched) {
    monitoring::log::error("gateway did not start", {{"error", launched.error().text()}});
    start_again_ = std::chrono::steady_clock::now() + kPause;
  }
}

void ChildGateway::stop(const std::function<bool()>& give_up) {
  if (!process_) return;
  process_->stop(options_.drain_timeout + Milliseconds{4'000}, give_up);
  process_.reset();
}

}  // namespace farm::command
