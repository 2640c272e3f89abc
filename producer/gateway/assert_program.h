// The program and tests of ICIP's `assert` mode: what the peers put in front of a submission before
// its tests. Pure.
#pragma once

#include <string>
#include <string_view>

namespace farm::gateway {

struct AssertProgram {
  std::string code;       // the submission's, with what is put in front of it
  std::string tests;      // of the farm's evaluation `assert`
  std::string full_code;  // as the peers put it together and report it
};

// `program` is what was extracted. In Python the modules that the peers import are imported where
// code or tests name them, in each of both: numpy alone costs as much as most programs. The tests
// end, as the peers', in a call of their `check`, so that tests whose `check` is missing or would
// not be called fail; `entry_point` must not be empty then.
AssertProgram assert_program(std::string_view language, std::string_view program,
                             std::string_view tests, std::string_view entry_point);

// What is put in front of a class Solution that is called as a function: the star imports of
// LiveCodeBench, in its order: builtins come late, since math and operator have other `pow`s.
std::string with_solution_preamble(std::string_view program);

}  // namespace farm::gateway
