#include "grader/config/option_table.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace farm::config {
namespace {

constexpr auto kGrader = Program::kGrader;
constexpr auto kGrade = Program::kGrade;
constexpr auto kUp = Program::kUp;
constexpr auto kTopics = Program::kTopics;
constexpr auto kStatus = Program::kStatus;
constexpr auto kDoctor = Program::kDoctor;
constexpr auto kReplay = Program::kReplay;
constexpr auto kBench = Program::kBench;
constexpr auto kBadCases = Program::kBadCases;
constexpr auto kReport = Program::kReport;
constexpr auto kCancel = Program::kCancel;
constexpr auto kDeadLetters = Program::kDeadLetters;
constexpr auto kGateway = Program::kGateway;
constexpr unsigned kAll = kGateway | kGrader | kGrade | kUp | kTopics | kReplay | kBadCases |
                          kReport | kStatus | kDoctor | kBench | kCancel | kDeadLetters;
// Talk to a cluster that may be another one's.
constexpr unsigned kKafkaClients = kGateway | kGrader | kGrade | kTopics | kReplay | kBadCases |
                                   kStatus | kDoctor | kBench | kCancel | kDeadLetters;
constexpr unsigned kGraderOnly = static_cast<unsigned>(kGrader);
constexpr unsigned kGradeOnly = static_cast<unsigned>(kGrade);
constexpr unsigned kStatusOnly = static_cast<unsigned>(kStatus);
constexpr unsigned kBenchOnly = static_cast<unsigned>(kBench);
constexpr unsigned kTopicsOnly = static_cast<unsigned>(kTopics);
constexpr unsigned kGatewayOnly = static_cast<unsigned>(kGateway);

std::vector<OptionSpec> make_table() {
  using enum ValueKind;
  std::vector<OptionSpec> table;
  const auto add = [&](OptionSpec spec) { table.push_back(std::move(spec)); };

  // Where Kafka is.
  add({"config", kPath, "", "", "TOML file with any of these options.", kAll});
  add({"brokers", kBrokers, "", "", "Kafka brokers to start from.", kKafkaClients});
  add({"broker_kind",
       kChoice,
       "apache",
       "",
       "Which timings suit the broker.",
       kKafkaClients,
       {"apache", "embedded"}});
  add({"kafka_property", kProperties, "", "",
       "Any librdkafka property (TLS, SASL, timings); wins over ours. Prefer the file for secrets.",
       kKafkaClients});
  add({"embedded", kSwitch, "false", "",
       "Use a broker and a grader of this command's own instead of --brokers.", kGrade | kReplay});

  // What is served.
  add({"pool", kName, "cpu", "", "Requests go through grading.requests.POOL.",
       kGateway | kGrader | kGrade | kUp | kReplay | kDoctor});
  add({"group", kName, "", "gradefarm-POOL",
       "Consumer group; graders of a pool share one. Lanes have NAME.high, NAME.low.",
       kGraderOnly});
  add({"instance_id", kName, "", "",
       "Static group membership: a restart under the same name causes no rebalance.", kGraderOnly});
  add({"required_languages", kNames, "", "",
       "Languages that every grader of the pool has: one that lacks some of them ends instead of "
       "joining.",
       kGraderOnly});
  add({"required_isolation",
       kChoice,
       "reduced",
       "",
       "Least isolation of every grader of the pool, likewise.",
       kGraderOnly,
       {"reduced", "full"}});
  {
    OptionSpec workers{"workers",
                       kCountOrAuto,
                       "auto",
                       "",
                       "Slots: programs that run at the same time; auto is one a CPU.",
                       kGrader | kGrade | kUp | kReplay | kDoctor};
    workers.maximum =
        290;  // uids: the daemon's, init's and two a slot, up to sandbox_uid_base + 581;
              // with compilers that stay four (startup.cc has none stay where that is too many)
    workers.legacy_environment = "WORKERS";
    add(workers);
  }
  add({"python", kPath, "/usr/bin/python3", "", "Interpreter of Python submissions.",
       kGrader | kGrade | kUp | kReplay | kDoctor | kBench});
  add({"python_preload", kText, "off", "",
       "Modules, separated by spaces, that a warmed interpreter imports, where they are installed; "
       "Python submissions are then forks of it. common: numpy and much used modules of the "
       "library. off: each starts an interpreter of its own, as it does without isolation full.",
       kGraderOnly});
  add({"languages_dir", kPath, "", "built in",
       "Directory of language files to use instead of the built-in ones.",
       kGrader | kGrade | kUp | kReplay | kDoctor | kBench});

  // Where it keeps things.
  add({"blob_dir", kPath, "", "",
       "Directory that clients and graders share for large requests and results.",
       kGateway | kGrader | kGrade | kUp | kReplay | kBadCases | kDoctor});
  add({"grader", kPath, "", "beside gradefarm", "The gradefarm-grader to start.",
       kGrade | kUp | kReplay | kDoctor | kBench});
  add({"metrics", kAddress, "127.0.0.1:9464", "",
       "Where /metrics, /healthz and /readyz are served; off: nowhere.", kGrader | kUp});
  add({"drain_timeout", kDuration, "30s", "", "How long SIGTERM waits for what is in flight.",
       kGateway | kGrader | kUp});
  add({"answer_cache", kSize, "64MiB", "",
       "Recent answers kept in memory, for requests that come again.", kGraderOnly});
  add({"result_cache", kSize, "64MiB", "",
       "Recent results kept in memory, for requests whose policy.cache allows an earlier verdict "
       "on the same bytes; 0: none.",
       kGraderOnly});
  add({"result_cache_window", kDuration, "10m", "", "How old such a result may be.", kGraderOnly});
  add({"compile_cache", kSize, "256MiB", "",
       "Most that compiled programs kept for the next same source may take on disk; 0: nothing is "
       "kept, nor are headers precompiled.",
       kGraderOnly});
  add({"compile_cache_dir", kPath, "", "/var/cache/gradefarm as root, else ~/.cache/gradefarm",
       "Directory for what compilers made. Graders of one host may share it.", kGraderOnly});
  add({"resident_compilers", kSwitch, "false", "",
       "Where a compiler can stay and be asked again (java, typescript), one a slot does. It takes "
       "memory: a slot sets aside what the language file says.",
       kGraderOnly});
  add({"canary_interval", kDuration, "1m", "",
       "How often a grader asks itself a request through Kafka, for /readyz and metrics; 0s: "
       "never.",
       kGrader | kUp});
  {
    OptionSpec ready{"ready_fd",
                     kCount,
                     "",
                     "",
                     "Descriptor on which \"ready\" is written once it serves.",
                     kGateway | kGrader};
    ready.minimum = 3;
    ready.maximum = 1'000'000;
    add(ready);
  }
  add({"isolation",
       kChoice,
       "auto",
       "",
       "What stands between submission and host: full needs root, reduced does not; auto is full "
       "as "
       "root, else reduced. What cannot be had stops the grader.",
       kGraderOnly,
       {"auto", "full", "reduced"}});
  {
    // 60578 to 61183 is the range below 65536 that systemd's uid table and Debian leave unused.
    OptionSpec base{
        "sandbox_uid_base",
        kCount,
        "60600",
        "",
        "The daemon runs as this uid; the next ones are for sandboxes: one, and up to four a slot.",
        kGraderOnly};
    base.maximum = 2'000'000'000;
    add(base);
  }

  // HTTP.
  add({"listen", kAddress, "127.0.0.1:8080", "",
       "Where the gateway takes HTTP. Beyond loopback everybody may ask who reaches it.",
       kGatewayOnly});
  add({"http", kAddress, "off", "",
       "Start a gateway that takes HTTP there; off: none. It has the options of gradefarm-gateway "
       "from the environment.",
       static_cast<unsigned>(kUp)});
  add({"gateway", kPath, "", "beside gradefarm", "The gradefarm-gateway to start.",
       static_cast<unsigned>(kUp)});
  add({"http_max_body", kSize, "128MiB", "", "Largest body of an HTTP request; above it 413.",
       kGatewayOnly});
  add({"http_token_file", kPath, "", "",
       "File with the token that clients have to show (Authorization: Bearer TOKEN); none: "
       "everybody who reaches the address may ask.",
       kGatewayOnly});

  // Bad cases.
  {
    OptionSpec directory{"bad_cases",
                         kPath,
                         "",
                         "",
                         "Directory for requests that somebody should look at, with their results; "
                         "off where none is given.",
                         kGrader | kUp};
    directory.legacy_environment = "SAVE_BAD_CASES";
    add(directory);
  }
  add({"bad_cases_topic", kSwitch, "false", "",
       "Publish bad cases to grading.bad-cases, for gradefarm bad-cases to collect.", kGraderOnly});
  add({"bad_cases_filter", kText, "fault:farm,total_wall", "",
       "Which requests are bad cases: verdicts, fault:farm|request|submission|none, not_run, "
       "total_wall, sample:0.01; any may fit.",
       kGrader | kUp});
  add({"bad_cases_max_bytes", kSize, "1GiB", "",
       "Most that the directory of bad cases holds; the oldest are removed.",
       kGrader | kUp | kBadCases});

  // The most that a request may ask for.
  const auto maximum = [&](std::string_view name, ValueKind kind, std::string_view value,
                           std::string_view help) {
    OptionSpec spec{name, kind, value, "", help, kGraderOnly};
    spec.maximum = 100'000'000;
    if (name == "max_memory") spec.legacy_environment = "MAX_MEM";
    add(spec);
  };
  maximum("max_compile_cpu", kDuration, "2m", "Most that limits.compile_cpu_ms may be.");
  maximum("max_compile_memory", kSize, "4GiB", "Most that limits.compile_memory_bytes may be.");
  maximum("max_run_cpu", kDuration, "10m", "Most that limits.run_cpu_ms may be.");
  maximum("max_run_wall", kDuration, "20m", "Most that limits.run_wall_ms may be.");
  maximum("max_total_wall", kDuration, "1h", "Most that limits.total_wall_ms may be.");
  maximum("max_memory", kSize, "4GiB", "Most that limits.memory_bytes may be.");
  maximum("max_stack", kSize, "4GiB", "Most that limits.stack_bytes may be.");
  maximum("max_output", kSize, "256MiB", "Most that limits.output_bytes may be.");
  maximum("max_return_output", kSize, "4MiB", "Most that limits.return_output_bytes may be.");
  maximum("max_processes", kCount, "1024", "Most that limits.processes may be.");
  maximum("max_open_files", kCount, "4096", "Most that limits.open_files may be.");
  maximum("max_tmpfs", kSize, "2GiB", "Most that limits.tmpfs_bytes may be.");
  maximum("max_tmpfs_inodes", kCount, "262144", "Most that limits.tmpfs_inodes may be.");

  // gradefarm grade.
  add({"out", kPath, "-", "stdout",
       "File for the results, one JSON line each; bad-cases: the directory, required.",
       kGrade | kBadCases});
  add({"trainer", kName, "cli", "",
       "Start of this client's name: replies come to grading.replies.TRAINER-SESSION. cancel: "
       "whose requests are meant, required.",
       kGrade | kReplay | kCancel});
  {
    OptionSpec step{"step",
                    kCount,
                    "",
                    "",
                    "The step whose requests are taken back.",
                    static_cast<unsigned>(kCancel)};
    step.minimum = 0;
    step.maximum = 9'000'000'000'000'000'000;
    add(step);
  }
  add({"timeout", kDuration, "0s", "",
       "Give up on what is not answered after this time; 0s: never.", kGrade | kReplay});
  add({"resubmit_after", kDuration, "180s", "",
       "Publish a request again if its answer took longer.", kGradeOnly});
  add({"max_outstanding", kSize, "64MiB", "",
       "Most bytes of requests published and not yet answered.", kGradeOnly});
  add({"progress",
       kChoice,
       "auto",
       "",
       "A progress bar: auto shows it on a terminal.",
       kGradeOnly,
       {"auto", "never"}});

  // gradefarm bad-cases and report.
  add({"until_idle", kDuration, "0s", "",
       "End once nothing came for this time since partitions were assigned; 0s: collect until "
       "SIGINT or SIGTERM.",
       static_cast<unsigned>(kBadCases)});
  add({"png", kPath, "", "", "File for the report as a picture.", static_cast<unsigned>(kReport)});
  add({"by", kNames, "trainer,step,group", "",
       "What latencies and verdicts are broken down by: some of trainer, step, group.",
       static_cast<unsigned>(kReport)});

  add({"all", kSwitch, "false", "", "Requeue every dead letter.",
       static_cast<unsigned>(kDeadLetters)});

  // gradefarm topics.
  add({"pools", kNames, "cpu", "", "Pools whose request topics are meant.", kTopicsOnly});
  add({"trainers", kNames, "", "", "Trainers whose reply topics are meant.", kTopicsOnly});
  {
    OptionSpec partitions{
        "partitions", kCount, "16", "", "Partitions of new topics: at least one a grader.",
        kTopicsOnly};
    partitions.maximum = 10'000;
    add(partitions);
    OptionSpec replication{
        "replication", kCount, "1", "", "Copies of each partition; 3 in production.", kTopicsOnly};
    replication.maximum = 100;
    add(replication);
  }
  add({"retention", kDuration, "7d", "", "How long new topics keep records.", kTopicsOnly});

  // gradefarm status and gradefarm doctor; gradefarm-grader's part of it.
  add({"check", kSwitch, "false", "",
       "Try what a grader does with its host, print a JSON line for each finding, and exit.",
       kGraderOnly});
  add({"wait", kDuration, "6s", "", "How long to collect the reports that graders send every 5 s.",
       kStatusOnly});
  add({"watch", kSwitch, "false", "", "Show them again and again, until SIGINT.", kStatusOnly});
  add({"json", kSwitch, "false", "", "JSON lines instead of a table.", kStatus | kDoctor | kBench});

  // gradefarm bench.
  add({"list", kSwitch, "false", "", "Say which scenarios there are, and exit.", kBenchOnly});
  add({"profile", kSwitch, "false", "", "Show where the time of one request goes, step by step.",
       kBenchOnly});
  const auto number = [&](std::string_view name, std::string_view value, std::string_view shown,
                          std::string_view help, std::int64_t maximum_value) {
    OptionSpec spec{name, kCount, value, shown, help, kBenchOnly};
    spec.maximum = maximum_value;
    add(spec);
  };
  number("rounds", "", "each scenario's own", "How often farm and baseline take turns.", 1'000);
  number("seconds", "", "each scenario's own", "Length of a turn.", 86'400);
  number("count", "", "each scenario's own", "Requests of a turn, in place of --seconds.",
         10'000'000);
  number("slots", "", "each scenario's own", "Slots of the farm and workers of the baseline.", 290);
  number("seed", "1", "", "Of what is drawn: inputs, and the trace of step-tail.", 2'000'000'000);
  add({"datasets", kPath, "", "../shared/datasets beside the checkout",
       "Directory of data sets whose rows are graded; without it a few rows of our own.",
       kBenchOnly});

  // What it says.
  add({"log_level",
       kChoice,
       "info",
       "",
       "Least important level that is logged.",
       kAll,
       {"debug", "info", "warning", "error"}});
  add({"log_format",
       kChoice,
       "auto",
       "",
       "auto: text on a terminal, JSON lines otherwise.",
       kAll,
       {"auto", "text", "json"}});
  return table;
}

std::string joined(std::span<const std::string_view> parts, std::string_view separator) {
  std::string out;
  for (const std::string_view part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string programs_of(const OptionSpec& option) {
  std::vector<std::string_view> names;
  if (belongs_to(option, kGrader)) names.emplace_back("gradefarm-grader");
  if (belongs_to(option, kGateway)) names.emplace_back("gradefarm-gateway");
  if (belongs_to(option, kGrade)) names.emplace_back("grade");
  if (belongs_to(option, kUp)) names.emplace_back("up");
  if (belongs_to(option, kTopics)) names.emplace_back("topics");
  if (belongs_to(option, kReplay)) names.emplace_back("replay");
  if (belongs_to(option, kBadCases)) names.emplace_back("bad-cases");
  if (belongs_to(option, kReport)) names.emplace_back("report");
  if (belongs_to(option, kStatus)) names.emplace_back("status");
  if (belongs_to(option, kDoctor)) names.emplace_back("doctor");
  if (belongs_to(option, kBench)) names.emplace_back("bench");
  if (belongs_to(option, kCancel)) names.emplace_back("cancel");
  if (belongs_to(option, kDeadLetters)) names.emplace_back("dead-letters");
  return joined(names, ", ");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const OptionSpec> option_table() {
  static const std::vector<OptionSpec> table = make_table();
  return table;
}

const OptionSpec* find_option(std::string_view name) {
  const auto table = option_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const OptionSpec& option) { return option.name == name; });
  return found == table.end() ? nullptr : &*found;
}

bool belongs_to(const OptionSpec& option, Program program) {
  return (option.programs & static_cast<unsigned>(program)) != 0;
}

std::string flag_of(const OptionSpec& option) {
  std::string flag = "--" + std::string(option.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string environment_of(const OptionSpec& option) {
  std::string variable = "GRADEFARM_" + std::string(option.name);
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return variable;
}

std::string file_key_of(const OptionSpec& option) {
  if (option.name == "config") return "";  // a file does not name another file
  return option.kind == ValueKind::kProperties ? "[kafka]" : std::string(option.name);
}

std::string placeholder_of(const OptionSpec& option) {
  switch (option.kind) {
    case ValueKind::kText:
      return "TEXT";
    case ValueKind::kPath:
      return "PATH";
    case ValueKind::kName:
      return "NAME";
    case ValueKind::kNames:
      return "NAME,...";
    case ValueKind::kBrokers:
      return "HOST:PORT,...";
    case ValueKind::kAddress:
      return "IPV4:PORT|off";
    case ValueKind::kCount:
      return "N";
    case ValueKind::kCountOrAuto:
      return "N|auto";
    case ValueKind::kDuration:
      return "DURATION";
    case ValueKind::kSize:
      return "SIZE";
    case ValueKind::kChoice:
      return joined(option.choices, "|");
    case ValueKind::kSwitch:
      return "";
    case ValueKind::kProperties:
      return "NAME=VALUE";
  }
  return "";
}

std::string shown_default_of(const OptionSpec& option) {
  if (!option.shown_default.empty()) return std::string(option.shown_default);
  return option.default_text.empty() ? "-" : std::string(option.default_text);
}

std::string nearest(std::string_view wrong, std::span<const std::string> names) {
  std::string best;
  std::size_t best_distance = 3;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(wrong, name);
    if (distance < best_distance && 3 * distance <= name.size()) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string option_table_markdown() {
  std::string rows;
  for (const OptionSpec& option : option_table()) {
    std::string placeholder = placeholder_of(option);
    for (std::size_t at = 0; (at = placeholder.find('|', at)) != std::string::npos; at += 2)
      placeholder.insert(at, "\\");
    rows += "| `" + flag_of(option) + (placeholder.empty() ? "" : " " + placeholder) + "` | `" +
            environment_of(option);
    rows += "` | " + (file_key_of(option).empty() ? "-" : '`' + file_key_of(option) + '`') + " | ";
    rows += shown_default_of(option) + " | " + programs_of(option) + " | " +
            std::string(option.help) + " |\n";
  }
  return rows;
}

}  // namespace farm::config
