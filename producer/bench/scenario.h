// A scenario: what is measured on this farm, against what, and how far apart the two should be. The
// table of all of them is in scenarios.cc.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "producer/bench/lab.h"
#include "schemas/expected.h"

namespace farm::bench {

// Turn by turn. `figure` is what the target is about: mostly farm / baseline.
struct Measured {
  std::vector<double> farm, baseline, figure;
  std::vector<std::pair<std::string, double>> more;  // further numbers by name
  std::vector<std::string> notes;
  std::vector<ProfileStep> profile;  // of the farm's side
};

struct Target {
  bool at_most = false;  // or at least
  double floor = 0;
  double goal = 0;
};

struct Scenario {
  std::string_view name;
  std::string_view what;      // of the farm's side
  std::string_view baseline;  // what it is compared with
  std::string_view unit;      // of both
  std::string_view figure;    // "ratio" or "ms added"
  Target target;
  Expected<Measured> (*measure)(Lab& lab);  // null: not available, `what` says why
};

// In the order in which they are run.
const std::vector<Scenario>& scenarios();
// nullptr: there is none of that name.
const Scenario* find_scenario(std::string_view name);

// Whether the median of `figure` is on the right side of `limit`.
bool meets(const Target& target, const std::vector<double>& figure, double limit);

// A Python program that adds two numbers, with so many cases whose inputs follow from `number`; no
// two are the same text.
EvaluationRequest sums_request(Lab& lab, std::int64_t number, int cases);

Expected<Measured> measure_python_stdin(Lab& lab);
Expected<Measured> measure_python_function(Lab& lab);
Expected<Measured> measure_python_function_shared(Lab& lab);
Expected<Measured> measure_python_assert(Lab& lab);
Expected<Measured> measure_cpp_compile(Lab& lab);
Expected<Measured> measure_cpp_cached(Lab& lab);
Expected<Measured> measure_cpp_stdin(Lab& lab);
Expected<Measured> measure_java(Lab& lab);
Expected<Measured> measure_typescript(Lab& lab);
Expected<Measured> measure_farm(Lab& lab);
Expected<Measured> measure_latency(Lab& lab);
Expected<Measured> measure_scaling(Lab& lab);
Expected<Measured> measure_step_tail(Lab& lab);
Expected<Measured> measure_soak(Lab& lab);

}  // namespace farm::bench
