// Plan: everything that will happen to a request, decided before anything runs: command lines,
// files, limits, inputs. make_plan() is pure, and describe() prints a plan. What a plan does not
// hold is the expected outputs: those stay in the request and are read when a case is judged, so
// that no run can be given one by mistake.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grader/evaluate/server_limits.h"
#include "grader/languages/registry.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/verdict.h"

namespace farm::evaluate {

// What make_plan() has to know about this grader.
struct PlanSettings {
  const languages::Registry* languages = nullptr;  // not owned
  ServerLimits limits;
  std::string python = "/usr/bin/python3";  // as the sandbox sees it
  Isolation isolation = Isolation::kNone;   // what the sandbox of this grader sets up
  std::string environment;  // "sha256:…" of this grader; empty: a pin cannot be met
  // By language: where its precompiled headers are, as the sandbox sees it. Absent: it has none.
  std::map<std::string, std::string, std::less<>> precompiled;
};

// A program and how to get it: built at most once, run for every case.
struct Program {
  std::string language;  // canonical id
  std::optional<sandbox::RunSpec>
      compile;  // what it fetches are the files that `run` needs besides its own
  std::optional<sandbox::RunSpec> resident;  // a compiler that stays (resident_compilers.h)
  std::string products_in;  // where its products go in the work directory; empty, or ends in '/'
  std::string precompiled;  // where headers are with which it may be tried first; empty: nowhere
  sandbox::RunSpec run;     // without the case's input and the build's files
};

// What differs from case to case.
struct CaseInput {
  std::string stdin_bytes;
  std::string channel_input;
};

// Trusted tests that run in a process of their own beside the submission, which answers their
// calls. Whether they can, the tester itself finds out before it asks the submission anything; if
// not, Plan::submission is run, with the tests in it.
struct Apart {
  sandbox::RunSpec submission;  // serves calls
  sandbox::RunSpec tester;      // the completion token goes before its channel input
  Milliseconds patience{0};     // what the tester may think while the submission waits
};

struct Plan {
  std::string_view type;                         // word of the evaluation
  Integrity integrity = Integrity::kExitStatus;  // the best that this plan can yield
  Program submission;
  // Not empty: the submission holds no program, which is its own fault, and there is nothing to
  // compile or run.
  std::string no_program;
  std::optional<Program> checker;
  std::optional<Apart> apart;
  // function_call with all cases in one process, which is handed one after the other.
  std::optional<sandbox::RunSpec> shared;
  std::vector<CaseInput> cases;  // at least one
  bool completion_token =
      false;  // a fresh token and a newline go before the channel input of every case
  bool emits_values = false;  // assert: values come out and are compared here (equality_tests.h)
  Milliseconds total_wall{0};
  Bytes return_output;
  Isolation min_isolation = Isolation::kNone;
  bool run_all_cases = false;
  std::vector<std::string> warnings;
};

// Errors, both the request's fault: kUnsupported for what this grader does not serve (language,
// evaluation type, their combination, more isolation or integrity than there is, another
// environment); kInvalidRequest for what contradicts itself (limits above the maxima, files in each
// other's way), with the JSON pointer.
Expected<Plan> make_plan(const EvaluationRequest& request, const PlanSettings& settings);

// One line a fact, for logs and people. Contents of files and inputs appear by size.
std::string describe(const Plan& plan);

}  // namespace farm::evaluate
