// EvalResult: what ICIP's routes answer, out of a result of the farm. Pure.
#pragma once

#include <string>

#include "producer/gateway/message.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/value.h"

namespace farm::gateway {

// What the reply tells besides the result.
struct Asked {
  Value id;
  std::string extracted_code;
  std::string full_code;  // of an assert; empty: null
  ValueList test_infos;   // of each case; of an assert none
  RequestedLimits limits;
  bool compares_output = false;  // stdin_stdout: a wrong answer is a program that ran well
  bool run_all_cases = false;
  bool return_full_case = false;
};

// 400 where the farm refused the request. `tests` has every case with run_all_cases, else those up
// to the first that failed; cases that total_timeout kept from starting are a SandboxError "Total
// Timeout".
Reply evaluate_reply(const EvaluationResult& result, const Asked& asked);

// No program was found in the completion.
Reply reply_without_program(const Asked& asked);

}  // namespace farm::gateway
