// gradefarm-gateway: wiring only. Exit codes: 0 drained, 1 not all were answered, 2 usage (an
// address that is none, too), 3 no broker, 4 the address cannot be listened on.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <variant>

#include "grader/config/config.h"
#include "grader/os/files.h"
#include "monitoring/log.h"
#include "producer/client.h"
#include "producer/command/broker_config.h"
#include "producer/command/exit_codes.h"
#include "producer/command/interrupt.h"
#include "producer/gateway/gateway.h"
#include "producer/random_name.h"

namespace farm::gateway {
namespace {

namespace log = monitoring::log;

constexpr Milliseconds kTick{100};

// Each connection is a descriptor; many systems allow 1024 unless asked.
void allow_many_connections() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The agreement of producer/command/grader_process.h.
void announce_ready(const config::GatewayConfig& config) {
  if (!config.ready_fd) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::write(*config.ready_fd, "ready\n", 6) < 0) ::raise(SIGTERM);
}

Expected<std::string> read_token(const std::string& path) {
  if (path.empty()) return std::string();
  FARM_TRY(std::string token, os::read_file(path));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.empty()) return invalid_request("--http-token-file: " + path + " is empty");
  return token;
}

int run(const config::GatewayConfig& config) {
  log::configure(config.log);
  for (const std::string& warning : config.warnings)
    log::warning("configuration", {{"warning", warning}});
  const command::Interrupt interrupt;
  allow_many_connections();
  auto token = read_token(config.token_file);
  if (!token) {
    log::error("cannot start", {{"error", token.error().text()}});
    return config::kUsageExitCode;
  }
  producer::ClientOptions client_options;
  client_options.kafka = command::client_config(config.kafka);
  client_options.trainer = "http-" + producer::random_name();
  client_options.pool = config.pool;
  client_options.blob_dir = config.blob_dir;
  auto client = producer::Client::create(client_options);
  if (!client) {
    log::error("cannot start", {{"error", client.error().text()}});
    return command::kExitBroker;
  }
  GatewayOptions options;
  options.server.address = config.listen;
  options.server.max_body = config.max_body;
  options.server.token = *std::move(token);
  options.trainer = client_options.trainer;
  options.pool = config.pool;
  if (config.blob_dir.empty()) options.max_request = producer::inline_limit_of(client_options);
  auto gateway = Gateway::start(options, *std::move(client));
  if (!gateway) {
    log::error("cannot start", {{"error", gateway.error().text()}});
    return gateway.error().request_fault() ? config::kUsageExitCode : command::kExitAddress;
  }
  log::info("gateway ready", {{"address", (*gateway)->address()}});
  announce_ready(config);
  while (!interrupt.pending()) std::this_thread::sleep_for(kTick);
  log::info("draining", {{"timeout_ms", config.drain_timeout.count()}});
  const bool all = (*gateway)->drain(config.drain_timeout);
  if (!all) log::warning("not all were answered");
  return all ? command::kExitOk : command::kExitUnanswered;
}

}  // namespace
}  // namespace farm::gateway

int main(int argc, char** argv) {
  using namespace farm;
  auto parsed = config::parse_gateway(config::invocation_of_process(argc, argv));
  if (!parsed) {
    std::fprintf(stderr, "gradefarm-gateway: %s\n", parsed.error().text().c_str());
    return config::kUsageExitCode;
  }
  if (const auto* shown = std::get_if<config::ShowText>(&*parsed)) {
    std::fputs(shown->text.c_str(), stdout);
    return 0;
  }
  return gateway::run(std::get<config::GatewayConfig>(*parsed));
}
