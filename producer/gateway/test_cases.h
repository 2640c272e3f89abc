// The cases of ICIP's /common_evaluate and /common_evaluate_batch, out of `provided_data`, in each
// of the forms in which they come. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/value.h"

namespace farm::gateway {

// kColumns: /common_evaluate_batch, {type, fn_name, input: […], output: […]}; kRows:
// /common_evaluate, a list of {type, fn_name, input, output}, or `test`, a list of {input: {stdin},
// output: {stdout}}.
enum class CaseForm { kColumns, kRows };

struct AssertCase {
  std::string tests;        // the test code
  std::string entry_point;  // of `check`, in Python
  std::vector<std::string> stop_tokens;
};

struct CallCases {
  std::string fn_name;
  std::vector<FunctionCall::Case> cases;
};

struct TestCases {
  std::variant<std::vector<StdinStdout::Case>, CallCases, AssertCase> cases;
  ValueList infos;  // `test_info` of each case, whole; of an AssertCase none
};

// Errors: kInvalidRequest, with what is wrong. No case at all is one: an empty list would pass.
Expected<TestCases> read_test_cases(const Value& provided_data, CaseForm form);

// What the peers report of a case that passed: texts of more than 1000 characters are cut to the
// first and last 498.
Value shortened(Value test_info);

}  // namespace farm::gateway
