#include "producer/bench/lab.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "grader/judge/compare_output.h"
#include "producer/bench/scenario.h"
#include "producer/random_name.h"

namespace farm::bench {

Lab::Lab(const config::BenchOptions& options, const command::Interrupt& interrupt, Engine& engine,
         command::ScratchDir scratch)
    : options_(options),
      interrupt_(interrupt),
      engine_(engine),
      scratch_(std::move(scratch)),
      session_(producer::random_name()) {}

Budget Lab::budget(Milliseconds own) const {
  if (options_.count) return {options_.count, {}};
  if (options_.seconds) return {std::nullopt, std::chrono::seconds(*options_.seconds)};
  return {std::nullopt, own};
}

Budget Lab::budget(std::int64_t own) const {
  if (options_.count || options_.seconds) return budget(Milliseconds(0));
  return {own, {}};
}

Crew Lab::engine_crew(int workers) const {
  return {workers, nullptr, [this] { return interrupted(); }};
}

Crew Lab::plain_crew(int workers) const {
  const auto enter = [this](int worker) -> Expected<Done> {
    FARM_CHECK_OK(become_nobody_in_this_thread());
    const std::string directory = plain_directory(worker);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
      return system_error("mkdir " + directory, errno);
    return Done{};
  };
  return {workers, enter, [this] { return interrupted(); }};
}

std::string Lab::plain_directory(int worker) const {
  return scratch_.path() + "/worker-" + std::to_string(worker);
}

Expected<Measured> Lab::compare(const std::string& scenario, int slots, const Budget& budget,
                                const Unit& farm, const Unit& plain) {
  const Crew farm_crew = engine_crew(slots);
  const Crew baseline_crew = plain_crew(slots);
  const Budget once = {slots, {}};
  say(scenario + ": warming up");
  FARM_CHECK_OK(items_per_second(farm_crew, once, farm));
  FARM_CHECK_OK(items_per_second(baseline_crew, once, plain));
  const auto per_slot = [slots](Expected<double> rate) -> Expected<double> {
    if (!rate) return rate;
    return *rate / slots;
  };
  FARM_TRY(Turns turns,
           take_turns(
               rounds(), [&] { return per_slot(items_per_second(farm_crew, budget, farm)); },
               [&] { return per_slot(items_per_second(baseline_crew, budget, plain)); },
               [&](int round, double farm_rate, double baseline_rate) {
                 say_round(scenario, round, rounds(), farm_rate, baseline_rate);
               }));
  Measured measured;
  measured.figure = ratios_of(turns);
  measured.farm = std::move(turns.farm);
  measured.baseline = std::move(turns.baseline);
  return measured;
}

void Lab::say(const std::string& line) const { std::fprintf(stderr, "%s\n", line.c_str()); }

void Lab::say_round(const std::string& scenario, int round, int rounds, double farm,
                    double baseline) const {
  std::fprintf(stderr, "%s: round %d of %d: %.4g against %.4g\n", scenario.c_str(), round + 1,
               rounds, farm, baseline);
}

Expected<Counted> graded_unit(Lab& lab, const EvaluationRequest& request, int slot, double items,
                              Profile& profile, double (Graded::*seconds)() const) {
  const Graded graded = lab.engine().grade(request, slot);
  if (graded.result.verdict != Verdict::kAccepted) {
    return internal_error("the farm judged a right program " +
                          std::string(word(graded.result.verdict)) + ": " + graded.result.message);
  }
  if (lab.options().profile) profile.add(graded);
  return Counted{items, (graded.*seconds)()};
}

Expected<Done> plain_case(const PlainCommand& command, const std::string& expected) {
  FARM_TRY(const PlainOutcome outcome, run_plain(command));
  if (!outcome.exited_with_0)
    return internal_error("the baseline's " + command.argv.front() + " ended with " + outcome.how);
  const auto compared = judge::compare_output(expected, outcome.stdout_bytes, Comparison{});
  if (!compared.equal) return internal_error("the baseline is wrong: " + compared.message);
  return Done{};
}

}  // namespace farm::bench
