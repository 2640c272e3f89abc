// What the programs can be told: flags over GRADEFARM_* environment over a TOML file over defaults,
// read once at start and never changed. The options are rows of one table (option_table.h);
// CONFIGURATION.md is its rendering.
//
// Parsing is pure: what a result depends on comes in as an Invocation. A caller prints ShowText to
// stdout and exits with 0; it prints an Error's text to stderr and exits with kUsageExitCode. Every
// such text names the source of the bad value: "GRADEFARM_WORKERS: 'x' is not a whole number".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "monitoring/log.h"
#include "schemas/expected.h"
#include "schemas/units.h"
#include "schemas/verdict.h"

namespace farm::config {

inline constexpr int kUsageExitCode = 2;

// Version of the farm, as `--version` and results say it: "0.1.0".
std::string_view version();

enum class BrokerKind { kApache, kEmbedded };

struct KafkaOptions {
  std::string brokers;  // "host:port,host:port"
  BrokerKind broker_kind = BrokerKind::kApache;
  std::map<std::string, std::string>
      properties;  // of librdkafka; may hold secrets: never log the values
};

// The most that a request may ask for; more is rejected with both numbers.
struct LimitMaxima {
  Milliseconds compile_cpu{0}, run_cpu{0}, run_wall{0}, total_wall{0};
  Bytes compile_memory, memory, stack, output, return_output, tmpfs;
  std::int64_t processes = 0, open_files = 0, tmpfs_inodes = 0;
};

// What is kept of requests that somebody should look at.
struct BadCaseOptions {
  std::string directory;  // empty: none
  std::string filter;     // as grader/service/bad_cases.h reads it
  Bytes max_bytes;        // of the directory
};

// gradefarm-grader.
struct GraderConfig {
  KafkaOptions kafka;
  std::string pool;
  std::string group;                            // default: gradefarm-<pool>
  std::string instance_id;                      // static group membership; empty: dynamic
  std::vector<std::string> required_languages;  // of the pool: without one of them it does not join
  Isolation required_isolation = Isolation::kReduced;  // likewise
  int workers = 1;                             // slots; default: the CPUs that this process may use
  std::optional<std::string> metrics_address;  // nullopt: no metrics server
  std::string blob_dir;                        // shared with clients; empty: blobs are refused
  std::string languages_dir;                   // empty: the languages that came with the program
  std::string python;                          // interpreter of Python submissions
  std::optional<std::vector<std::string>> python_preload;  // modules; nullopt: no zygotes
  Milliseconds drain_timeout{0};                           // after SIGTERM, for what is in flight
  Bytes answer_cache;                                      // of recent answers, for repeats
  Bytes result_cache;                                      // of recent results, for policy.cache
  Milliseconds result_cache_window{0};
  Bytes compile_cache;                 // of compiled programs; 0: no headers either
  std::string compile_cache_dir;       // empty: the default of startup.h
  bool resident_compilers = false;     // compilers that can stay do
  std::string cache_home;              // of this user (XDG), empty: it has none
  Milliseconds canary_interval{0};     // 0: no canary
  bool check = false;                  // only look at the host; then kafka may be empty
  std::optional<int> ready_fd;         // where "ready\n" is written once it serves
  std::optional<Isolation> isolation;  // nullopt: full as root, else reduced
  std::uint32_t sandbox_uid_base = 0;  // slot n runs submissions as this uid + n
  BadCaseOptions bad_cases;
  bool bad_cases_topic = false;
  LimitMaxima maxima;
  monitoring::LogConfig log;
  std::string config_file;            // empty: none was given
  std::vector<std::string> warnings;  // for the log, once it is configured
};

// gradefarm-gateway.
struct GatewayConfig {
  KafkaOptions kafka;
  std::string pool;
  std::string blob_dir;    // shared with graders; empty: requests above a record's size are refused
  std::string listen;      // IPV4:PORT
  Bytes max_body;          // of an HTTP request
  std::string token_file;  // empty: no token
  Milliseconds drain_timeout{0};
  std::optional<int> ready_fd;  // where "ready\n" is written once it serves
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// What `gradefarm grade --embedded` and `gradefarm up` need to start a grader as their child.
struct ChildGrader {
  std::string program;  // path of gradefarm-grader; default: beside this program
  int workers = 1;
  std::string languages_dir;
  std::string python;
};

// gradefarm grade FILE.jsonl|-
struct GradeOptions {
  enum class Progress { kAuto, kNever };

