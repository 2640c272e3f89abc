#include <algorithm>

#include "producer/bench/scenario.h"

namespace farm::bench {
namespace {

constexpr Target at_least(double floor, double goal) { return {false, floor, goal}; }
constexpr Target at_most(double floor, double goal) { return {true, floor, goal}; }

std::vector<Scenario> make_scenarios() {
  return {
      {"python-stdin", "a sum, 20 cases a submission, stdin_stdout",
       "one `python3 file` subprocess a case, no isolation", "cases/s a slot", "ratio",
       at_least(5, 10), measure_python_stdin},
      {"python-function", "a sum, 100 cases a submission, function_call, a process a case",
       "one `python3 file` subprocess a case, no isolation", "cases/s a slot", "ratio",
       at_least(5, 10), measure_python_function},
      {"python-function-shared", "the same, case_isolation shared",
       "one `python3 file` subprocess a case, no isolation", "cases/s a slot", "ratio",
       at_least(60, 200), measure_python_function_shared},
      {"python-assert", "rows of HumanEval-X, assert",
       "one `python3 file` subprocess a row, no isolation", "rows/s a slot", "ratio",
       at_least(1.5, 3), measure_python_assert},
      {"cpp-compile", "bits/stdc++.h, never seen, compiled and run once",
       "plain `g++ -O2`, and one exec, no isolation", "programs/s a slot", "ratio", at_least(2, 4),
       measure_cpp_compile},
      {"cpp-cached", "the same source again, and one run",
       "plain `g++ -O2`, and one exec, no isolation", "programs/s a slot", "ratio",
       at_least(40, 200), measure_cpp_cached},
      {"cpp-stdin", "20 cases, compiling not counted", "one exec a case, no isolation",
       "cases/s a slot", "ratio", at_least(0.6, 0.85), measure_cpp_stdin},
      {"java", "one class, never seen, compiled, 5 cases",
       "one cold `javac`, then one `java` a case, no isolation", "cases/s a slot", "ratio",
       at_least(2.5, 2.5), measure_java},
      {"typescript", "one file, never seen, types stripped, 5 cases",
       "one `tsc`, then one `node` a case, no isolation", "cases/s a slot", "ratio", at_least(4, 4),
       measure_typescript},
      {"farm", "2,000 requests of 5 Python cases, the whole way through Kafka", "the engine alone",
       "requests/s", "ratio", at_least(0.85, 0.95), measure_farm},
      {"latency", "one request on an idle farm, one trivial Python case", "the engine alone", "ms",
       "ms added", at_most(15, 5), measure_latency},
      {"scaling", "2 slots, Python, 20 cases a submission, engine", "1 slot", "cases/s", "ratio",
       at_least(1.8, 2), measure_scaling},
      {"step-tail", "a rollout step of 2,048 requests, first publish to last verdict",
       "a plain pool of two workers, one subprocess a case, no isolation", "s", "ratio",
       at_most(0.7, 0.4), measure_step_tail},
      {"soak", "20,000 requests of 1 Python case, the second half", "its own first tenth",
       "requests/s", "ratio", at_least(0.95, 1), measure_soak},
  };
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = make_scenarios();
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  const auto found = std::find_if(scenarios().begin(), scenarios().end(),
                                  [&](const Scenario& one) { return one.name == name; });
  return found == scenarios().end() ? nullptr : &*found;
}

bool meets(const Target& target, const std::vector<double>& figure, double limit) {
  const double median = spread_of(figure).median;
  return target.at_most ? median <= limit : median >= limit;
}

}  // namespace farm::bench
