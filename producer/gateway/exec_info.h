// exec_info: what the farm found, in SandboxFusion's words: the body of /run_code and the
// `exec_info` of each judged case. Its two sets of status words are closed, since clients refuse
// others: memory and output limits are return code 137 with a line on stderr. What the farm knows
// besides is in one member more, `farm`. Pure.
#pragma once

#include <string>
#include <string_view>

#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"
#include "schemas/value.h"

namespace farm::gateway {

// How one program fared. `compile` of the result stands for every case.
struct ExecInfo {
  std::string_view status;  // Success Failed SandboxError
  std::string message;      // empty unless SandboxError
  Value compile_result;     // null, or {status, execution_time, return_code, stdout, stderr}
  Value run_result;         // the same
};

// `limits` are those that were asked for. A compilation that failed leaves the run null.
ExecInfo exec_info(const EvaluationResult& result, const CaseResult& one,
                   const RequestedLimits& limits);
// The same for tests that run in the program: an answer that they refuse is a failure of it, with
// return code 1.
ExecInfo exec_info_of_tests(const EvaluationResult& result, const CaseResult& one,
                            const RequestedLimits& limits);
// Nothing was run.
ExecInfo not_executed(std::string message);

// RunCodeResponse: {status, message, compile_result, run_result, executor_pod_name, files}.
Value run_code_response(ExecInfo info, const FileMap& files);
// {verdict, message, integrity, …} of the whole request.
Value farm_facts(const EvaluationResult& result);
// cpu_ms, memory_bytes, … of one case.
Value farm_facts(const CaseResult& one);

}  // namespace farm::gateway
