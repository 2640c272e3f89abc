// The only includer of CLI11, whose exceptions end here. CLI11 knows names; values are checked in
// settings.cc, for all sources alike.
#include "grader/config/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

namespace farm::config {
namespace {

constexpr std::string_view kSourcesText =
    "Every option can also be set by its environment variable (--blob-dir: GRADEFARM_BLOB_DIR) and "
    "in the TOML file of\n"
    "--config (blob_dir). Flags win over environment over file. Durations: 500ms 20s 5m 2h 7d. "
    "Sizes: 64MiB 1GB 4096.";

// Options of one program as CLI11 sees them, and where it leaves their texts.
class Flags {
 public:
  void add(CLI::App& app, Program program) {
    for (const OptionSpec& spec : option_table()) {
      if (!belongs_to(spec, program)) continue;
      const std::string description(
          spec.help);  // const: CLI11 would bind a variable as the flag's value
      if (spec.kind == ValueKind::kSwitch) {
        options_.emplace_back(&spec, app.add_flag(flag_of(spec), description));
        continue;
      }
      const std::string shown = shown_default_of(spec);
      CLI::Option* option =
          app.add_option(flag_of(spec), texts_[spec.name],
                         shown == "-" ? description : description + " [" + shown + ']');
      option->type_name(placeholder_of(spec))->expected(1)->allow_extra_args(false);
      const bool many = spec.kind == ValueKind::kProperties;
      option->multi_option_policy(many ? CLI::MultiOptionPolicy::TakeAll
                                       : CLI::MultiOptionPolicy::TakeLast);
      options_.emplace_back(&spec, option);
    }
  }

  std::vector<GivenFlag> given() const {
    std::vector<GivenFlag> flags;
    for (const auto& [spec, option] : options_) {
      if (option->count() == 0) continue;
      const bool is_switch = spec->kind == ValueKind::kSwitch;
      flags.push_back({std::string(spec->name),
                       is_switch ? std::vector<std::string>{"true"} : texts_.at(spec->name)});
    }
    return flags;
  }

 private:
  std::map<std::string_view, std::vector<std::string>>
      texts_;  // node-based: CLI11 keeps references
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> options_;
};

void dress(CLI::App& app) {
  app.get_formatter()->column_width(38);
  app.set_help_flag("--help,-h", "Show this and exit.");
  app.footer(std::string(kSourcesText));
}

using Outcome = Expected<std::variant<CommandLine, ShowText>>;

// "unknown option '--worker'; did you mean '--workers'?" for the first argument that nobody wanted.
std::string unwanted(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options())
    flags.push_back("--" + option->get_single_name());
  const std::vector<std::string> rest = app.remaining(true);
  const auto flag = std::find_if(rest.begin(), rest.end(),
                                 [](const auto& text) { return text.starts_with('-'); });
  if (flag == rest.end())
    return rest.empty() ? "too many arguments" : "nothing is expected at '" + rest.front() + '\'';
  const std::string meant = nearest(*flag, flags);
  return "unknown option '" + *flag + '\'' +
         (meant.empty() ? "" : " (did you mean '" + meant + "'?)");
}

// Runs the parser; `collect` makes the result of a good command line.
template <typename Collect>
Outcome run(CLI::App& app, std::vector<std::string> arguments, Collect collect) {
  app.set_version_flag("--version", app.get_name() + ' ' + std::string(version()),
                       "Show the version and exit.");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector: last one first
  const auto refuse = [&](const std::string& why) {
    const auto commands = app.get_subcommands();
    return invalid_request(why + "; see " + app.get_name() +
                           (commands.empty() ? "" : ' ' + commands.front()->get_name()) +
                           " --help");
  };
  try {
    app.parse(std::vector<std::string>(arguments));
  } catch (const CLI::CallForHelp&) {
    return std::variant<CommandLine, ShowText>(ShowText{app.help()});
  } catch (const CLI::CallForVersion& shown) {
    return std::variant<CommandLine, ShowText>(ShowText{std::string(shown.what()) + '\n'});
  } catch (const CLI::ExtrasError&) {
    const auto commands = app.get_subcommands();
    return refuse(unwanted(commands.empty() ? app : *commands.front()));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    return refuse(text.substr(0, text.find(':')) + " needs a value");
  } catch (const CLI::ParseError& error) {
    // CLI11 asks for a command before it complains about a wrong one.
    const bool wrong_command =
        app.get_require_subcommand_min() > 0 && app.get_subcommands().empty();
    if (wrong_command && !arguments.empty())
      return refuse("unknown command '" + arguments.back() + '\'');
    if (wrong_command) return refuse("a command is required");
    return refuse(error.what());
  }
  return std::variant<CommandLine, ShowText>(collect());
}

}  // namespace

Outcome read_grader_arguments(const std::vector<std::string>& arguments) {
  CLI::App app{
      "Takes evaluation requests from Kafka, runs them in a sandbox and publishes the verdicts.",
      "gradefarm-grader"};
  dress(app);
  Flags flags;
  flags.add(app, Program::kGrader);
  return run(app, arguments, [&] { return CommandLine{Program::kGrader, flags.given(), {}}; });
}

