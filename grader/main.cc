// gradefarm-grader: wiring only. The order is that of shrinking privileges: read what only root may
// read, fork the sandbox's privileged part while there is one thread, become nobody, and only then
// talk to the network.
//
// Exit codes: 0 drained, 1 failed while running or starting, 2 usage, 3 no broker.

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>

#include "grader/check.h"
#include "grader/config/config.h"
#include "grader/evaluate/evaluate.h"
#include "grader/kafka/tail.h"
#include "grader/kafka/topic_admin.h"
#include "grader/languages/registry.h"
#include "grader/service/bad_cases.h"
#include "grader/service/canary.h"
#include "grader/service/cancel_feed.h"
#include "grader/service/needed_topics.h"
#include "grader/service/pool_requirements.h"
#include "grader/service/roll_call.h"
#include "grader/service/self_test.h"
#include "grader/service/service.h"
#include "grader/service/toolchain_stamp.h"
#include "grader/startup/startup.h"
#include "grader/told_zygote.h"
#include "monitoring/log.h"
#include "monitoring/metrics_server.h"
#include "schemas/lanes.h"
#include "schemas/topics.h"

namespace farm::grader {
namespace {

namespace log = monitoring::log;

constexpr int kFailed = 1;
constexpr int kNoBroker = 3;
constexpr Milliseconds kBrokerPatience{10'000};
constexpr Milliseconds kCancelPatience{5'000};

service::Service* running_service =
    nullptr;  // for the signal handler, which can be given no argument

// What one run printed is given back to the kernel when it is answered. By default the C library
// keeps it: its thresholds grow with the largest block that was ever freed (mallopt(3),
// M_MMAP_THRESHOLD), and each slot's thread would hold several times its largest output for ever.
void give_memory_back() {
  constexpr int kOwnMapping = 128 << 10;
  constexpr int kFreeAtTheTop = 256 << 10;
  ::mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  ::mallopt(M_TRIM_THRESHOLD, kFreeAtTheTop);
}

void stop_on_signal(int) {
  if (running_service != nullptr) running_service->request_stop();
}

int fail(const Error& error, int code = kFailed) {
  log::error("cannot start", {{"error", error.text()}});
  return code;
}

// Languages whose self-test passes; what is wrong with the others is in the log.
Expected<languages::Registry> serve_what_works(const std::vector<service::LanguageStatus>& statuses,
                                               monitoring::Metrics& metrics) {
  std::vector<LanguageDefinition> working;
  for (const service::LanguageStatus& status : statuses) {
    metrics.declare_language(status.id, status.available);
    if (status.available) {
      log::info("language ready", {{"language", status.id},
                                   {"version", status.version},
                                   {"linker", status.linker},
                                   {"headers", status.headers}});
      if (!status.headers_problem.empty()) {
        log::warning("headers are not precompiled",
                     {{"language", status.id}, {"problem", status.headers_problem}});
      }
      working.push_back(status.definition);
    } else {
      log::warning("language not served", {{"language", status.id}, {"problem", status.problem}});
    }
  }
  if (working.empty()) return internal_error("no language works here: see the warnings above");
  return languages::Registry::create(std::move(working));
}

// Null: there is none. One that nobody asked for may be missing.
std::unique_ptr<evaluate::CompileCache> start_compile_cache(
    Expected<std::optional<os::CappedDirectory>> directory, const evaluate::PlanSettings& settings,
    const std::string& stamp) {
  if (!directory) {
    log::warning("no compile cache", {{"error", directory.error().text()}});
    return nullptr;
  }
  if (!*directory) return nullptr;
  log::info("compile cache", {{"directory", (*directory)->path()},
                              {"bytes", (*directory)->used().count},
                              {"max_bytes", (*directory)->max_bytes().count}});
  return std::make_unique<evaluate::CompileCache>(
      std::move(**directory), std::string(config::version()) + " " + settings.environment + " " +
                                  std::string(word(settings.isolation)) + " " + stamp);
}

// Whoever passes a descriptor owns us: we end with it. Armed only now, because giving up root
// disarms it (prctl(2), PR_SET_PDEATHSIG); a write that fails says that the owner is gone already.
void announce_ready(const config::GraderConfig& config) {
  if (!config.ready_fd) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::write(*config.ready_fd, "ready\n", 6) < 0) ::raise(SIGTERM);
}

// Nobody would see it without a metrics server, so it needs one. Null: there is none.
std::unique_ptr<service::Canary> start_canary(const config::GraderConfig& config,
                                              const std::string& id,
                                              const kafka::ClientConfig& client,
                                              const languages::Registry& working,
                                              service::CanaryParts parts) {
  if (config.canary_interval.count() == 0 || !config.metrics_address) return nullptr;
  const auto request = service::canary_request(working);
  if (!request) return nullptr;
  service::CanarySettings settings;
  settings.interval = config.canary_interval;
  settings.longest_request = config.maxima.total_wall;
  settings.grader_id = id;
  settings.request = *request;
  parts.open_replies = [client](std::function<void(kafka::Record)> on_record) {
    return kafka::Tail::create(client, std::string(topics::kCanaryReplies), std::move(on_record));
  };
  auto canary = std::make_unique<service::Canary>(std::move(settings), std::move(parts));
  canary->start();
  return canary;
}

// For tests of what a grader's death does: where the operator says so, a request whose id begins
// with this text ends the grader. Nothing in a request can bring that about by itself.
std::string crash_marker() {
  const char* const marker = ::getenv("GRADEFARM_TEST_CRASH_ON");
  if (marker == nullptr) return {};
  log::warning("this grader ends itself on marked requests: for tests only",
               {{"GRADEFARM_TEST_CRASH_ON", marker}});
  return marker;
}

std::unique_ptr<service::CancelFeed> hear_cancels(kafka::ClientConfig client,
                                                  service::Service& service) {
  // Else it would be asked every 5 ms; killing within two seconds needs no more.
  if (client.kind == kafka::BrokerKind::kEmbedded)
    client.properties.try_emplace("fetch.wait.max.ms", "200");
  auto feed = std::make_unique<service::CancelFeed>([client, &service] {
    return kafka::Tail::create(
        client, std::string(topics::kCancels),
        [&service](const kafka::Record& record) { service.on_cancel(record); },
        kafka::Tail::From::kBeginning);
  });
  if (auto caught_up = feed->await_caught_up(kCancelPatience); !caught_up)
    log::warning("old cancels were not all read", {{"error", caught_up.error().text()}});
  return feed;
}

int run(const config::GraderConfig& config) {
  log::configure(config.log);
  for (const std::string& warning : config.warnings)
    log::warning("configuration", {{"warning", warning}});
  const std::string id = grader_id();
  auto bad_case_filter = service::BadCaseFilter::parse(config.bad_cases.filter);
  if (!bad_case_filter) {
    return fail(invalid_request("--bad-cases-filter: " + bad_case_filter.error().what),
                config::kUsageExitCode);
  }

  auto all_languages = languages::Registry::load(languages_directory(config));
  if (!all_languages) return fail(all_languages.error());
  std::optional<kafka::BlobStore> blobs;
  if (!config.blob_dir.empty()) {
    auto store = kafka::BlobStore::open(config.blob_dir);
    if (!store) return fail(store.error());
    blobs.emplace(std::move(*store));
  }
  auto bad_case_directory = open_bad_cases(config);
  if (!bad_case_directory) return fail(bad_case_directory.error());
  auto compile_directory = open_compile_cache(config);
  if (!compile_directory && !config.compile_cache_dir.empty())
    return fail(compile_directory.error());
  const auto headers_directory = open_headers(config);
  if (!headers_directory && !config.compile_cache_dir.empty())
    return fail(headers_directory.error());
  auto slots = start_slots(config, *all_languages, headers_directory ? *headers_directory : "");
  if (!slots) return fail(slots.error());
  log::write(slots->isolation == Isolation::kFull ? monitoring::LogLevel::kInfo
                                                  : monitoring::LogLevel::kWarning,
             "sandbox", {{"isolation", word(slots->isolation)}, {"set_up", slots->set_up}});
  if (config.python_preload && slots->isolation != Isolation::kFull)
    log::info("python without zygote", {{"because", "it needs isolation full"}});
  if (auto dropped = drop_privileges(config); !dropped) return fail(dropped.error());

  // From here on without privileges, and with threads.
  monitoring::Metrics metrics(config::version(), config.pool);
  monitoring::Health health({"languages", "kafka", "serving"});
  std::unique_ptr<monitoring::MetricsServer> server;
  if (config.metrics_address) {
    auto created = monitoring::MetricsServer::create(*config.metrics_address, metrics, health);
    if (!created) return fail(created.error());
    server = std::move(*created);
    log::info("metrics", {{"address", server->address()}});
  }

  evaluate::Tools tools;
  tools.settings.limits =
      server_limits(config, host_memory(), resident_memory(config, *all_languages));
  tools.settings.python = config.python;
  tools.settings.isolation = slots->isolation;
  tools.settings.languages = &*all_languages;
  tools.sandbox = slots->sandboxes[0].get();
  const std::string stamp = service::stamp_of(service::toolchain_places());
  const auto headers = headers_in(headers_directory, stamp);
  const auto statuses =
      service::test_languages(*all_languages, tools, headers ? &*headers : nullptr);
  auto working = serve_what_works(statuses, metrics);
  if (!working) return fail(working.error());
  if (auto alike =
          service::check_pool({config.pool, config.required_languages, config.required_isolation},
                              statuses, slots->isolation);
      !alike) {
    return fail(alike.error());
  }
  health.set("languages", true);
  tools.settings.languages = &*working;
  tools.settings.limits = server_limits(config, host_memory(), resident_memory(config, *working));
  service::use(statuses, tools.settings);
  tools.settings.environment = service::environment_digest(statuses);
  const auto compile_cache =
      start_compile_cache(std::move(compile_directory), tools.settings, stamp);
  tools.compile_cache = compile_cache.get();

  const kafka::ClientConfig client = kafka_client(config);
  if (auto reachable = kafka::check_reachable(client, kBrokerPatience); !reachable) {
    return fail(reachable.error(), kNoBroker);
  }
  const std::string requests_topic = topics::requests(config.pool);
  auto created = kafka::create_topics(
      client, service::needed_topics(config.pool, config.bad_cases_topic), kBrokerPatience);
  if (!created) log::warning("topics could not be created", {{"error", created.error().text()}});
  const bool embedded = client.kind == kafka::BrokerKind::kEmbedded;
  // Before the producer, whose last delivery reports it takes.
  std::unique_ptr<service::BadCases> bad_cases;
  auto producer = kafka::Producer::create({.client = client});
  if (!producer) return fail(producer.error(), kNoBroker);
  kafka::ConsumerConfig consumer_config;
  consumer_config.client = client;
  for (const Lane& lane : kLanes) {
    consumer_config.topics.push_back(lane_topic(config.pool, lane.priority));
    consumer_config.groups.push_back(config.group + std::string(lane.suffix));
    consumer_config.shares.push_back(lane.share);
  }
  consumer_config.instance_id = config.instance_id;
  consumer_config.trace_starts = true;
  consumer_config.process = kafka::draw_process_id();
  consumer_config.start_ahead = static_cast<std::size_t>(std::max(8, 2 * config.workers));
  const kafka::ProcessId process = consumer_config.process;
  auto consumer = kafka::Consumer::create(std::move(consumer_config));
  if (!consumer) return fail(consumer.error(), kNoBroker);
  health.set("kafka", true);

  service::ServiceSettings settings;
  settings.slots = config.workers;
  settings.drain_timeout = config.drain_timeout;
  settings.answer_cache = config.answer_cache;
  settings.grader_id = id;
  settings.grading.blobs = blobs ? &*blobs : nullptr;
  service::ResultCache results(config.result_cache, config.result_cache_window);
  if (config.result_cache > Bytes{0}) settings.grading.results = &results;
  settings.grading.max_answer = embedded ? kib(256) : kib(900);
  settings.grading.identity = {id, std::string(config::version()), tools.settings.environment};
  const bool keeps_bad_cases = *bad_case_directory || config.bad_cases_topic;
  if (keeps_bad_cases) {
    service::BadCaseSettings keep;
    keep.filter = *bad_case_filter;
    keep.grader = settings.grading.identity;
    keep.directory = *std::move(bad_case_directory);
    keep.topic = config.bad_cases_topic ? producer->get() : nullptr;
    keep.blobs = settings.grading.blobs;
    keep.max_record = settings.grading.max_answer;
    bad_cases = std::make_unique<service::BadCases>(std::move(keep), metrics);
    log::info("bad cases are kept", {{"filter", config.bad_cases.filter},
                                     {"directory", config.bad_cases.directory},
                                     {"topic", config.bad_cases_topic ? topics::kBadCases : ""}});
  }
  settings.compile_cache = compile_cache.get();
  settings.launcher_restarts = [&slots] { return slots->launcher_restarts(); };
  settings.status = {.pool = config.pool,
                     .version = std::string(config::version()),
                     .languages = working->ids(),
                     .process = process};
  std::vector<ToldZygote> sandboxes;
  for (const auto& one : slots->sandboxes)
    sandboxes.emplace_back(*one, static_cast<int>(sandboxes.size()));
  const std::string crash_on = crash_marker();
  service::Evaluate evaluate = [&tools, &slots, &sandboxes, crash_on](
                                   const EvaluationRequest& request, const service::Seat& seat) {
    const auto sandbox_of = [&slots, &sandboxes,
                             stop = seat.stop.fd()](int number) -> sandbox::Sandbox& {
      const auto at = static_cast<std::size_t>(number);
      slots->sandboxes[at]->stop_when_readable(stop);
      return sandboxes[at];
    };
    if (!crash_on.empty() && request.request_id.starts_with(crash_on)) ::raise(SIGKILL);
    service::SpareSlots& spare = seat.spare;
    evaluate::Tools own = tools;
    own.cancelled = &seat.stop.requested();
    own.sandbox = &sandbox_of(seat.slot);
    own.residents = slots->residents[static_cast<std::size_t>(seat.slot)].get();
    own.lend = [&spare, sandbox_of](std::function<void(sandbox::Sandbox&)> work) {
      return spare.lend(
          [sandbox_of, work = std::move(work)](int other) { work(sandbox_of(other)); });
    };
    own.wanted_back = [&spare] { return spare.wanted_back(); };
    return evaluate::evaluate(request, own);
  };
  auto service = service::Service::create(
      std::move(settings),
      {**consumer, **producer, metrics, health, std::move(evaluate), bad_cases.get()});
  if (!service) return fail(service.error());
  running_service = service->get();
  struct sigaction action {};
  action.sa_handler = stop_on_signal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  const std::unique_ptr<service::CancelFeed> cancels = hear_cancels(client, **service);
  service::RollCall roll_call(
      {[&consumer] { return (*consumer)->awaited(); },
       [&consumer](kafka::ProcessId other, bool alive) { (*consumer)->judge(other, alive); },
       [&client](std::function<void(kafka::Record)> on_record) {
         return kafka::Tail::create(client, std::string(topics::kStatus), std::move(on_record));
       }});
  roll_call.start();
  health.set("serving", true);
  log::info("serving", {{"grader", id},
                        {"topic", requests_topic},
                        {"group", config.group},
                        {"slots", config.workers},
                        {"environment", tools.settings.environment}});
  std::unique_ptr<service::Canary> canary =
      start_canary(config, id, client, *working,
                   {**producer,
                    metrics,
                    health,
                    (*service)->activity(),
                    [&consumer] { return (*consumer)->stats().partitions; },
                    [&service] { return (*service)->stopping(); },
                    {}});
  announce_ready(config);

  const Expected<Done> ended = (*service)->run();
  if (!ended) log::error("ended", {{"error", ended.error().text()}});
  if (bad_cases) bad_cases->close();
  log::info("drained", {{"grader", id}});
  // A slot may still run what the drain timeout cut off: joining it would wait for its limits. The
  // forkserver sees our end, kills its runs and removes its cgroups.
  if ((*service)->busy() > 0) std::_Exit(ended ? 0 : kFailed);
  return ended ? 0 : kFailed;
}

}  // namespace
}  // namespace farm::grader

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  farm::grader::give_memory_back();
  auto parsed = farm::config::parse_grader(farm::config::invocation_of_process(argc, argv));
  if (!parsed) {
    std::fprintf(stderr, "gradefarm-grader: %s\n", parsed.error().text().c_str());
    return farm::config::kUsageExitCode;
  }
  if (const auto* text = std::get_if<farm::config::ShowText>(&*parsed)) {
    std::fputs(text->text.c_str(), stdout);
    return 0;
  }
  const auto& config = std::get<farm::config::GraderConfig>(*parsed);
  return config.check ? farm::grader::check_host(config) : farm::grader::run(config);
}
