#include "grader/evaluate/evaluate.h"

#include <algorithm>

#include "grader/evaluate/compile.h"
#include "grader/evaluate/run_tests.h"

namespace farm::evaluate {
namespace {

RequestIdentity identity_of(const EvaluationRequest& request) {
  return {request.request_id, request.trainer, request.step, request.group, request.metadata_json};
}

Milliseconds since(SteadyTime start, const Tools& tools) {
  return std::chrono::duration_cast<Milliseconds>(tools.now() - start);
}

EvaluationResult result_of_plan(const EvaluationRequest& request, const Plan& plan) {
  EvaluationResult result = unjudged_result(identity_of(request), Verdict::kFarmError, "");
  result.total = static_cast<std::int64_t>(plan.cases.size());
  result.integrity = plan.integrity;
  result.warnings = plan.warnings;
  return result;
}

// Nothing was run: every case is there and says so.
EvaluationResult report_compile_error(const EvaluationRequest& request, const Plan& plan,
                                      std::string message, std::optional<CompileResult> compiled,
                                      Isolation isolation) {
  EvaluationResult result = result_of_plan(request, plan);
  result.verdict = Verdict::kCompileError;
  result.message = std::move(message);
  result.compile = std::move(compiled);
  result.isolation = isolation;
  result.stopped_early = true;
  result.cases.resize(plan.cases.size());
  for (std::size_t i = 0; i < result.cases.size(); ++i)
    result.cases[i].index = static_cast<std::int64_t>(i);
  return result;
}

// The text of the case that decided, with its number where there can be several.
std::string message_of(const std::vector<CaseResult>& cases, Verdict verdict) {
  const auto deciding = std::find_if(cases.begin(), cases.end(),
                                     [&](const CaseResult& one) { return one.verdict == verdict; });
  if (deciding == cases.end() || deciding->message.empty() || cases.size() == 1) {
    return deciding == cases.end() ? "" : deciding->message;
  }
  return "case " + std::to_string(deciding->index) + ": " + deciding->message;
}

EvaluationResult report_runs(const EvaluationRequest& request, const Plan& plan, Builds builds,
                             Runs runs) {
  EvaluationResult result = result_of_plan(request, plan);
  const auto count = [&](Verdict verdict) {
    return std::count_if(runs.cases.begin(), runs.cases.end(),
                         [=](const CaseResult& one) { return one.verdict == verdict; });
  };
  const auto not_run = count(Verdict::kNotRun);
  result.passed = count(Verdict::kAccepted);
  result.stopped_early = not_run > 0;
  result.isolation = builds.submission.result
                         ? std::min(runs.isolation, builds.submission.isolation)
                         : runs.isolation;
  result.integrity = std::min(plan.integrity, runs.integrity);
  result.compile = std::move(builds.submission.result);
  result.warnings.insert(result.warnings.end(), runs.warnings.begin(), runs.warnings.end());
  result.files = std::move(runs.files);

  const bool all_accepted_so_far = result.passed + not_run == result.total;
  if (runs.stop == Stop::kCancelled) {
    result.verdict = Verdict::kCancelled;
    result.message = "cancelled after " + std::to_string(result.total - not_run) + " of " +
                     std::to_string(result.total) + " cases";
  } else if (runs.stop == Stop::kTotalWall && all_accepted_so_far) {
    // Cases that never ran prove nothing: this must not pass.
    result.verdict = Verdict::kTimeLimit;
    result.message = "total_wall_ms " + std::to_string(plan.total_wall.count()) + " ended after " +
                     std::to_string(result.passed) + " of " + std::to_string(result.total) +
                     " cases";
  } else {
    result.verdict = verdict_of_cases(runs.cases);
    if (result.verdict != Verdict::kAccepted)
      result.message = message_of(runs.cases, result.verdict);
  }
  result.cases = std::move(runs.cases);
  return result;
}

Expected<Builds> build_all(const Plan& plan, const Tools& tools) {
  Builds builds;
  FARM_TRY(builds.submission, compile(plan.submission, plan, tools));
  if (!builds.submission.ok() || !plan.checker) return builds;
  FARM_TRY(builds.checker, compile(*plan.checker, plan, tools));
  if (!builds.checker.ok() && !builds.checker.cancelled) {
    return invalid_request("/evaluation/checker: " + builds.checker.message + "\n" +
                           builds.checker.result->stderr_bytes);
  }
  return builds;
}

Expected<EvaluationResult> grade(const EvaluationRequest& request, const Tools& tools) {
  const SteadyTime start = tools.now();
  FARM_TRY(const Plan plan, make_plan(request, tools.settings));
  if (!plan.no_program.empty()) {
    return report_compile_error(request, plan, plan.no_program, std::nullopt,
                                tools.settings.isolation);
  }
  FARM_TRY(Builds builds, build_all(plan, tools));
  if (builds.submission.cancelled || builds.checker.cancelled) {
    return unjudged_result(identity_of(request), Verdict::kCancelled,
                           "cancelled while it was compiled");
  }
  const Milliseconds compile_time = since(start, tools);
  if (!builds.submission.ok()) {
    EvaluationResult result =
        report_compile_error(request, plan, builds.submission.message,
                             std::move(builds.submission.result), builds.submission.isolation);
    result.timings.compile = compile_time;
    return result;
  }
  FARM_TRY(Runs runs, run_tests(request, plan, builds, start + plan.total_wall, tools));
  EvaluationResult result = report_runs(request, plan, std::move(builds), std::move(runs));
  result.timings.compile = compile_time;
  result.timings.run = since(start, tools) - compile_time;
  return result;
}

}  // namespace

EvaluationResult evaluate(const EvaluationRequest& request, const Tools& tools) {
  const SteadyTime start = tools.now();
  Expected<EvaluationResult> graded = grade(request, tools);
  const bool unserved = !graded && graded.error().code == ErrorCode::kUnsupported;
  EvaluationResult result =
      graded ? *std::move(graded)
             : unjudged_result(
                   identity_of(request),
                   graded.error().request_fault() ? Verdict::kRejected : Verdict::kFarmError,
                   graded.error().text());
  result.unserved = unserved;
  result.timings.total = since(start, tools);
  return result;
}

}  // namespace farm::evaluate