Outcome read_gateway_arguments(const std::vector<std::string>& arguments) {
  CLI::App app{"Takes SandboxFusion's and ICIP's HTTP requests and asks the grading farm.",
               "gradefarm-gateway"};
  dress(app);
  Flags flags;
  flags.add(app, Program::kGateway);
  return run(app, arguments, [&] { return CommandLine{Program::kGateway, flags.given(), {}}; });
}

Outcome read_gradefarm_arguments(const std::vector<std::string>& arguments) {
  CLI::App app{"Asks the grading farm: publishes evaluation requests and collects verdicts.",
               "gradefarm"};
  dress(app);
  app.require_subcommand(1);

  Flags grade_flags;
  std::string input;
  CLI::App* grade =
      app.add_subcommand("grade", "Grade a file of requests: one JSON line in, one JSON line out.");
  grade->add_option("FILE", input, "Requests, one a line; - is stdin.")->required()->type_name("");
  grade_flags.add(*grade, Program::kGrade);

  Flags up_flags;
  CLI::App* up =
      app.add_subcommand("up", "Run an embedded broker and a grader until SIGINT or SIGTERM.");
  up_flags.add(*up, Program::kUp);

  Flags topics_flags;
  std::string action;
  CLI::App* topics =
      app.add_subcommand("topics", "Create the farm's topics or describe those that exist.");
  topics->add_option("ACTION", action, "create or describe")
      ->required()
      ->type_name("create|describe");
  topics_flags.add(*topics, Program::kTopics);

  Flags status_flags;
  CLI::App* status = app.add_subcommand("status", "Show what the graders of a cluster do now.");
  status_flags.add(*status, Program::kStatus);

  Flags doctor_flags;
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Say what works on this host and on the broker, what is missing, and what to do.");
  doctor_flags.add(*doctor, Program::kDoctor);

  Flags replay_flags;
  std::vector<std::string> files;
  CLI::App* replay = app.add_subcommand(
      "replay", "Grade bad cases again and print what differs from the first time.");
  replay->add_option("FILE", files, "Files that --bad-cases wrote.")->required()->type_name("");
  replay_flags.add(*replay, Program::kReplay);

  Flags collect_flags;
  CLI::App* collect =
      app.add_subcommand("bad-cases", "Collect the bad cases of many graders into a directory.");
  collect_flags.add(*collect, Program::kBadCases);

  Flags report_flags;
  std::string results;
  CLI::App* report = app.add_subcommand(
      "report", "Summarise results: verdicts, masked share, suspicious exits, latencies.");
  report->add_option("FILE", results, "Results, one a line; - is stdin.")
      ->required()
      ->type_name("");
  report_flags.add(*report, Program::kReport);

  Flags bench_flags;
  std::vector<std::string> scenarios;
  CLI::App* bench =
      app.add_subcommand("bench", "Measure this farm against a baseline, in turns, on this host.");
  bench->add_option("SCENARIO", scenarios, "Which to run; all that are there if none is named.")
      ->type_name("");
  bench_flags.add(*bench, Program::kBench);

  Flags cancel_flags;
  std::vector<std::string> ids;
  CLI::App* cancel = app.add_subcommand(
      "cancel", "Take requests of a trainer back: those of a step, or those that are named.");
  cancel->add_option("ID", ids, "Ids of requests.")->type_name("");
  cancel_flags.add(*cancel, Program::kCancel);

  Flags letters_flags;
  std::vector<std::string> letters;
  CLI::App* dead_letters = app.add_subcommand(
      "dead-letters", "List, show or requeue what no grader could answer or should try again.");
  dead_letters->add_option("ACTION", letters, "list, show or requeue, and ids as list shows them")
      ->required()
      ->type_name("list|show|requeue");
  letters_flags.add(*dead_letters, Program::kDeadLetters);

  return run(app, arguments, [&]() -> CommandLine {
    if (dead_letters->parsed()) return {Program::kDeadLetters, letters_flags.given(), letters};
    if (cancel->parsed()) return {Program::kCancel, cancel_flags.given(), ids};
    if (bench->parsed()) return {Program::kBench, bench_flags.given(), scenarios};
    if (grade->parsed()) return {Program::kGrade, grade_flags.given(), {input}};
    if (up->parsed()) return {Program::kUp, up_flags.given(), {}};
    if (replay->parsed()) return {Program::kReplay, replay_flags.given(), files};
    if (collect->parsed()) return {Program::kBadCases, collect_flags.given(), {}};
    if (report->parsed()) return {Program::kReport, report_flags.given(), {results}};
    if (status->parsed()) return {Program::kStatus, status_flags.given(), {}};
    if (doctor->parsed()) return {Program::kDoctor, doctor_flags.given(), {}};
    return {Program::kTopics, topics_flags.given(), {action}};
  });
}

}  // namespace farm::config
