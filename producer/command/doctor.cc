#include "producer/command/doctor.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <utility>

#include "grader/os/unique_fd.h"
#include "producer/command/broker_config.h"
#include "schemas/topics.h"

namespace farm::command {
namespace {

constexpr Milliseconds kTimeout{10'000};
constexpr std::int64_t kLargestRecord = mib(1).count;  // ProducerConfig::max_record

CheckLine line_of(std::string name, CheckState state, bool required, std::string detail,
                  std::string remedy = {}) {
  return {std::move(name), state, required, std::move(detail), std::move(remedy)};
}

// Prints lines and counts them.
class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  void add(const CheckLine& line) {
    const std::string text = json_ ? encode_check_line(line) + "\n" : check_text(line);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    ++counts_[static_cast<std::size_t>(line.state)];
    blocked_ = blocked_ || line.blocks();
  }
  int finish() const {
    if (!json_) {
      std::printf("%d ready, %d missing, %d failing: %s\n", counts_[0], counts_[1], counts_[2],
                  blocked_ ? "not fit to grade" : "fit to grade");
    }
    return blocked_ ? 1 : 0;
  }

 private:
  const bool json_;
  std::array<int, 3> counts_{};
  bool blocked_ = false;
};

// Runs a program with our stdin and stderr and gives each line of its stdout to `on_line`. Its wait
// status. Errors: kUnavailable: it cannot be executed.
Expected<int> run_program(const std::string& program, const std::vector<std::string>& arguments,
                          const std::function<void(const std::string&)>& on_line) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe", errno);
  const os::UniqueFd reader(ends[0]);
  os::UniqueFd writer(ends[1]);
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  writer.reset();
  if (error != 0) return unavailable("execute " + program, error);

