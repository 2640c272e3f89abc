// Problems: rows of public data sets, as far as they are there, else a few of our own, so that
// every scenario runs on every host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"
#include "schemas/request.h"

namespace farm::bench {

struct Problem {
  std::string id;
  std::string language;     // python or cpp
  std::string prompt;       // that the solution continues
  std::string solution;     // a right one
  std::string tests;        // a program's end, which fails where the solution is wrong
  std::string entry_point;  // the function under test
};

struct ProblemSet {
  std::vector<Problem> problems;
  std::string note;  // where they are from, if that is not the data set
};

// Rows of humaneval_x_<language> in `directory`, or our own. Blocks on the file system and on gzip.
// Errors: kInternal naming the file that is there and cannot be read.
Expected<ProblemSet> load_problems(const std::string& directory, const std::string& language);

// JSON lines with task_id, prompt, canonical_solution, test. Errors: kInvalidRequest naming the
// line.
Expected<std::vector<Problem>> parse_problems(std::string_view json_lines,
                                              const std::string& language);

// With `solution` in the place of the problem's own.
EvaluationRequest assert_request(const Problem& problem, const std::string& solution);
// What it amounts to without a grader: exit status 0 where the solution is right.
std::string plain_program(const Problem& problem, const std::string& solution);

}  // namespace farm::bench
