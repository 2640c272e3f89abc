#include "grader/config/config.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include "grader/config/command_line.h"
#include "grader/config/settings.h"
#include "schemas/lanes.h"

namespace farm::config {
namespace {

std::string variable(const Invocation& invocation, const std::string& name) {
  const auto found = invocation.environment.find(name);
  return found == invocation.environment.end() ? "" : found->second;
}

// The file is found first, since it is a source of everything else.
Expected<std::optional<ConfigFile>> read_config_file(const CommandLine& line,
                                                     const Invocation& invocation) {
  std::string path = variable(invocation, "GRADEFARM_CONFIG");
  std::string where = "GRADEFARM_CONFIG";
  for (const GivenFlag& flag : line.flags) {
    if (flag.option == "config") std::tie(path, where) = std::pair(flag.values.back(), "--config");
  }
  if (path.empty()) return std::optional<ConfigFile>();
  const auto text = invocation.read_file(path);
  if (!text) return invalid_request(where + ": " + text.error().text());
  FARM_TRY(ConfigFile file, parse_config_file(path, *text));
  return std::optional(std::move(file));
}

Expected<Settings> settings_of(const CommandLine& line, const Invocation& invocation) {
  FARM_TRY(const std::optional<ConfigFile> file, read_config_file(line, invocation));
  return Settings::merge(line.program, line.flags, invocation.environment, file);
}

KafkaOptions kafka_of(const Settings& settings) {
  KafkaOptions kafka;
  kafka.brokers = settings.text("brokers");
  kafka.broker_kind =
      settings.text("broker_kind") == "embedded" ? BrokerKind::kEmbedded : BrokerKind::kApache;
  kafka.properties = settings.properties();
  return kafka;
}

Expected<KafkaOptions> required_kafka_of(const Settings& settings) {
  KafkaOptions kafka = kafka_of(settings);
  if (!kafka.brokers.empty()) return kafka;
  return invalid_request("no broker is given: use --brokers HOST:PORT or GRADEFARM_BROKERS");
}

monitoring::LogConfig log_of(const Settings& settings) {
  monitoring::LogConfig log;
  log.level = monitoring::parse_log_level(settings.text("log_level")).value_or(log.level);
  log.format = monitoring::parse_log_format(settings.text("log_format")).value_or(log.format);
  return log;
}

// Source: XDG Base Directory Specification.
std::string cache_home_of(const Invocation& invocation) {
  const std::string told = variable(invocation, "XDG_CACHE_HOME");
  if (told.starts_with('/')) return told;
  const std::string home = variable(invocation, "HOME");
  return home.starts_with('/') ? home + "/.cache" : "";
}

int workers_of(const Settings& settings, const Invocation& invocation) {
  if (settings.text("workers") == "auto") {
    return std::clamp(invocation.cpus, 1, static_cast<int>(find_option("workers")->maximum));
  }
  return static_cast<int>(settings.count("workers"));
}

std::optional<std::string> address_of(const Settings& settings, std::string_view option) {
  if (settings.text(option) == "off") return std::nullopt;
  return settings.text(option);
}

// Of which programs import most. Some time and 30 MB a launcher, once.
constexpr const char* kCommonModules =
    "numpy array base64 bisect calendar cmath collections contextlib copy csv dataclasses datetime "
    "decimal enum fractions functools hashlib heapq io itertools json math numbers operator pickle "
    "queue random re secrets statistics string struct tempfile textwrap threading time traceback "
    "types typing unicodedata uuid zlib";

std::optional<std::vector<std::string>> preload_of(const Settings& settings) {
  const std::string& asked = settings.text("python_preload");
  if (asked == "off") return std::nullopt;
  std::istringstream text(asked == "common" ? kCommonModules : asked);
  std::vector<std::string> modules(std::istream_iterator<std::string>(text), {});
  if (modules.empty()) return std::nullopt;
  return modules;
}

BadCaseOptions bad_cases_of(const Settings& settings) {
  return {settings.text("bad_cases"), settings.text("bad_cases_filter"),
          settings.size("bad_cases_max_bytes")};
}

ChildGrader grader_program_of(const Settings& settings, const Invocation& invocation) {
  ChildGrader child;
  child.program = settings.text("grader");
  if (child.program.empty()) child.program = invocation.program_directory + "/gradefarm-grader";
  child.languages_dir = settings.text("languages_dir");
  child.python = settings.text("python");
  return child;
}

Expected<ChildGrader> child_of(const Settings& settings, const Invocation& invocation) {
  ChildGrader child = grader_program_of(settings, invocation);
  child.workers = workers_of(settings, invocation);
  return child;
}

LimitMaxima maxima_of(const Settings& settings) {
  LimitMaxima maxima;
  maxima.compile_cpu = settings.duration("max_compile_cpu");
  maxima.compile_memory = settings.size("max_compile_memory");
  maxima.run_cpu = settings.duration("max_run_cpu");
  maxima.run_wall = settings.duration("max_run_wall");
  maxima.total_wall = settings.duration("max_total_wall");
  maxima.memory = settings.size("max_memory");
  maxima.stack = settings.size("max_stack");
  maxima.output = settings.size("max_output");
  maxima.return_output = settings.size("max_return_output");
  maxima.processes = settings.count("max_processes");
  maxima.open_files = settings.count("max_open_files");
  maxima.tmpfs = settings.size("max_tmpfs");
  maxima.tmpfs_inodes = settings.count("max_tmpfs_inodes");
  return maxima;
}

template <typename Options>
void fill_common(Options& options, const Settings& settings) {
  options.log = log_of(settings);
  options.config_file = settings.text("config");
  options.warnings = settings.warnings();
}

Expected<GraderConfig> grader_of(const Settings& settings, const Invocation& invocation) {
  GraderConfig config;
  fill_common(config, settings);
  config.check = settings.is_on("check");
  if (config.check) {
    config.kafka = kafka_of(settings);
  } else {
    FARM_TRY(config.kafka, required_kafka_of(settings));
  }
  config.pool = settings.text("pool");
  if (names_a_lane(config.pool))
    return invalid_request("--pool: " + config.pool + " would be a lane of another pool");
  config.group =
      settings.text("group").empty() ? "gradefarm-" + config.pool : settings.text("group");
  config.instance_id = settings.text("instance_id");
  config.required_languages = settings.names("required_languages");
  config.required_isolation = *parse_isolation(settings.text("required_isolation"));
  config.workers = workers_of(settings, invocation);
  config.metrics_address = address_of(settings, "metrics");
  config.blob_dir = settings.text("blob_dir");
  config.languages_dir = settings.text("languages_dir");
  config.python = settings.text("python");
  config.python_preload = preload_of(settings);
  config.drain_timeout = settings.duration("drain_timeout");
  config.answer_cache = settings.size("answer_cache");
  config.result_cache = settings.size("result_cache");
  config.result_cache_window = settings.duration("result_cache_window");
  config.compile_cache = settings.size("compile_cache");
  config.compile_cache_dir = settings.text("compile_cache_dir");
  config.resident_compilers = settings.is_on("resident_compilers");
  config.cache_home = cache_home_of(invocation);
  config.canary_interval = settings.duration("canary_interval");
  if (!settings.text("ready_fd").empty()) {
    config.ready_fd = static_cast<int>(settings.count("ready_fd"));
  }
  config.isolation = parse_isolation(settings.text("isolation"));
  config.sandbox_uid_base = static_cast<std::uint32_t>(settings.count("sandbox_uid_base"));
  config.bad_cases = bad_cases_of(settings);
  config.bad_cases_topic = settings.is_on("bad_cases_topic");
  config.maxima = maxima_of(settings);
  return config;
}

bool is_loopback(std::string_view address) { return address.starts_with("127."); }

Expected<GatewayConfig> gateway_of(const Settings& settings) {
  GatewayConfig config;
  fill_common(config, settings);
  FARM_TRY(config.kafka, required_kafka_of(settings));
  config.pool = settings.text("pool");
  config.blob_dir = settings.text("blob_dir");
  config.listen = settings.text("listen");
  config.max_body = settings.size("http_max_body");
  config.token_file = settings.text("http_token_file");
  config.drain_timeout = settings.duration("drain_timeout");
  if (!settings.text("ready_fd").empty())
    config.ready_fd = static_cast<int>(settings.count("ready_fd"));
  if (config.listen == "off")
    return invalid_request(settings.setting("listen").where + ": a gateway has to listen");
  if (!is_loopback(config.listen) && config.token_file.empty()) {
    config.warnings.push_back(settings.setting("listen").where + ": whoever reaches " +
                              config.listen +
                              " may run programs; --http-token-file asks for a token");
  }
  if (config.blob_dir.empty()) {
    config.warnings.push_back(
        "without --blob-dir, a directory that gateway and graders share, requests above the size "
        "of a record, about 900 KiB, get 413");
  }
  return config;
}

// --embedded and --brokers exclude each other on one level; a stronger source overrules a weaker
// one.
Expected<bool> embedded_of(const Settings& settings) {
  const Setting& brokers = settings.setting("brokers");
  const Setting& embedded = settings.setting("embedded");
  const bool has_brokers = !brokers.text.empty();
  const bool is_embedded = settings.is_on("embedded");
  if (!has_brokers && !is_embedded) {
    return invalid_request(
        "no broker is given: use --embedded, --brokers HOST:PORT or GRADEFARM_BROKERS");
  }
  if (has_brokers && is_embedded && brokers.source == embedded.source) {
    return invalid_request(embedded.where + " and " + brokers.where + " exclude each other");
  }
  return is_embedded && (!has_brokers || embedded.source > brokers.source);
}

Expected<GradeOptions> grade_of(const CommandLine& line, const Settings& settings,
                                const Invocation& invocation) {
  GradeOptions options;
  fill_common(options, settings);
  options.input = line.operands.front();
  options.out = settings.text("out");
  FARM_TRY(options.embedded, embedded_of(settings));
  options.kafka = kafka_of(settings);
  if (options.embedded) options.kafka = {"", BrokerKind::kEmbedded, settings.properties()};
  FARM_TRY(options.grader, child_of(settings, invocation));
  options.pool = settings.text("pool");
  options.trainer = settings.text("trainer");
  options.blob_dir = settings.text("blob_dir");
  options.timeout = settings.duration("timeout");
  options.resubmit_after = settings.duration("resubmit_after");
  options.max_outstanding = settings.size("max_outstanding");
  options.progress = settings.text("progress") == "never" ? GradeOptions::Progress::kNever
                                                          : GradeOptions::Progress::kAuto;
  return options;
}

Expected<UpOptions> up_of(const Settings& settings, const Invocation& invocation) {
  UpOptions options;
  fill_common(options, settings);
  options.pool = settings.text("pool");
  options.bad_cases = bad_cases_of(settings);
  FARM_TRY(options.grader, child_of(settings, invocation));
  options.metrics_address = address_of(settings, "metrics");
  options.blob_dir = settings.text("blob_dir");
  options.drain_timeout = settings.duration("drain_timeout");
  options.canary_interval = settings.duration("canary_interval");
  options.http_address = address_of(settings, "http");
  options.gateway = settings.text("gateway");
  if (options.gateway.empty())
    options.gateway = invocation.program_directory + "/gradefarm-gateway";
  return options;
}

Expected<TopicsOptions> topics_of(const CommandLine& line, const Settings& settings) {
  TopicsOptions options;
  fill_common(options, settings);
  if (line.operands.front() != "create" && line.operands.front() != "describe") {
    return invalid_request("'" + line.operands.front() +
                           "' is none of: create, describe; see gradefarm topics --help");
  }
  options.action = line.operands.front() == "create" ? TopicsOptions::Action::kCreate
                                                     : TopicsOptions::Action::kDescribe;
  FARM_TRY(options.kafka, required_kafka_of(settings));
  options.pools = settings.names("pools");
  options.trainers = settings.names("trainers");
  options.partitions = static_cast<int>(settings.count("partitions"));
  options.replication = static_cast<int>(settings.count("replication"));
  options.retention = settings.duration("retention");
  return options;
}

Expected<StatusOptions> status_of(const Settings& settings) {
  StatusOptions options;
  fill_common(options, settings);
  FARM_TRY(options.kafka, required_kafka_of(settings));
  options.wait = settings.duration("wait");
  options.watch = settings.is_on("watch");
  options.json = settings.is_on("json");
  return options;
}

Expected<DoctorOptions> doctor_of(const Settings& settings, const Invocation& invocation) {
  DoctorOptions options;
  fill_common(options, settings);
  options.kafka = kafka_of(settings);
  FARM_TRY(options.grader, child_of(settings, invocation));
  options.pool = settings.text("pool");
  options.blob_dir = settings.text("blob_dir");
  options.json = settings.is_on("json");
  return options;
}

Expected<ReplayOptions> replay_of(const CommandLine& line, const Settings& settings,
                                  const Invocation& invocation) {
  ReplayOptions options;
  fill_common(options, settings);
  options.files = line.operands;
  FARM_TRY(options.embedded, embedded_of(settings));
  options.kafka = kafka_of(settings);
  if (options.embedded) options.kafka = {"", BrokerKind::kEmbedded, settings.properties()};
  FARM_TRY(options.grader, child_of(settings, invocation));
  options.pool = settings.text("pool");
  options.trainer = settings.text("trainer");
  options.blob_dir = settings.text("blob_dir");
  options.timeout = settings.duration("timeout");
  return options;
}

Expected<CollectOptions> collect_of(const Settings& settings) {
  CollectOptions options;
  fill_common(options, settings);
  options.out = settings.text("out");
  if (options.out.empty() || options.out == "-")
    return invalid_request("no directory is given: use --out DIR");
  options.max_bytes = settings.size("bad_cases_max_bytes");
  FARM_TRY(options.kafka, required_kafka_of(settings));
  options.blob_dir = settings.text("blob_dir");
  options.until_idle = settings.duration("until_idle");
  return options;
}

Expected<ReportOptions> report_of(const CommandLine& line, const Settings& settings) {
  using By = ReportOptions::By;
  ReportOptions options;
  fill_common(options, settings);
  options.input = line.operands.front();
  options.png = settings.text("png");
  for (const std::string& name : settings.names("by")) {
    if (name == "trainer") {
      options.by.push_back(By::kTrainer);
    } else if (name == "step") {
      options.by.push_back(By::kStep);
    } else if (name == "group") {
      options.by.push_back(By::kGroup);
    } else {
      return invalid_request(settings.setting("by").where + ": '" + name +
                             "' is none of: trainer, step, group");
    }
  }
  return options;
}

std::optional<std::int64_t> count_if_given(const Settings& settings, std::string_view option) {
  if (settings.text(option).empty()) return std::nullopt;
  return settings.count(option);
}

Expected<CancelOptions> cancel_of(const CommandLine& line, const Settings& settings) {
  CancelOptions options;
  fill_common(options, settings);
  FARM_TRY(options.kafka, required_kafka_of(settings));
  if (settings.setting("trainer").source == Source::kDefault)
    return invalid_request("no trainer is given: use --trainer NAME, as its requests say it");
  options.trainer = settings.text("trainer");
  options.step = count_if_given(settings, "step");
  options.request_ids = line.operands;
  if (options.step.has_value() != options.request_ids.empty())
    return invalid_request("give either --step N or the ids of requests");
  return options;
}

Expected<BenchOptions> bench_of(const CommandLine& line, const Settings& settings,
                                const Invocation& invocation) {
  BenchOptions options;
  fill_common(options, settings);
  options.scenarios = line.operands;
  options.list = settings.is_on("list");
  options.json = settings.is_on("json");
  options.profile = settings.is_on("profile");
  if (const auto rounds = count_if_given(settings, "rounds"))
    options.rounds = static_cast<int>(*rounds);
  options.seconds = count_if_given(settings, "seconds");
  options.count = count_if_given(settings, "count");
  if (const auto slots = count_if_given(settings, "slots"))
    options.slots = static_cast<int>(*slots);
  options.seed = static_cast<std::uint64_t>(settings.count("seed"));
  options.datasets = settings.text("datasets");
  if (options.datasets.empty())
    options.datasets = invocation.program_directory + "/../../../shared/datasets";
  options.kafka = kafka_of(settings);
  options.grader = grader_program_of(settings, invocation);
  return options;
}

Expected<DeadLettersOptions> dead_letters_of(const CommandLine& line, const Settings& settings) {
  using Action = DeadLettersOptions::Action;
  DeadLettersOptions options;
  fill_common(options, settings);
  const std::string& action = line.operands.front();
  if (action == "show") options.action = Action::kShow;
  if (action == "requeue") options.action = Action::kRequeue;
  if (options.action == Action::kList && action != "list")
    return invalid_request("'" + action + "' is none of: list, show, requeue");
  options.letters.assign(line.operands.begin() + 1, line.operands.end());
  options.all = settings.is_on("all");
  if (options.all && options.action != Action::kRequeue)
    return invalid_request("--all is for requeue");
  if (options.action == Action::kList && !options.letters.empty())
    return invalid_request("list takes no ids");
  if (options.action != Action::kList && options.letters.empty() != options.all)
    return invalid_request("give the ids of dead letters, as list shows them" +
                           std::string(options.action == Action::kRequeue ? ", or --all" : ""));
  FARM_TRY(options.kafka, required_kafka_of(settings));
  return options;
}

template <typename Command, typename Options>
Expected<Command> as_command(Expected<Options> options) {
  if (!options) return std::move(options).error();
  return Command(std::move(options).value());
}

}  // namespace

std::string_view version() { return FARM_VERSION; }

Expected<std::variant<GraderConfig, ShowText>> parse_grader(const Invocation& invocation) {
  using Command = std::variant<GraderConfig, ShowText>;
  FARM_TRY(auto outcome, read_grader_arguments(invocation.arguments));
  if (auto* text = std::get_if<ShowText>(&outcome)) return Command(std::move(*text));
  FARM_TRY(const Settings settings, settings_of(std::get<CommandLine>(outcome), invocation));
  return as_command<Command>(grader_of(settings, invocation));
}

Expected<std::variant<GatewayConfig, ShowText>> parse_gateway(const Invocation& invocation) {
  using Command = std::variant<GatewayConfig, ShowText>;
  FARM_TRY(auto outcome, read_gateway_arguments(invocation.arguments));
  if (auto* text = std::get_if<ShowText>(&outcome)) return Command(std::move(*text));
  FARM_TRY(const Settings settings, settings_of(std::get<CommandLine>(outcome), invocation));
  return as_command<Command>(gateway_of(settings));
}

Expected<GradefarmCommand> parse_gradefarm(const Invocation& invocation) {
  using Command = GradefarmCommand;
  FARM_TRY(auto outcome, read_gradefarm_arguments(invocation.arguments));
  if (auto* text = std::get_if<ShowText>(&outcome)) return Command(std::move(*text));
  const auto& line = std::get<CommandLine>(outcome);
  FARM_TRY(const Settings settings, settings_of(line, invocation));
  if (line.program == Program::kGrade)
    return as_command<Command>(grade_of(line, settings, invocation));
  if (line.program == Program::kUp) return as_command<Command>(up_of(settings, invocation));
  if (line.program == Program::kReplay)
    return as_command<Command>(replay_of(line, settings, invocation));
  if (line.program == Program::kBadCases) return as_command<Command>(collect_of(settings));
  if (line.program == Program::kReport) return as_command<Command>(report_of(line, settings));
  if (line.program == Program::kStatus) return as_command<Command>(status_of(settings));
  if (line.program == Program::kDoctor) return as_command<Command>(doctor_of(settings, invocation));
  if (line.program == Program::kBench)
    return as_command<Command>(bench_of(line, settings, invocation));
  if (line.program == Program::kCancel) return as_command<Command>(cancel_of(line, settings));
  if (line.program == Program::kDeadLetters)
    return as_command<Command>(dead_letters_of(line, settings));
  return as_command<Command>(topics_of(line, settings));
}

}  // namespace farm::config