  std::string pending;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::read(reader.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    pending.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;) {
      on_line(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void check_host(const config::DoctorOptions& options, Report& report) {
  std::vector<std::string> arguments = {"--check", "--workers",
                                        std::to_string(options.grader.workers), "--python",
                                        options.grader.python};
  const auto add = [&arguments](const char* flag, const std::string& value) {
    if (value.empty()) return;
    arguments.emplace_back(flag);
    arguments.push_back(value);
  };
  add("--config", options.config_file);
  add("--languages-dir", options.grader.languages_dir);
  add("--blob-dir", options.blob_dir);
  bool blocked = false;
  int lines = 0;
  const auto status = run_program(options.grader.program, arguments, [&](const std::string& text) {
    const auto line = decode_check_line(text);
    if (!line) return;  // said by something else, a library perhaps
    ++lines;
    blocked = blocked || line->blocks();
    report.add(*line);
  });
  if (!status) {
    report.add(line_of("grader", CheckState::kMissing, true, status.error().text(),
                       "--grader names the gradefarm-grader to try"));
    return;
  }
  // It has more to say than its lines where it ended early.
  const bool early = !WIFEXITED(*status) || WEXITSTATUS(*status) > 1 || lines == 0;
  if (early || (WEXITSTATUS(*status) != 0 && !blocked)) {
    report.add(
        line_of("grader", CheckState::kFailing, true,
                WIFEXITED(*status)
                    ? "its check ended with exit status " + std::to_string(WEXITSTATUS(*status))
                    : "its check was killed by signal " + std::to_string(WTERMSIG(*status)),
                "see what it wrote to stderr"));
  }
}

void check_broker(const config::DoctorOptions& options, Report& report) {
  if (options.kafka.brokers.empty()) {
    return report.add(line_of("broker", CheckState::kMissing, false, "none is given",
                              "--brokers HOST:PORT to look at it too"));
  }
  const auto client = client_config(options.kafka);
  if (auto reached = kafka::check_reachable(client, kTimeout); !reached) {
    return report.add(line_of("broker", CheckState::kFailing, true, reached.error().text(),
                              "start it, or correct --brokers; TLS and SASL are set by "
                              "--kafka-property or [kafka] of the file"));
  }
  report.add(line_of("broker", CheckState::kReady, true, options.kafka.brokers + " answers"));
  const auto described = kafka::describe_topics(client, "grading.", kTimeout);
  if (!described) {
    return report.add(line_of("topics", CheckState::kFailing, true, described.error().text(),
                              "allow this client to describe topics under grading."));
  }
  for (const std::string& name :
       {farm::topics::requests(options.pool), std::string(farm::topics::kDeadLetters),
        std::string(farm::topics::kCanaryReplies), std::string(farm::topics::kStatus)}) {
    const auto found = std::find_if(described->begin(), described->end(),
                                    [&](const auto& topic) { return topic.name == name; });
    if (found == described->end()) {
      report.add(line_of("topic: " + name, CheckState::kMissing, false,
                         "not there yet: a grader makes it when it starts, if it may",
                         "gradefarm topics create --brokers " + options.kafka.brokers));
      continue;
    }
    std::map<std::string, std::string> settings;
    if (client.kind == kafka::BrokerKind::kApache) {
      auto told = kafka::describe_topic_settings(client, name, kTimeout);
      if (!told) {
        report.add(line_of("topic: " + name, CheckState::kMissing, false,
                           "its settings are not told: " + told.error().text(),
                           "allow this client to describe the settings of topics"));
      } else {
        settings = std::move(*told);
      }
    }
    for (const CheckLine& line : judge_topic(*found, settings)) report.add(line);
  }
}

std::optional<std::int64_t> number(const std::map<std::string, std::string>& settings,
                                   const std::string& name) {
  const auto found = settings.find(name);
  if (found == settings.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [rest, error] = std::from_chars(found->second.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

}  // namespace

std::vector<CheckLine> judge_topic(const kafka::TopicDescription& topic,
                                   const std::map<std::string, std::string>& settings) {
  const std::string name = "topic: " + topic.name;
  std::string detail = std::to_string(topic.partitions) + " partitions, replication " +
                       std::to_string(topic.replication);
  const auto largest = number(settings, "max.message.bytes");
  const auto in_sync = number(settings, "min.insync.replicas");
  if (largest) detail += ", max.message.bytes " + std::to_string(*largest);
  if (in_sync) detail += ", min.insync.replicas " + std::to_string(*in_sync);
  std::vector<CheckLine> lines;
  // Kafka's own default is a little above 1 MiB; the smaller batches that it names count with it.
  if (largest && *largest < kLargestRecord) {
    lines.push_back(line_of(name, CheckState::kFailing, true, detail,
                            "records of up to 1 MiB are published: kafka-configs.sh --alter "
                            "--topic " +
                                topic.name + " --add-config max.message.bytes=" +
                                std::to_string(kLargestRecord + 4096)));
  }
  if (in_sync && *in_sync > topic.replication) {
    lines.push_back(line_of(name, CheckState::kFailing, true, detail,
                            "nothing can be published: min.insync.replicas is above the number of "
                            "replicas; lower it or add replicas"));
  }
  if (lines.empty()) {
    if (settings.empty()) detail += "; the broker tells no settings";
    lines.push_back(line_of(name, CheckState::kReady, true, detail));
  }
  // What is worthless a moment later may be lost.
  const bool brief =
      topic.name == farm::topics::kStatus || topic.name == farm::topics::kCanaryReplies;
  if (!settings.empty() && topic.replication < 2 && !brief) {
    lines.push_back(line_of("replication: " + topic.name, CheckState::kMissing, false,
                            "one copy: what a lost disk held is lost",
                            "in production: gradefarm topics create --replication 3 on a cluster "
                            "of three, before the topic is used"));
  }
  return lines;
}

std::string check_text(const CheckLine& line) {
  std::string text(word(line.state));
  text.resize(9, ' ');
  text += line.name + ": " + line.detail;
  if (line.state == CheckState::kMissing && !line.required) text += " (optional)";
  text += '\n';
  if (!line.remedy.empty()) text += "         → " + line.remedy + '\n';
  return text;
}

int doctor(const config::DoctorOptions& options) {
  Report report(options.json);
  check_host(options, report);
  check_broker(options, report);
  return report.finish();
}

}  // namespace farm::command
