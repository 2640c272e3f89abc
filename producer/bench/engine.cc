#include "producer/bench/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "grader/evaluate/evaluate.h"
#include "grader/service/self_test.h"
#include "grader/service/toolchain_stamp.h"
#include "producer/bench/turns.h"

namespace farm::bench {

double Graded::seconds() const { return seconds_between(begun, ended); }

double Graded::seconds_without_compiling() const {
  const auto first =
      std::find_if(runs.begin(), runs.end(), [](const SandboxRun& run) { return !run.compiler; });
  return first == runs.end() ? seconds() : seconds_between(first->begun, ended);
}

// Passes everything on and notes when.
class Engine::WatchedSandbox final : public sandbox::Sandbox {
 public:
  explicit WatchedSandbox(sandbox::Sandbox& inner) : inner_(inner) {}

  Expected<sandbox::RunOutcome> run(const sandbox::RunSpec& spec) override {
    const SteadyTime begun = std::chrono::steady_clock::now();
    auto outcome = inner_.run(spec);
    if (outcome) note(spec, begun, *outcome);
    return outcome;
  }
  Expected<sandbox::PairOutcome> run_pair(const sandbox::RunSpec& submission,
                                          const sandbox::RunSpec& tester) override {
    const SteadyTime begun = std::chrono::steady_clock::now();
    auto outcome = inner_.run_pair(submission, tester);
    if (outcome) note(submission, begun, outcome->submission);
    return outcome;
  }
  Expected<sandbox::RunOutcome> run_turns(const sandbox::RunSpec& spec,
                                          sandbox::TurnTaker& turns) override {
    const SteadyTime begun = std::chrono::steady_clock::now();
    WatchedTurns watched(turns);
    auto outcome = inner_.run_turns(spec, watched);
    if (!outcome) return outcome;
    sandbox::RunOutcome all;
    all.wall = outcome->wall + watched.wall;
    all.cpu = outcome->cpu + watched.cpu;
    all.starved = outcome->starved + watched.starved;
    note(spec, begun, all);
    return outcome;
  }

  std::vector<SandboxRun> take_runs() { return std::exchange(runs_, {}); }

 private:
  // The outcome of a run in turns tells of the last one alone.
  struct WatchedTurns final : sandbox::TurnTaker {
    explicit WatchedTurns(sandbox::TurnTaker& inner_turns) : inner(inner_turns) {}
    std::optional<std::string> next() override { return inner.next(); }
    void answered(sandbox::RunOutcome turn) override {
      wall += turn.wall;
      cpu += turn.cpu;
      starved += turn.starved;
      inner.answered(std::move(turn));
    }
    sandbox::TurnTaker& inner;
    Microseconds wall{0}, cpu{0}, starved{0};
  };

  void note(const sandbox::RunSpec& spec, SteadyTime begun, const sandbox::RunOutcome& outcome) {
    runs_.push_back({begun, std::chrono::steady_clock::now(), outcome.wall, outcome.cpu,
                     outcome.starved, spec.profile == sandbox::Profile::kCompile});
  }

  sandbox::Sandbox& inner_;
  std::vector<SandboxRun> runs_;
};

Engine::Engine(grader::Slots slots, languages::Registry languages,
               std::optional<os::CappedDirectory> compiled, std::string headers)
    : slots_(std::move(slots)),
      languages_(std::move(languages)),
      compiled_(std::move(compiled)),
      headers_(std::move(headers)) {
  for (const auto& sandbox : slots_.sandboxes)
    watched_.push_back(std::make_unique<WatchedSandbox>(*sandbox));
}

Engine::~Engine() = default;

Expected<std::unique_ptr<Engine>> Engine::start(const config::GraderConfig& config) {
  FARM_TRY(languages::Registry languages,
           languages::Registry::load(grader::languages_directory(config)));
  FARM_TRY(auto compiled, grader::open_compile_cache(config));
  FARM_TRY(std::string headers, grader::open_headers(config));
  FARM_TRY(grader::Slots slots, grader::start_slots(config, languages, headers));
  std::unique_ptr<Engine> engine(
      new Engine(std::move(slots), std::move(languages), std::move(compiled), std::move(headers)));
  evaluate::PlanSettings& settings = engine->tools_.settings;
  settings.limits = grader::server_limits(config, grader::host_memory(),
                                          grader::resident_memory(config, engine->languages_));
  settings.python = config.python;
  settings.isolation = engine->slots_.isolation;
  settings.languages = &engine->languages_;
  return engine;
}

Expected<Done> Engine::prepare_compilers() {
  if (compile_cache_ || !compiled_) return Done{};
  evaluate::Tools tools = tools_;
  tools.sandbox = slots_.sandboxes[0].get();
  const std::string stamp = service::stamp_of(service::toolchain_places());
  const evaluate::PrecompiledHeaders headers(headers_, stamp);
  const auto statuses = service::test_languages(languages_, tools, &headers);
  std::vector<LanguageDefinition> working;
  for (const service::LanguageStatus& status : statuses)
    if (status.available) working.push_back(status.definition);
  FARM_TRY(languages_, languages::Registry::create(std::move(working)));
  service::use(statuses, tools_.settings);
  compile_cache_ = std::make_unique<evaluate::CompileCache>(*std::move(compiled_), stamp);
  tools_.compile_cache = compile_cache_.get();
  return Done{};
}

Graded Engine::grade(const EvaluationRequest& request, int slot) {
  WatchedSandbox& sandbox = *watched_[static_cast<std::size_t>(slot)];
  evaluate::Tools tools = tools_;
  tools.sandbox = &sandbox;
  tools.residents = slots_.residents[static_cast<std::size_t>(slot)].get();
  Graded graded;
  graded.begun = std::chrono::steady_clock::now();
  graded.result = evaluate::evaluate(request, tools);
  graded.ended = std::chrono::steady_clock::now();
  graded.runs = sandbox.take_runs();
  return graded;
}

}  // namespace farm::bench
