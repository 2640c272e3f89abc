// EvaluationResult: what a grader answers, version 1. Mirrors evaluation_result.schema.json. Pure
// data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/units.h"
#include "schemas/verdict.h"

namespace farm {

// Captured output: bytes, at most return_output_bytes of them (head and tail when cut). On the wire
// it is text, or base64 where it is not UTF-8; `encoding` of the case says which, for both streams
// alike.
struct CompileResult {
  Verdict verdict = Verdict::kAccepted;  // accepted, compile_error or farm_error
  std::optional<int> exit_code;
  std::optional<int> signal;
  Milliseconds cpu{0}, wall{0};
  std::string stdout_bytes, stderr_bytes;
  bool cached = false;
};

struct CaseResult {
  std::int64_t index = 0;
  Verdict verdict = Verdict::kNotRun;
  Milliseconds cpu{0}, wall{0}, throttled{0};
  Bytes memory;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string stdout_bytes, stderr_bytes;  // possibly cut; see `truncated`
  std::int64_t stdout_total_bytes = 0;     // what was printed, before any cut
  bool truncated = false;
  std::optional<Value> actual;  // function_call: what came back
  std::string message;
  int attempts = 0;
};

struct ResultTimings {
  Milliseconds queue{0}, compile{0}, run{0}, total{0};
};

struct GraderIdentity {
  std::string id;
  std::string version;
  std::string environment;  // "sha256:…": toolchains, packages, judge
};

struct EvaluationResult {
  std::string request_id;
  std::string trainer;
  std::optional<std::int64_t> step;
  std::optional<std::string> group;
  Verdict verdict = Verdict::kFarmError;
  std::string message;
  std::int64_t passed = 0;
  std::int64_t total = 0;
  bool stopped_early = false;
  bool cached = false;  // an earlier result on the same bytes, as policy.cache allows
  // Rejected for what this grader lacks: another one may serve it. Not on the wire.
  bool unserved = false;
  Integrity integrity = Integrity::kExitStatus;
  Isolation isolation = Isolation::kNone;
  std::optional<CompileResult> compile;
  std::vector<CaseResult> cases;
  FileMap files;  // fetched; base64 on the wire
  ResultTimings timings;
  GraderIdentity grader;
  std::vector<std::string> warnings;
  std::string metadata_json = "{}";

  Fault fault() const { return fault_of(verdict); }
  // passed / total where the fault is none or the submission's and total > 0; absent otherwise.
  std::optional<double> score() const;
};

// The JSON text of a result. Never fails: bytes that are not UTF-8 travel as base64.
std::string encode_result(const EvaluationResult& result);
// For clients. Ignores fields it does not know; an unknown verdict word is an error. Errors:
// kInvalidRequest.
Expected<EvaluationResult> decode_result(std::string_view json);

// The verdict of a request: that of the first case in index order that is neither accepted nor
// not_run; farm_error if any case is; not_run counts as accepted only if every other case was run
// and accepted (the caller decides what cut it short). An empty list is a farm_error: no tests is
// never a pass.
Verdict verdict_of_cases(const std::vector<CaseResult>& cases);

// A result that carries no judgement: rejected, expired, cancelled or farm_error, with the reason.
EvaluationResult unjudged_result(const RequestIdentity& identity, Verdict verdict,
                                 std::string message);

}  // namespace farm
