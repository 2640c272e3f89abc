// EvaluationRequest: what a trainer asks, version 1. Mirrors evaluation_request.schema.json. Pure
// data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/expected.h"
#include "schemas/units.h"
#include "schemas/value.h"
#include "schemas/verdict.h"

namespace farm {

inline constexpr int kSchemaVersion = 1;

// Relative path → content. Decode has already refused absolute paths, "..", empty parts and NUL.
using FileMap = std::map<std::string, std::string>;

enum class Priority { kHigh, kNormal, kLow };

// Untrusted. On the wire exactly one of `code`, `completion` and `entry_file` says what the program
// is. After decode exactly one of `code` and `completion` is set: an entry file's content is in
// `code` too.
struct Submission {
  std::string language;
  std::optional<std::string> code;
  std::optional<std::string>
      completion;  // a model's text with fenced blocks; grader/languages/extract.h has the rule
  bool continues_prompt = false;  // the program is evaluation.prompt + code
  FileMap files;
  std::optional<std::string>
      entry_file;  // path in `files` that is the program, in place of the source name
};

enum class ComparisonMode {
  kLines,
  kExact,
  kStrip,
  kTokens,
  kFloat,
  kSandboxFusion,
  kUnorderedLines
};

// How outputs (bytes) or values are compared. Fields that a mode does not use are ignored by it.
struct Comparison {
  ComparisonMode mode = ComparisonMode::kLines;  // stdin_stdout only
  double float_rel = 0;
  double float_abs = 0;
  bool unordered = false;  // function_call only: top-level lists compare as multisets
};

// A trusted program that decides instead of a comparison: argv input, expected, actual; exit 0
// accepts, 1 refuses.
struct Checker {
  std::string language;
  std::string code;
};

struct StdinStdout {
  struct Case {
    std::string stdin_bytes;
    std::string stdout_bytes;
  };
  std::vector<Case> cases;
  Comparison comparison;
  std::optional<Checker> checker;
};

struct FunctionCall {
  struct Case {
    ValueList args;
    std::vector<std::pair<std::string, Value>> kwargs;
    Value expected;
  };
  struct Signature {
    std::vector<std::string>
        params;  // types in the submission's language; empty: deduced where it lets us
    std::string returns;
  };
  std::string entry_point;  // "add" or "Solution.add" (a fresh object for each case)
  std::vector<Case> cases;
  Comparison comparison;
  std::optional<Signature> signature;
};

struct AssertTests {
  std::string tests;
  std::string entry_point;
  std::string prompt;
  std::vector<std::string> stop_tokens;
};

struct TestSuite {
  FileMap files;
  std::vector<std::string> expected_tests;
};

struct Notebook {
  std::vector<std::string> cells;
  Milliseconds cell_timeout{0};
};

struct RunOnly {
  std::string stdin_bytes;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  std::vector<std::string> fetch_files;
};

// Trusted, all of it.
using Evaluation =
    std::variant<StdinStdout, FunctionCall, AssertTests, TestSuite, Notebook, RunOnly>;

// The word of `type` in JSON: "stdin_stdout", "function_call", …
std::string_view type_word(const Evaluation& evaluation);

// What the request says; unset means the language's or the farm's default.
struct RequestedLimits {
  std::optional<Milliseconds> compile_cpu, run_cpu, run_wall, total_wall;
  std::optional<Bytes> compile_memory, memory, stack, output, return_output, tmpfs;
  std::optional<std::int64_t> processes, open_files, tmpfs_inodes;
};

enum class CaseIsolation { kProcess, kShared };

struct Policy {
  bool run_all_cases = false;
  CaseIsolation case_isolation = CaseIsolation::kProcess;
  Isolation min_isolation = Isolation::kReduced;
  std::optional<Integrity> min_integrity;  // unset: any
  bool cache = false;
};

struct EvaluationRequest {
  std::string request_id;
  std::string trainer;
  std::optional<std::int64_t> step;
  std::optional<std::string> group;
  Priority priority = Priority::kNormal;
  std::optional<std::int64_t> deadline_unix_ms;  // 0 on the wire means none
  std::optional<std::string> environment;        // pinned digest; another one is rejected
  Submission submission;
  Evaluation evaluation;
  RequestedLimits limits;
  Policy policy;
  std::string metadata_json = "{}";  // echoed verbatim as JSON
};

struct DecodeBounds {
  Bytes max_request = mib(64);  // of the JSON text
  std::size_t max_depth = 512;  // nesting of the JSON text; above 4096 it counts as 4096
};

// Parses and validates one request. Errors: kInvalidRequest naming the JSON pointer, the rule and
// the value.
Expected<EvaluationRequest> decode_request(std::string_view json, const DecodeBounds& bounds = {});

// The inverse, for clients: the JSON text of a request.
std::string encode_request(const EvaluationRequest& request);

// The identity of a request, readable even where the rest of it is refused, for rejections that
// must reach the right caller. Parts that are missing or break their own rule (a request_id above
// 256 bytes, a trainer that is no part of a topic name) stay empty, as do all where the text is not
// JSON or larger than the bounds allow. Never fails.
struct RequestIdentity {
  std::string request_id;
  std::string trainer;
  std::optional<std::int64_t> step;
  std::optional<std::string> group;
  std::string metadata_json = "{}";
};
RequestIdentity peek_identity(std::string_view json, const DecodeBounds& bounds = {});

}  // namespace farm