  std::string input;      // "-": stdin
  std::string out = "-";  // "-": stdout
  bool embedded = false;  // with its own broker and grader; then kafka.brokers is empty
  KafkaOptions kafka;
  ChildGrader grader;  // used if embedded
  std::string pool;
  std::string trainer;      // start of the client's name, to which the command adds its session
  std::string blob_dir;     // empty: none (embedded: a temporary one)
  Milliseconds timeout{0};  // of the whole command; 0: none
  Milliseconds resubmit_after{0};
  Bytes max_outstanding;  // of requests published and not answered
  Progress progress = Progress::kAuto;
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm up
struct UpOptions {
  std::string pool;
  BadCaseOptions bad_cases;  // of the child grader
  ChildGrader grader;
  std::optional<std::string> metrics_address;  // of the child grader
  std::string blob_dir;                        // empty: a temporary one
  Milliseconds drain_timeout{0};
  Milliseconds canary_interval{0};          // of the child grader
  std::optional<std::string> http_address;  // of the child gateway; nullopt: none
  std::string gateway;                      // path of gradefarm-gateway
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm topics create|describe
struct TopicsOptions {
  enum class Action { kCreate, kDescribe };

  Action action = Action::kDescribe;
  KafkaOptions kafka;
  std::vector<std::string> pools;
  std::vector<std::string> trainers;
  int partitions = 1;
  int replication = 1;
  Milliseconds retention{0};
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm status
struct StatusOptions {
  KafkaOptions kafka;
  Milliseconds wait{0};
  bool watch = false;
  bool json = false;
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm cancel [ID…]
struct CancelOptions {
  KafkaOptions kafka;
  std::string trainer;
  std::vector<std::string> request_ids;  // empty where `step` is set
  std::optional<std::int64_t> step;
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm dead-letters list|show|requeue [ID…]
struct DeadLettersOptions {
  enum class Action { kList, kShow, kRequeue };

  Action action = Action::kList;
  std::vector<std::string> letters;  // ids of `list`; empty only for it
  bool all = false;                  // requeue: every letter
  KafkaOptions kafka;
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm doctor
struct DoctorOptions {
  KafkaOptions kafka;  // brokers may be empty: then only the host is looked at
  ChildGrader grader;
  std::string pool;
  std::string blob_dir;
  bool json = false;
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm replay FILE…
struct ReplayOptions {
  std::vector<std::string> files;
  bool embedded = false;  // with its own broker and grader; then kafka.brokers is empty
  KafkaOptions kafka;
  ChildGrader grader;  // used if embedded
  std::string pool;
  std::string trainer;      // start of the client's name, to which the command adds its session
  std::string blob_dir;     // empty: none (embedded: a temporary one)
  Milliseconds timeout{0};  // of the whole command; 0: none
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm bad-cases
struct CollectOptions {
  std::string out;  // directory
  Bytes max_bytes;
  KafkaOptions kafka;
  std::string blob_dir;
  Milliseconds until_idle{0};  // 0: until a signal
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm report RESULTS.jsonl|-
struct ReportOptions {
  enum class By { kTrainer, kStep, kGroup };

  std::string input;  // "-": stdin
  std::string png;    // empty: none
  std::vector<By> by;
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// gradefarm bench [SCENARIO…]
struct BenchOptions {
  std::vector<std::string> scenarios;  // empty: all
  bool list = false;                   // only say which there are
  bool json = false;
  bool profile = false;
  // Unset: the scenario's own. Of a turn's length `count` wins.
  std::optional<int> rounds, slots;
  std::optional<std::int64_t> seconds, count;
  std::uint64_t seed = 1;
  std::string datasets;  // a directory that may be missing
  KafkaOptions kafka;    // brokers may be empty: then an embedded one
  ChildGrader grader;    // its workers are the scenario's
  monitoring::LogConfig log;
  std::string config_file;
  std::vector<std::string> warnings;
};

// --help or --version: the text to print, with its final newline.
struct ShowText {
  std::string text;
};

// Everything outside that a parse depends on.
struct Invocation {
  std::vector<std::string> arguments;  // without the program's name
  std::map<std::string, std::string> environment;
  std::function<Expected<std::string>(const std::string& path)> read_file;
  int cpus = 1;                   // that this process may use
  std::string program_directory;  // of the running executable
};

// The real one. `environment` is environ(7).
Invocation invocation_of_process(int argc, const char* const* argv);

// Errors: kInvalidRequest, with a text for the person who typed it.
Expected<std::variant<GraderConfig, ShowText>> parse_grader(const Invocation& invocation);
Expected<std::variant<GatewayConfig, ShowText>> parse_gateway(const Invocation& invocation);
using GradefarmCommand = std::variant<GradeOptions, UpOptions, TopicsOptions, ReplayOptions,
                                      CollectOptions, ReportOptions, StatusOptions, DoctorOptions,
                                      BenchOptions, CancelOptions, DeadLettersOptions, ShowText>;
Expected<GradefarmCommand> parse_gradefarm(const Invocation& invocation);

}  // namespace farm::config
