#include "grader/evaluate/run_tests.h"

#include <algorithm>

#include "grader/evaluate/attempts.h"
#include "grader/evaluate/checker.h"
#include "grader/evaluate/completion_token.h"
#include "grader/evaluate/cut_output.h"
#include "grader/evaluate/judge_case.h"

namespace farm::evaluate {
namespace {

sandbox::RunSpec case_spec(const Plan& plan, const Build& build, std::size_t index,
                           const std::string& token) {
  const CaseInput& input = plan.cases[index];
  sandbox::RunSpec spec = plan.submission.run;
  spec.files.insert(spec.files.end(), build.products.begin(), build.products.end());
  spec.stdin_bytes = input.stdin_bytes;
  spec.channel_input =
      plan.completion_token ? token + "\n" + input.channel_input : input.channel_input;
  return spec;
}

CaseResult case_result(std::size_t index, const Attempted& attempted, Bytes return_output) {
  const sandbox::RunOutcome& outcome = attempted.outcome;
  CaseResult result;
  result.index = static_cast<std::int64_t>(index);
  result.cpu = std::chrono::duration_cast<Milliseconds>(outcome.cpu);
  result.wall = std::chrono::duration_cast<Milliseconds>(outcome.wall);
  result.throttled = std::chrono::duration_cast<Milliseconds>(outcome.throttled);
  result.memory = outcome.memory_peak;
  result.exit_code = outcome.exit_code;
  result.signal = outcome.signal;
  CutOutput stdout_cut = cut_output(outcome.stdout_bytes, return_output);
  CutOutput stderr_cut = cut_output(outcome.stderr_bytes, return_output);
  result.truncated =
      stdout_cut.truncated || stderr_cut.truncated ||
      outcome.stdout_total > static_cast<std::int64_t>(outcome.stdout_bytes.size()) ||
      outcome.stderr_total > static_cast<std::int64_t>(outcome.stderr_bytes.size());
  result.stdout_bytes = std::move(stdout_cut.bytes);
  result.stderr_bytes = std::move(stderr_cut.bytes);
  result.stdout_total_bytes =
      std::max(outcome.stdout_total, static_cast<std::int64_t>(outcome.stdout_bytes.size()));
  result.attempts = attempted.attempts;
  return result;
}

void take_files(sandbox::RunOutcome& outcome, const sandbox::RunSpec& spec, CaseRun& run) {
  for (const std::string& path : spec.fetch) {
    const auto file = outcome.files.find(path);
    if (file == outcome.files.end()) {
      run.warnings.push_back("fetch_files: " + path + ": no such file");
    } else if (!file->second.refused.empty()) {
      run.warnings.push_back("fetch_files: " + path + ": " + file->second.refused);
    } else {
      run.files.emplace(path, std::move(file->second.content));
    }
  }
}

bool is_cancelled(const Tools& tools) {
  return tools.cancelled != nullptr && tools.cancelled->load();
}

}  // namespace

Expected<CaseRun> run_case(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                           std::size_t index, const Tools& tools) {
  const std::string token = plan.completion_token ? completion_token() : std::string();
  const sandbox::RunSpec spec = case_spec(plan, builds.submission, index, token);
  FARM_TRY(Attempted attempted, run_until_reliable(spec, plan.min_isolation, tools));

  Judgement judgement =
      judge_case(request.evaluation, index, attempted.outcome, attempted.classification, token);
  const auto* io = std::get_if<StdinStdout>(&request.evaluation);
  if (io != nullptr && plan.checker && judgement.verdict == Verdict::kAccepted) {
    const StdinStdout::Case& test = io->cases[index];
    FARM_TRY(judgement, check_output(plan, builds.checker, test.stdin_bytes, test.stdout_bytes,
                                     attempted.outcome.stdout_bytes, tools));
  }

  CaseRun run;
  run.result = case_result(index, attempted, plan.return_output);
  run.result.verdict = judgement.verdict;
  run.result.message = std::move(judgement.message);
  run.result.actual = std::move(judgement.actual);
  run.isolation = attempted.outcome.isolation;
  take_files(attempted.outcome, spec, run);
  return run;
}

Expected<Runs> run_tests(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                         SteadyTime deadline, const Tools& tools) {
  Runs runs;
  runs.cases.resize(plan.cases.size());
  for (std::size_t index = 0; index < plan.cases.size(); ++index) {
    runs.cases[index].index = static_cast<std::int64_t>(index);
    if (runs.stop == Stop::kNot && is_cancelled(tools)) runs.stop = Stop::kCancelled;
    if (runs.stop == Stop::kNot && tools.now() >= deadline) runs.stop = Stop::kTotalWall;
    if (runs.stop != Stop::kNot) continue;

    Expected<CaseRun> run = run_case(request, plan, builds, index, tools);
    if (!run) {
      Error error = std::move(run).error();
      error.what = "case " + std::to_string(index) + ": " + error.what;
      return error;
    }
    runs.cases[index] = std::move(run->result);
    runs.files.merge(run->files);
    runs.warnings.insert(runs.warnings.end(), run->warnings.begin(), run->warnings.end());
    runs.isolation = std::min(runs.isolation, run->isolation);
    const Verdict verdict = runs.cases[index].verdict;
    if (verdict == Verdict::kCancelled) {
      runs.stop = Stop::kCancelled;
    } else if (verdict != Verdict::kAccepted && !plan.run_all_cases) {
      runs.stop = Stop::kCaseFailed;
    }
  }
  return runs;
}

}  // namespace farm::evaluate
