// The whole way through Kafka, and what several slots give.
#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "producer/bench/processes.h"
#include "producer/bench/scenario.h"
#include "producer/bench/whole_farm.h"

namespace farm::bench {
namespace {

constexpr int kSlots = 2;
constexpr int kFarmCases = 5;
constexpr std::int64_t kFarmRequests = 2'000;
constexpr int kScalingCases = 20;
constexpr Milliseconds kScalingTurn{4'000};
constexpr std::int64_t kAsked = 50;
constexpr Milliseconds kPause{20};  // between questions, so that everybody waits for the next one
constexpr std::int64_t kSoakRequests = 20'000;
constexpr std::int64_t kSoakWindows = 10;
constexpr double kMostGrowth = 0.05;

std::vector<EvaluationRequest> sums(Lab& lab, std::int64_t first, std::int64_t count, int cases) {
  std::vector<EvaluationRequest> requests;
  for (std::int64_t i = 0; i < count; ++i) requests.push_back(sums_request(lab, first + i, cases));
  return requests;
}

Expected<Done> all_accepted(const std::vector<EvaluationResult>& results) {
  for (const EvaluationResult& result : results) {
    if (result.verdict == Verdict::kAccepted) continue;
    return internal_error("the farm judged a right program " + std::string(word(result.verdict)) +
                          ": " + result.message);
  }
  return Done{};
}

// Accepted requests, right ones all of them.
Expected<WholeFarm::Burst> burst_of_sums(Lab& lab, WholeFarm& farm, std::int64_t first,
                                         std::int64_t count, int cases) {
  FARM_TRY(WholeFarm::Burst burst, farm.grade(sums(lab, first, count, cases)));
  FARM_CHECK_OK(all_accepted(burst.results));
  return burst;
}

Unit sums_on_engine(Lab& lab, int cases, double items, Profile& profile) {
  return [&lab, &profile, cases, items](int slot, std::int64_t number) {
    return graded_unit(lab, sums_request(lab, number, cases), slot, items, profile,
                       &Graded::seconds);
  };
}

// Progress of a scenario whose sides it runs itself.
std::function<void(int, double, double)> progress(const Lab& lab, const std::string& scenario,
                                                  int rounds) {
  return [&lab, scenario, rounds](int round, double farm, double baseline) {
    lab.say_round(scenario, round, rounds, farm, baseline);
  };
}

double median_ms(std::vector<double> seconds) { return spread_of(std::move(seconds)).median * 1e3; }

std::string broker_text(const Lab& lab) {
  const std::string& brokers = lab.options().kafka.brokers;
  return brokers.empty() ? "embedded broker, in the process of the client" : "brokers " + brokers;
}

}  // namespace

Expected<Measured> measure_farm(Lab& lab) {
  const int slots = lab.slots(kSlots);
  const std::int64_t count = lab.budget(kFarmRequests).count.value_or(kFarmRequests);
  Profile profile;
  const Unit on_engine = sums_on_engine(lab, kFarmCases, 1, profile);
  FARM_TRY(const auto farm, WholeFarm::start(lab, slots));
  lab.say("farm: warming up");
  const Budget once = {slots, {}};
  FARM_CHECK_OK(items_per_second(lab.engine_crew(slots), once, on_engine));
  FARM_CHECK_OK(burst_of_sums(lab, *farm, 0, slots, kFarmCases));

  std::vector<double> our_cpu, broker_cpu;
  const Turn whole = [&]() -> Expected<double> {
    FARM_TRY(const auto burst, burst_of_sums(lab, *farm, 0, count, kFarmCases));
    const auto requests = static_cast<double>(count);
    our_cpu.push_back(burst.our_cpu_seconds / requests * 1e3);
    broker_cpu.push_back(burst.broker_cpu_seconds / requests * 1e3);
    return requests / burst.seconds;
  };
  const Turn engine = [&] {
    return items_per_second(lab.engine_crew(slots), {count, {}}, on_engine);
  };
  const int rounds = lab.rounds(3);
  FARM_TRY(Turns turns, take_turns(rounds, whole, engine, progress(lab, "farm", rounds)));
  Measured measured;
  measured.figure = ratios_of(turns);
  measured.farm = std::move(turns.farm);
  measured.baseline = std::move(turns.baseline);
  measured.profile = profile.steps();
  measured.more.emplace_back("CPU ms a request of this process: client, embedded broker",
                             spread_of(our_cpu).median);
  if (!lab.options().kafka.brokers.empty()) {
    measured.more.emplace_back("CPU ms a request of the brokers on this host",
                               spread_of(broker_cpu).median);
  }
  measured.notes.push_back(broker_text(lab));
  return measured;
}

Expected<Measured> measure_latency(Lab& lab) {
  const std::int64_t count = lab.budget(kAsked).count.value_or(kAsked);
  Profile profile;
  FARM_TRY(const auto farm, WholeFarm::start(lab, 1));
  std::int64_t number = 0;
  const auto ask = [&]() -> Expected<double> {
    std::this_thread::sleep_for(kPause);
    FARM_TRY(const auto burst, burst_of_sums(lab, *farm, number++, 1, 1));
    return burst.seconds;
  };
  const auto grade = [&]() -> Expected<double> {
    std::this_thread::sleep_for(kPause);
    FARM_TRY(const Counted counted,
             graded_unit(lab, sums_request(lab, number++, 1), 0, 1, profile, &Graded::seconds));
    return counted.seconds;
  };
  const auto median_of_many = [&](const auto& one) -> Expected<double> {
    std::vector<double> seconds;
    for (std::int64_t i = 0; i < count; ++i) {
      FARM_TRY(const double took, one());
      seconds.push_back(took);
    }
    return median_ms(std::move(seconds));
  };
  lab.say("latency: warming up");
  FARM_CHECK_OK(ask());
  FARM_CHECK_OK(grade());
  const int rounds = lab.rounds();
  FARM_TRY(Turns turns,
           take_turns(
               rounds, [&] { return median_of_many(ask); }, [&] { return median_of_many(grade); },
               progress(lab, "latency", rounds)));
  Measured measured;
  for (std::size_t i = 0; i < turns.farm.size(); ++i)
    measured.figure.push_back(turns.farm[i] - turns.baseline[i]);
  measured.farm = std::move(turns.farm);
  measured.baseline = std::move(turns.baseline);
  measured.profile = profile.steps();
  measured.notes.push_back(broker_text(lab));
  return measured;
}

Expected<Measured> measure_scaling(Lab& lab) {
  Profile profile;
  const int slots = lab.slots(kSlots);
  const Unit unit = sums_on_engine(lab, kScalingCases, kScalingCases, profile);
  const Budget budget = lab.budget(kScalingTurn);
  lab.say("scaling: warming up");
  FARM_CHECK_OK(items_per_second(lab.engine_crew(slots), {slots, {}}, unit));
  const int rounds = lab.rounds();
  FARM_TRY(Turns turns,
           take_turns(
               rounds, [&] { return items_per_second(lab.engine_crew(slots), budget, unit); },
               [&] { return items_per_second(lab.engine_crew(1), budget, unit); },
               progress(lab, "scaling", rounds)));
  Measured measured;
  measured.figure = ratios_of(turns);
  measured.farm = std::move(turns.farm);
  measured.baseline = std::move(turns.baseline);
  measured.profile = profile.steps();
  if (slots != kSlots) measured.notes.push_back(std::to_string(slots) + " slots");
  return measured;
}

Expected<Measured> measure_soak(Lab& lab) {
  const std::int64_t count = lab.budget(kSoakRequests).count.value_or(kSoakRequests);
  const std::int64_t window = std::max<std::int64_t>(1, count / kSoakWindows);
  const int slots = lab.slots(kSlots);
  FARM_TRY(const auto farm, WholeFarm::start(lab, slots));
  lab.say("soak: warming up");
  FARM_CHECK_OK(burst_of_sums(lab, *farm, 0, std::max<std::int64_t>(slots, window / 10), 1));
  std::vector<double> rates;
  std::vector<double> memory;
  for (std::int64_t done = 0; done < kSoakWindows; ++done) {
    FARM_TRY(const auto burst, burst_of_sums(lab, *farm, done * window, window, 1));
    rates.push_back(static_cast<double>(window) / burst.seconds);
    memory.push_back(static_cast<double>(resident_memory(family_of(farm->grader_pid())).count) /
                     static_cast<double>(mib(1).count));
    lab.say_round("soak", static_cast<int>(done), static_cast<int>(kSoakWindows), rates.back(),
                  rates.front());
  }
  Measured measured;
  measured.baseline = {rates.front()};
  measured.farm.assign(rates.begin() + kSoakWindows / 2, rates.end());
  for (const double rate : measured.farm) measured.figure.push_back(rate / rates.front());
  const double growth = memory.back() / memory.front() - 1;
  measured.more = {{"grader's memory after the first tenth, MiB", memory.front()},
                   {"grader's memory at the end, MiB", memory.back()},
                   {"growth, %", growth * 100}};
  measured.notes.push_back(growth <= kMostGrowth ? "memory within 5 %"
                                                 : "MEMORY GREW BY MORE THAN 5 %");
  measured.notes.push_back(broker_text(lab));
  return measured;
}

}  // namespace farm::bench
