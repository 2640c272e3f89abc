// step-tail: a whole rollout step through the farm, against the pool of plain subprocesses that a
// trainer would write in an afternoon: two workers, each program compiled once, no isolation.
#include <sys/stat.h>

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <utility>

#include "grader/judge/compare_output.h"
#include "producer/bench/scenario.h"
#include "producer/bench/trace.h"
#include "producer/bench/whole_farm.h"

namespace farm::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSlots = 2;
constexpr std::int64_t kSamples = 2'048;

// Compiles each source once, whoever asks first; the others wait.
class Builds {
 public:
  explicit Builds(std::string directory) : directory_(std::move(directory)) {}

  // The directory of its `main`; nullopt: it does not compile.
  Expected<std::optional<std::string>> get(const std::string& source) {
    std::promise<Built> promise;
    std::shared_future<Built> built;
    std::string mine;
    {
      const std::lock_guard lock(mutex_);
      auto& known = builds_[source];
      if (!known.valid()) {
        known = promise.get_future().share();
        mine = directory_ + "-" + std::to_string(builds_.size());
      }
      built = known;
    }
    if (!mine.empty()) promise.set_value(build(mine, source));
    return built.get();
  }
  std::size_t size() const { return builds_.size(); }

 private:
  using Built = Expected<std::optional<std::string>>;

  static Built build(const std::string& directory, const std::string& source) {
    if (::mkdir(directory.c_str(), 0700) != 0) return system_error("mkdir " + directory, errno);
    FARM_CHECK_OK(put_file(directory, "main.cpp", source));
    PlainCommand compiler;
    compiler.directory = directory;
    compiler.argv = {"/usr/bin/g++", "-std=gnu++17", "-O2", "-o", "main", "main.cpp"};
    FARM_TRY(const PlainOutcome outcome, run_plain(compiler));
    return outcome.exited_with_0 ? std::optional(directory) : std::nullopt;
  }

  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, std::shared_future<Built>> builds_;
};

Expected<bool> plain_verdict(const Lab& lab, const Sample& sample, int worker, Builds& builds) {
  PlainCommand command;
  command.cpu = kStepCpuLimit;
  command.wall = 2 * kStepCpuLimit;
  command.stdin_bytes = sample.stdin_bytes;
  if (sample.request.submission.language == "cpp") {
    FARM_TRY(const auto built, builds.get(sample.source));
    if (!built) return false;
    command.directory = *built;
    command.argv = {"./main"};
  } else {
    command.directory = lab.plain_directory(worker);
    FARM_CHECK_OK(put_file(command.directory, "main.py", sample.source));
    command.argv = {lab.options().grader.python, "main.py"};
  }
  FARM_TRY(const PlainOutcome outcome, run_plain(command));
  if (!outcome.exited_with_0) return false;
  return !sample.stdout_bytes ||
         judge::compare_output(*sample.stdout_bytes, outcome.stdout_bytes, Comparison{}).equal;
}

double differing(const std::vector<EvaluationResult>& results, const std::vector<char>& plain) {
  double count = 0;
  for (std::size_t i = 0; i < results.size(); ++i)
    count += (results[i].verdict == Verdict::kAccepted) != (plain[i] != 0) ? 1 : 0;
  return count;
}

double share_of(const std::vector<EvaluationResult>& results, Verdict verdict) {
  double count = 0;
  for (const EvaluationResult& result : results) count += result.verdict == verdict ? 1 : 0;
  return count / static_cast<double>(results.size());
}

}  // namespace

Expected<Measured> measure_step_tail(Lab& lab) {
  const int slots = lab.slots(kSlots);
  const auto count = static_cast<int>(lab.budget(kSamples).count.value_or(kSamples));
  FARM_TRY(const ProblemSet python, load_problems(lab.options().datasets, "python"));
  FARM_TRY(const ProblemSet cpp, load_problems(lab.options().datasets, "cpp"));
  const std::vector<Sample> trace =
      make_trace(lab.options().seed, count, python.problems, cpp.problems);
  FARM_TRY(const auto farm, WholeFarm::start(lab, slots));

  std::vector<EvaluationResult> results;
  std::vector<char> plain(trace.size());
  std::vector<double> publishing;
  const Turn whole = [&]() -> Expected<double> {
    std::vector<EvaluationRequest> requests;
    for (const Sample& sample : trace) requests.push_back(sample.request);
    FARM_TRY(WholeFarm::Burst burst, farm->grade(std::move(requests)));
    results = std::move(burst.results);
    publishing.push_back(burst.publishing_seconds);
    return burst.seconds;
  };
  int turn = 0;
  double compiled = 0;
  const Turn pool = [&]() -> Expected<double> {
    Builds builds(lab.scratch_path() + "/step-" + std::to_string(turn++));
    const Unit unit = [&](int worker, std::int64_t number) -> Expected<Counted> {
      const auto index = static_cast<std::size_t>(number);
      FARM_TRY(const bool accepted, plain_verdict(lab, trace[index], worker, builds));
      plain[index] = accepted ? 1 : 0;
      return Counted{1, 1};
    };
    const SteadyTime begun = Clock::now();
    FARM_CHECK_OK(items_per_second(lab.plain_crew(slots), {count, {}}, unit));
    compiled = static_cast<double>(builds.size());
    return seconds_between(begun, Clock::now());
  };
  const int rounds = lab.rounds(2);
  lab.say("step-tail: " + std::to_string(count) + " requests a turn: this takes minutes");
  FARM_TRY(
      Turns turns,
      take_turns(rounds, whole, pool, [&](int round, double farm_seconds, double pool_seconds) {
        lab.say_round("step-tail", round, rounds, farm_seconds, pool_seconds);
      }));
  Measured measured;
  measured.figure = ratios_of(turns);
  measured.farm = std::move(turns.farm);
  measured.baseline = std::move(turns.baseline);
  measured.more = {{"of that, publishing, s", spread_of(publishing).median},
                   {"requests", static_cast<double>(trace.size())},
                   {"different C++ programs", compiled},
                   {"share accepted", share_of(results, Verdict::kAccepted)},
                   {"share at a time limit", share_of(results, Verdict::kTimeLimit)},
                   {"verdicts that differ from the pool's", differing(results, plain)}};
  for (const ProblemSet* set : {&python, &cpp}) {
    if (!set->note.empty()) measured.notes.push_back(set->note);
  }
  return measured;
}

}  // namespace farm::bench
