// run_tests(): a built submission and the plan's cases → judged cases. Cases are independent:
// run_case() is everything that happens to one, so that they are spread over idle sandboxes
// (spread_cases.h) or share one process (shared_cases.h).
#pragma once

#include <string>
#include <vector>

#include "grader/evaluate/compile.h"
#include "grader/evaluate/judge_case.h"
#include "grader/evaluate/plan.h"
#include "grader/evaluate/tools.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/result.h"

namespace farm::evaluate {

struct Builds {
  Build submission;
  Build checker;
};

struct CaseRun {
  CaseResult result;
  FileMap files;                      // fetched
  std::vector<std::string> warnings;  // about files that were not
  Isolation isolation = Isolation::kNone;
  Integrity integrity = Integrity::kIsolated;  // the best, unless the run found out otherwise
};

// Runs and judges case `index`. Blocks for its runs.
// Errors: the farm's (attempts.h); kInvalidRequest for a checker that fails on the expected output
// and for tests that fail by themselves; kUnsupported for tests that cannot run apart where the
// policy asks for it.
Expected<CaseRun> run_case(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                           std::size_t index, const Tools& tools);

enum class Stop { kNot, kCaseFailed, kTotalWall, kCancelled };

struct Runs {
  std::vector<CaseResult> cases;  // one for each of the plan's, in order; kNotRun after a stop
  FileMap files;
  std::vector<std::string> warnings;
  Isolation isolation = Isolation::kFull;      // the weakest of all runs
  Integrity integrity = Integrity::kIsolated;  // likewise
  Stop stop = Stop::kNot;                      // why some have not run
};

// What a judged run is in the result.
CaseRun case_run(std::size_t index, const sandbox::RunOutcome& outcome, int attempts,
                 Judgement judgement, Bytes return_output);

// Whether the cases after this one do not run: it failed and not `run_all_cases`, or was cancelled.
Stop reason_after(const CaseRun& run, bool run_all_cases);
// Adds a judged case to the others, and what reason_after() says of it.
void keep(CaseRun run, bool run_all_cases, Runs& runs);
// Whether the next case may not begin.
Stop reason_to_stop(SteadyTime deadline, const Tools& tools);

// All cases in order. Stops after the first that is not accepted, unless plan.run_all_cases; before
// the first that would start after `deadline`; when tools.cancelled is set. Errors: those of
// run_case(), with the case's number; those of run_shared() (shared_cases.h).
Expected<Runs> run_tests(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                         SteadyTime deadline, const Tools& tools);

}  // namespace farm::evaluate
