// Python: a case in a fresh isolated process against `python3 file`, started once a case.
#include <chrono>
#include <random>
#include <utility>

#include "producer/bench/problems.h"
#include "producer/bench/scenario.h"

namespace farm::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStdinCases = 20;
constexpr int kFunctionCases = 100;
constexpr Milliseconds kTurn{4'000};

// Both read two numbers and print their sum, as lean as it can be said: a plain grader has to read
// and print for a function as well.
constexpr const char* kSum = "a, b = map(int, input().split())\nprint(a + b)\n";
constexpr const char* kFunction = "def add(a, b):\n    return a + b\n";
constexpr const char* kFunctionMain = "print(add(*map(int, input().split())))\n";

std::vector<std::pair<std::int64_t, std::int64_t>> inputs(std::uint64_t seed, std::int64_t number,
                                                          int cases) {
  std::mt19937_64 random(seed * 1'000'003 + static_cast<std::uint64_t>(number));
  std::uniform_int_distribution<std::int64_t> any(-1'000'000'000, 1'000'000'000);
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (int i = 0; i < cases; ++i) {
    const std::int64_t a = any(random);
    pairs.emplace_back(a, any(random));
  }
  return pairs;
}

std::string text_of(std::int64_t a, std::int64_t b) {
  return std::to_string(a) + " " + std::to_string(b) + "\n";
}

// No two are the same text, so that no cache of answers or of byte code has seen it.
EvaluationRequest python_request(Lab& lab, const std::string& code) {
  EvaluationRequest request;
  request.request_id = "bench";
  request.trainer = "bench";
  request.submission.language = "python";
  request.submission.code = code + "# " + lab.fresh_name() + "\n";
  return request;
}

EvaluationRequest function_request(Lab& lab, std::int64_t number, CaseIsolation isolation) {
  EvaluationRequest request = python_request(lab, kFunction);
  FunctionCall evaluation;
  evaluation.entry_point = "add";
  for (const auto& [a, b] : inputs(lab.options().seed, number, kFunctionCases)) {
    FunctionCall::Case one;
    one.args = {Value{a}, Value{b}};
    one.expected = Value{a + b};
    evaluation.cases.push_back(std::move(one));
  }
  request.evaluation = std::move(evaluation);
  request.policy.case_isolation = isolation;
  return request;
}

// Writes the program once and runs it once a case.
Expected<Counted> plain_sums(Lab& lab, const std::string& program, int worker, std::int64_t number,
                             int cases) {
  PlainCommand command;
  command.directory = lab.plain_directory(worker);
  command.argv = {lab.options().grader.python, "main.py"};
  const auto pairs = inputs(lab.options().seed, number, cases);
  const SteadyTime begun = Clock::now();
  FARM_CHECK_OK(put_file(command.directory, "main.py", program));
  for (const auto& [a, b] : pairs) {
    command.stdin_bytes = text_of(a, b);
    FARM_CHECK_OK(plain_case(command, std::to_string(a + b) + "\n"));
  }
  return Counted{static_cast<double>(cases), seconds_between(begun, Clock::now())};
}

Expected<Measured> measure_function(Lab& lab, const char* name, CaseIsolation isolation) {
  Profile profile;
  const Unit farm = [&](int slot, std::int64_t number) {
    return graded_unit(lab, function_request(lab, number, isolation), slot, kFunctionCases, profile,
                       &Graded::seconds);
  };
  const Unit plain = [&](int worker, std::int64_t number) {
    return plain_sums(lab, std::string(kFunction) + kFunctionMain, worker, number, kFunctionCases);
  };
  FARM_TRY(Measured measured, lab.compare(name, lab.slots(1), lab.budget(kTurn), farm, plain));
  measured.profile = profile.steps();
  return measured;
}

}  // namespace

EvaluationRequest sums_request(Lab& lab, std::int64_t number, int cases) {
  EvaluationRequest request = python_request(lab, kSum);
  StdinStdout evaluation;
  for (const auto& [a, b] : inputs(lab.options().seed, number, cases))
    evaluation.cases.push_back({text_of(a, b), std::to_string(a + b) + "\n"});
  request.evaluation = std::move(evaluation);
  return request;
}

Expected<Measured> measure_python_stdin(Lab& lab) {
  Profile profile;
  const Unit farm = [&](int slot, std::int64_t number) {
    return graded_unit(lab, sums_request(lab, number, kStdinCases), slot, kStdinCases, profile,
                       &Graded::seconds);
  };
  const Unit plain = [&](int worker, std::int64_t number) {
    return plain_sums(lab, kSum, worker, number, kStdinCases);
  };
  FARM_TRY(Measured measured,
           lab.compare("python-stdin", lab.slots(1), lab.budget(kTurn), farm, plain));
  measured.profile = profile.steps();
  return measured;
}

Expected<Measured> measure_python_function(Lab& lab) {
  return measure_function(lab, "python-function", CaseIsolation::kProcess);
}

Expected<Measured> measure_python_function_shared(Lab& lab) {
  return measure_function(lab, "python-function-shared", CaseIsolation::kShared);
}

Expected<Measured> measure_python_assert(Lab& lab) {
  FARM_TRY(const ProblemSet set, load_problems(lab.options().datasets, "python"));
  const auto problem = [&](std::int64_t number) -> const Problem& {
    return set.problems[static_cast<std::size_t>(number) % set.problems.size()];
  };
  Profile profile;
  const Unit farm = [&](int slot, std::int64_t number) {
    const Problem& one = problem(number);
    return graded_unit(lab, assert_request(one, one.solution), slot, 1, profile, &Graded::seconds);
  };
  const Unit plain = [&](int worker, std::int64_t number) -> Expected<Counted> {
    const Problem& one = problem(number);
    PlainCommand command;
    command.directory = lab.plain_directory(worker);
    command.argv = {lab.options().grader.python, "main.py"};
    const SteadyTime begun = Clock::now();
    FARM_CHECK_OK(put_file(command.directory, "main.py", plain_program(one, one.solution)));
    FARM_TRY(const PlainOutcome outcome, run_plain(command));
    if (!outcome.exited_with_0)
      return internal_error("the baseline's run of " + one.id + " ended with " + outcome.how);
    return Counted{1, seconds_between(begun, Clock::now())};
  };
  // Whole passes over the rows: they differ in weight.
  const Budget rows = lab.budget(static_cast<std::int64_t>(set.problems.size()));
  FARM_TRY(Measured measured, lab.compare("python-assert", lab.slots(1), rows, farm, plain));
  measured.profile = profile.steps();
  if (!set.note.empty()) measured.notes.push_back(set.note);
  return measured;
}

}  // namespace farm::bench
