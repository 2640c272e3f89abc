#include "producer/bench/whole_farm.h"

#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "grader/kafka/topic_admin.h"
#include "producer/bench/processes.h"
#include "producer/command/broker_config.h"
#include "schemas/topics.h"

namespace farm::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kBrokerPatience{10'000};
constexpr Milliseconds kReadyTimeout{120'000};
constexpr Milliseconds kTick{100};
constexpr Milliseconds kDrainTimeout{1'000};

// The answers of one burst, filled by the client's threads.
class Inbox {
 public:
  explicit Inbox(std::size_t expected) : results_(expected), missing_(expected) {}

  void put(std::size_t index, EvaluationResult result) {
    const std::lock_guard lock(mutex_);
    results_[index] = std::move(result);
    if (--missing_ == 0) {
      ended_ = Clock::now();
      all_there_.notify_all();
    }
  }
  bool wait(Milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return all_there_.wait_for(lock, timeout, [this] { return missing_ == 0; });
  }
  SteadyTime ended() const { return ended_; }
  std::vector<EvaluationResult> take() { return std::move(results_); }

 private:
  std::mutex mutex_;
  std::condition_variable all_there_;
  std::vector<EvaluationResult> results_;
  std::size_t missing_;
  SteadyTime ended_;
};

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<std::string> outside_arguments(const config::BenchOptions& options,
                                           const std::string& pool, const std::string& blob_dir,
                                           int slots) {
  const bool apache = options.kafka.broker_kind == config::BrokerKind::kApache;
  std::vector<std::string> arguments = {"--brokers",
                                        options.kafka.brokers,
                                        "--broker-kind",
                                        apache ? "apache" : "embedded",
                                        "--pool",
                                        pool,
                                        "--workers",
                                        std::to_string(slots),
                                        "--blob-dir",
                                        blob_dir,
                                        "--metrics",
                                        "off",
                                        "--canary-interval",
                                        "0ms",
                                        "--drain-timeout",
                                        "1s",
                                        "--python",
                                        options.grader.python};
  if (!options.grader.languages_dir.empty()) {
    arguments.insert(arguments.end(), {"--languages-dir", options.grader.languages_dir});
  }
  for (const auto& [name, value] : options.kafka.properties) {
    arguments.insert(arguments.end(), {"--kafka-property", name + "=" + value});
  }
  return arguments;
}

}  // namespace

Expected<Done> WholeFarm::start_grader(int slots, kafka::ClientConfig& client,
                                       std::string& blob_dir) {
  const config::BenchOptions& options = lab_.options();
  const auto give_up = [this] { return lab_.interrupted(); };
  const std::string pool = "bench-" + lab_.session();
  if (options.kafka.brokers.empty()) {
    command::EmbeddedFarmOptions farm;
    farm.grader = options.grader;
    farm.grader.workers = slots;
    farm.pool = pool;
    farm.drain_timeout = kDrainTimeout;
    farm.keep_stderr = true;
    FARM_TRY(embedded_, command::EmbeddedFarm::start(std::move(farm), give_up));
    client = embedded_->client_config();
    blob_dir = embedded_->blob_dir();
    return Done{};
  }
  client = command::client_config(options.kafka);
  FARM_CHECK_OK(kafka::check_reachable(client, kBrokerPatience));
  kafka::TopicSpec requests;
  requests.name = topics::requests(pool);
  requests.replication = kafka::TopicSpec::kBrokerDefault;
  requests.config["retention.ms"] = "600000";
  FARM_CHECK_OK(kafka::create_topics(client, {requests}, kBrokerPatience));
  brokers_ = listeners_on_this_host(options.kafka.brokers);
  blob_dir = lab_.scratch_path();
  FARM_TRY(auto grader,
           command::GraderProcess::start(
               {options.grader.program, outside_arguments(options, pool, blob_dir, slots), true}));
  FARM_CHECK_OK(grader.wait_ready(kReadyTimeout, give_up));
  grader_.emplace(std::move(grader));
  return Done{};
}

Expected<std::unique_ptr<WholeFarm>> WholeFarm::start(const Lab& lab, int slots) {
  std::unique_ptr<WholeFarm> farm(new WholeFarm(lab));
  producer::ClientOptions client;
  FARM_CHECK_OK(farm->start_grader(slots, client.kafka, client.blob_dir));
  client.pool = "bench-" + lab.session();
  client.trainer = client.pool;
  FARM_TRY(farm->client_, producer::Client::create(std::move(client)));
  return farm;
}

WholeFarm::~WholeFarm() {
  if (client_) client_->close();
  const auto at_once = [] { return false; };
  if (grader_) grader_->stop(kDrainTimeout + Milliseconds(2'000), at_once);
  if (embedded_) embedded_->stop(at_once);
}

pid_t WholeFarm::grader_pid() const {
  return embedded_ ? embedded_->grader()->pid() : grader_->pid();
}

Expected<Done> WholeFarm::check_alive() {
  if (lab_.interrupted()) return unavailable("interrupted");
  command::GraderProcess& grader = embedded_ ? *embedded_->grader() : *grader_;
  if (const auto status = grader.exited())
    return unavailable("the grader ended with " + status->text() + ":\n" + grader.stderr_tail());
  return Done{};
}

Expected<WholeFarm::Burst> WholeFarm::grade(std::vector<EvaluationRequest> requests) {
  // The client's threads may outlive this call if it fails.
  const auto inbox = std::make_shared<Inbox>(requests.size());
  Burst burst;
  const double our_cpu = own_cpu_seconds();
  const double broker_cpu = cpu_seconds(brokers_);
  const SteadyTime begun = Clock::now();
  for (std::size_t index = 0; index < requests.size(); ++index) {
    requests[index].request_id = lab_.session() + "-" + std::to_string(next_id_++);
    requests[index].trainer = "bench-" + lab_.session();
    std::string json = encode_request(requests[index]);
    producer::OnResult on_result = [inbox, index](EvaluationResult result) {
      inbox->put(index, std::move(result));
    };
    while (!client_->try_submit_json(json, on_result)) {
      FARM_CHECK_OK(check_alive());
      (void)client_->wait_for_room(json.size(), kTick);
    }
  }
  burst.publishing_seconds = seconds_between(begun, Clock::now());
  while (!inbox->wait(kTick)) FARM_CHECK_OK(check_alive());
  burst.seconds = seconds_between(begun, inbox->ended());
  burst.our_cpu_seconds = own_cpu_seconds() - our_cpu;
  burst.broker_cpu_seconds = cpu_seconds(brokers_) - broker_cpu;
  burst.results = inbox->take();
  return burst;
}

}  // namespace farm::bench
