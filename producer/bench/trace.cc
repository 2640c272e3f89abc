#include "producer/bench/trace.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <regex>
#include <utility>

namespace farm::bench {
namespace {

constexpr double kShortestSlow = 0.1;  // seconds
constexpr double kLongestSlow = 10;
constexpr double kTailExponent = 0.9;
constexpr int kRepeatsOneIn = 8;

// Burns CPU time, however fast the host is.
constexpr const char* kSlowProgram =
    "import time\n"
    "seconds = float(input())\n"
    "while time.process_time() < seconds:\n"
    "    pass\n"
    "print('done')\n";

// The standard defines the engine's numbers, and leaves distributions to each library.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  double fraction() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  // [0, 1)

 private:
  std::mt19937_64 engine_;
};

const std::map<std::string, std::string>& swaps() {
  static const std::map<std::string, std::string> table = {
      {"<", ">="},       {">", "<="},    {"<=", ">"},       {">=", "<"},          {"==", "!="},
      {"!=", "=="},      {"+", "-"},     {"-", "+"},        {"*", "+"},           {"/", "*"},
      {"%", "+"},        {"+=", "-="},   {"-=", "+="},      {"and", "or"},        {"or", "and"},
      {"&&", "||"},      {"||", "&&"},   {"True", "False"}, {"False", "True"},    {"true", "false"},
      {"false", "true"}, {"min", "max"}, {"max", "min"},    {"break", "continue"}};
  return table;
}

std::optional<std::string> other_token(const std::string& token) {
  const auto found = swaps().find(token);
  if (found != swaps().end()) return found->second;
  const bool number =
      !token.empty() && token.size() < 10 &&
      std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number) return std::to_string(std::stoll(token) + 1);
  return std::nullopt;
}

void prepare(Sample& sample) {
  sample.request.limits.run_cpu = kStepCpuLimit;
  sample.request.policy.cache = true;  // samplers repeat themselves, and trainers know it
}

Sample sample_of(const Problem& problem, const std::string& solution) {
  Sample sample;
  sample.request = assert_request(problem, solution);
  sample.source = plain_program(problem, solution);
  prepare(sample);
  return sample;
}

void add_group(const Problem& problem, int size, Dice& dice, std::vector<Sample>& samples) {
  const std::vector<std::string> mutants = mutants_of(problem.solution);
  std::vector<std::string> solutions = {problem.solution};
  while (static_cast<int>(solutions.size()) < size) {
    const bool repeats = mutants.empty() || dice.below(kRepeatsOneIn) == 0;
    std::string next =
        repeats ? solutions[dice.below(solutions.size())] : mutants[dice.below(mutants.size())];
    solutions.push_back(std::move(next));
  }
  for (const std::string& solution : solutions) samples.push_back(sample_of(problem, solution));
}

// So many samples of problems that are drawn without repetition as long as there are others.
void add_groups(const std::vector<Problem>& problems, int count, Dice& dice,
                std::vector<Sample>& samples) {
  std::vector<std::size_t> left;
  for (int done = 0; done < count; done += kSamplesAProblem) {
    if (left.empty()) {
      for (std::size_t i = 0; i < problems.size(); ++i) left.push_back(i);
    }
    std::swap(left[dice.below(left.size())], left.back());
    add_group(problems[left.back()], std::min(kSamplesAProblem, count - done), dice, samples);
    left.pop_back();
  }
}

Sample slow_sample(double seconds) {
  Sample sample;
  char text[32];
  std::snprintf(text, sizeof text, "%.4f\n", seconds);
  sample.stdin_bytes = text;
  sample.stdout_bytes = "done\n";
  sample.source = kSlowProgram;
  sample.slow = true;
  sample.request.submission.language = "python";
  sample.request.submission.code = sample.source;
  StdinStdout evaluation;
  evaluation.cases.push_back({sample.stdin_bytes, *sample.stdout_bytes});
  sample.request.evaluation = std::move(evaluation);
  prepare(sample);
  return sample;
}

}  // namespace

std::vector<std::string> mutants_of(const std::string& solution) {
  static const std::regex token(
      R"re("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?:#|//)[^\n]*|->|<<|>>|\+\+|--|&&|\|\||[<>=!+\-*/%]=?|[A-Za-z_]\w*|\d+(?:\.\d+)?|\S)re");
  std::vector<std::string> mutants;
  for (std::sregex_iterator at(solution.begin(), solution.end(), token), end; at != end; ++at) {
    const auto changed = other_token(at->str());
    if (!changed) continue;
    std::string mutant = solution;
    mutant.replace(static_cast<std::size_t>(at->position()), static_cast<std::size_t>(at->length()),
                   *changed);
    mutants.push_back(std::move(mutant));
  }
  for (std::size_t begin = 0; begin < solution.size();) {
    const std::size_t end = std::min(solution.find('\n', begin), solution.size() - 1) + 1;
    mutants.push_back(solution.substr(0, begin) + solution.substr(end));
    begin = end;
  }
  return mutants;
}

std::vector<Sample> make_trace(std::uint64_t seed, int count, const std::vector<Problem>& python,
                               const std::vector<Problem>& cpp) {
  Dice dice(seed);
  std::vector<Sample> samples;
  const int slow = count / 10;
  const int compiled = count / 5;
  for (int i = 0; i < slow; ++i) {
    const double seconds = kShortestSlow * std::pow(1 - dice.fraction(), -1 / kTailExponent);
    samples.push_back(slow_sample(std::min(seconds, kLongestSlow)));
  }
  add_groups(cpp, compiled, dice, samples);
  add_groups(python, count - slow - compiled, dice, samples);
  for (std::size_t i = samples.size(); i > 1; --i)
    std::swap(samples[i - 1], samples[dice.below(i)]);
  return samples;
}

}  // namespace farm::bench
