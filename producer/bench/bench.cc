#include "producer/bench/bench.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "producer/bench/findings.h"
#include "producer/bench/lab.h"
#include "producer/bench/scenario.h"
#include "producer/command/embedded_farm.h"
#include "producer/command/exit_codes.h"

namespace farm::bench {
namespace {

constexpr int kMostSlotsOfAScenario = 2;
constexpr int kExitNotMeasured = 1;

void complain(const std::string& text) { std::fprintf(stderr, "gradefarm: %s\n", text.c_str()); }

// What a grader that this command starts would be told: the engine is set up by the same words.
Expected<config::GraderConfig> engine_config(const config::BenchOptions& options) {
  command::EmbeddedFarmOptions farm;
  farm.grader = options.grader;
  farm.grader.workers = std::max(kMostSlotsOfAScenario, options.slots.value_or(0));
  farm.pool = "bench";
  config::Invocation invocation = config::invocation_of_process(0, nullptr);
  invocation.arguments = command::grader_arguments(farm, "127.0.0.1:1", "");
  FARM_TRY(auto parsed, config::parse_grader(invocation));
  return std::get<config::GraderConfig>(std::move(parsed));
}

// In the order of the list; nullopt: some is not there, which was said.
std::optional<std::vector<const Scenario*>> chosen(const config::BenchOptions& options) {
  std::vector<const Scenario*> chosen;
  for (const std::string& name : options.scenarios) {
    const Scenario* scenario = find_scenario(name);
    if (!scenario) {
      complain("there is no scenario '" + name + "'; see gradefarm bench --list");
      return std::nullopt;
    }
    if (!scenario->measure) {
      complain(name + " is not available: " + std::string(scenario->what));
      return std::nullopt;
    }
    chosen.push_back(scenario);
  }
  if (!options.scenarios.empty()) return chosen;
  for (const Scenario& scenario : scenarios()) {
    if (scenario.measure) {
      chosen.push_back(&scenario);
    } else {
      complain("left out: " + std::string(scenario.what));
    }
  }
  return chosen;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int bench(const config::BenchOptions& options, const command::Interrupt& interrupt) {
  if (options.list) {
    print(options.json ? list_json() : list_text());
    return command::kExitOk;
  }
  const auto wanted = chosen(options);
  if (!wanted) return config::kUsageExitCode;
  auto config = engine_config(options);
  if (!config) return complain(config.error().text()), config::kUsageExitCode;
  auto scratch = command::ScratchDir::create();
  if (!scratch) return complain(scratch.error().text()), command::kExitFile;
  // What graders of this host have compiled is neither measured nor touched.
  config->compile_cache_dir = scratch->path() + "/compilers";
  auto engine = Engine::start(*config);
  if (!engine) return complain(engine.error().text()), command::kExitGrader;
  Lab lab(options, interrupt, **engine, *std::move(scratch));
  if (!options.json) {
    print(host_text() + "; isolation " + std::string(word(lab.engine().isolation())) + "\n");
  }

  int exit_code = command::kExitOk;
  for (const Scenario* scenario : *wanted) {
    const auto measured = scenario->measure(lab);
    if (const auto signal = interrupt.pending()) return command::kExitSignalBase + *signal;
    if (!measured) {
      complain(std::string(scenario->name) + ": " + measured.error().text());
      exit_code = kExitNotMeasured;
      continue;
    }
    print(options.json ? finding_json(*scenario, *measured) + "\n"
                       : finding_text(*scenario, *measured));
  }
  return exit_code;
}

}  // namespace farm::bench
