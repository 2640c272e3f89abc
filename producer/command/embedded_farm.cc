#include "producer/command/embedded_farm.h"

#include <utility>
#include <vector>

#include "schemas/topics.h"

namespace farm::command {
namespace {

// A grader tries every language before it takes work.
constexpr Milliseconds kReadyTimeout{120'000};

}  // namespace

std::vector<std::string> grader_arguments(const EmbeddedFarmOptions& options,
                                          const std::string& bootstrap,
                                          const std::string& blob_dir) {
  std::vector<std::string> arguments;
  const auto add = [&](const char* flag, const std::string& value) {
    if (value.empty()) return;
    arguments.emplace_back(flag);
    arguments.push_back(value);
  };
  add("--brokers", bootstrap);
  add("--broker-kind", "embedded");
  add("--pool", options.pool);
  add("--workers", std::to_string(options.grader.workers));
  add("--blob-dir", blob_dir);
  add("--metrics", options.metrics_address.value_or("off"));
  add("--languages-dir", options.grader.languages_dir);
  add("--python", options.grader.python);
  if (!options.bad_cases.directory.empty()) {
    add("--bad-cases", options.bad_cases.directory);
    add("--bad-cases-filter", options.bad_cases.filter);
    add("--bad-cases-max-bytes", std::to_string(options.bad_cases.max_bytes.count));
  }
  add("--drain-timeout", std::to_string(options.drain_timeout.count()) + "ms");
  add("--canary-interval", std::to_string(options.canary_interval.count()) + "ms");
  return arguments;
}

EmbeddedFarm::EmbeddedFarm(EmbeddedFarmOptions options) : options_(std::move(options)) {}

EmbeddedFarm::~EmbeddedFarm() {
  stop([] { return false; });
}

Expected<std::unique_ptr<EmbeddedFarm>> EmbeddedFarm::start(EmbeddedFarmOptions options,
                                                            const std::function<bool()>& give_up) {
  std::unique_ptr<EmbeddedFarm> farm(new EmbeddedFarm(std::move(options)));
  FARM_TRY(farm->broker_, kafka::EmbeddedBroker::create());
  // A consumer does not create what it subscribes to.
  FARM_CHECK_OK(farm->broker_->create_topic(topics::requests(farm->options_.pool),
                                            kafka::EmbeddedBroker::kPartitions));
  farm->blob_dir_ = farm->options_.blob_dir;
  if (farm->blob_dir_.empty()) {
    FARM_TRY(auto scratch, ScratchDir::create());
    farm->scratch_.emplace(std::move(scratch));
    farm->blob_dir_ = farm->scratch_->path();
  }
  FARM_CHECK_OK(farm->restart_grader(give_up));
  return farm;
}

kafka::ClientConfig EmbeddedFarm::client_config() const {
  kafka::ClientConfig config;
  config.brokers = broker_->bootstrap();
  config.kind = kafka::BrokerKind::kEmbedded;
  return config;
}

Expected<Done> EmbeddedFarm::restart_grader(const std::function<bool()>& give_up) {
  grader_.reset();
  const GraderCommand command = {options_.grader.program,
                                 grader_arguments(options_, broker_->bootstrap(), blob_dir_),
                                 options_.keep_stderr};
  FARM_TRY(auto grader, GraderProcess::start(command));
  FARM_CHECK_OK(grader.wait_ready(kReadyTimeout, give_up));
  grader_.emplace(std::move(grader));
  return Done{};
}

std::optional<ExitStatus> EmbeddedFarm::stop(const std::function<bool()>& give_up) {
  if (!grader_) return std::nullopt;
  // A little longer than the grader's own patience, so that it can still say what it gave up.
  const ExitStatus status = grader_->stop(options_.drain_timeout + Milliseconds{2'000}, give_up);
  grader_.reset();
  return status;
}

}  // namespace farm::command
