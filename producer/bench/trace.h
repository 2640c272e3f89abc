// The trace of step-tail: what a trainer asks at the end of a rollout step, all at once. Made from
// a seed by arithmetic that is the same everywhere, so that a seed names one trace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "producer/bench/problems.h"
#include "schemas/request.h"

namespace farm::bench {

// One program of the step: as a request, and as what a plain pool runs.
struct Sample {
  EvaluationRequest request;
  std::string source;
  std::string stdin_bytes;
  std::optional<std::string> stdout_bytes;  // unset: the exit status decides
  bool slow = false;
};

inline constexpr Milliseconds kStepCpuLimit{5'000};
inline constexpr int kSamplesAProblem = 8;

// `count` samples in a random order: a tenth are slow Python programs, whose CPU times have a heavy
// tail (Pareto from 0.1 s, exponent 0.9; some beyond the limit); two tenths are C++, seven Python.
// Of each problem there are kSamplesAProblem: its own solution, then mutants of it, and one in
// eight the exact repetition of another one. Both sets of problems must not be empty.
std::vector<Sample> make_trace(std::uint64_t seed, int count, const std::vector<Problem>& python,
                               const std::vector<Problem>& cpp);

// The solution with one token changed, for each token that has another one to be, and with one line
// left out, for each line: what a model's mistakes look like from afar. Some still are right.
std::vector<std::string> mutants_of(const std::string& solution);

}  // namespace farm::bench
