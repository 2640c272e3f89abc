#include "grader/evaluate/run_tests.h"

#include <algorithm>

#include "grader/evaluate/apart.h"
#include "grader/evaluate/attempts.h"
#include "grader/evaluate/checker.h"
#include "grader/evaluate/completion_token.h"
#include "grader/evaluate/cut_output.h"
#include "grader/evaluate/equality_tests.h"
#include "grader/evaluate/judge_case.h"
#include "grader/evaluate/shared_cases.h"
#include "grader/evaluate/spread_cases.h"

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

CaseResult case_result(std::size_t index, const sandbox::RunOutcome& outcome, int attempts,
                       Bytes return_output) {
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
  result.attempts = attempts;
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

// The one case of a plan whose tests run apart. What the tests printed about a failure comes after
// what the submission printed.
Expected<std::variant<CaseRun, Misfit>> run_case_apart(const Plan& plan, const Tools& tools) {
  const std::string token = completion_token();
  FARM_TRY(AttemptedPair pair, run_apart(*plan.apart, token, plan.min_isolation, tools));
  FARM_TRY(auto judged, judge_apart(pair, token));
  using Ran = std::variant<CaseRun, Misfit>;
  if (const auto* misfit = std::get_if<Misfit>(&judged)) return Ran(*misfit);
  Judgement& judgement = std::get<Judgement>(judged);
  sandbox::RunOutcome& outcome = pair.outcome.submission;
  if (judgement.verdict != Verdict::kAccepted) {
    outcome.stderr_bytes += pair.outcome.tester.stderr_bytes;
    outcome.stderr_total += pair.outcome.tester.stderr_total;
  }
  CaseRun run = case_run(0, outcome, pair.attempts, std::move(judgement), plan.return_output);
  run.isolation = std::min(outcome.isolation, pair.outcome.tester.isolation);
  return Ran(std::move(run));
}

// Tests that need more than values from the submission are run in its own process, which the policy
// may have ruled out.
Expected<Done> check_weaker(const Policy& policy, const std::string& reason) {
  if (!policy.min_integrity || *policy.min_integrity <= Integrity::kSentinel) return Done{};
  return unsupported("/policy/min_integrity: '" + std::string(word(*policy.min_integrity)) +
                     "' is asked for and these tests yield '" +
                     std::string(word(Integrity::kSentinel)) + "': " + reason);
}

// The expected values of tests that were taken apart are read only here, as those of every other
// evaluation.
Judgement judge(const EvaluationRequest& request, const Plan& plan, std::size_t index,
                const Attempted& attempted, std::string_view token) {
  if (plan.emits_values) {
    const auto& tests = std::get<AssertTests>(request.evaluation);
    const auto apart = equality_tests(plan.submission.language, tests.tests);
    FARM_ASSERT(apart.has_value());
    return judge_emitted(*apart, attempted.outcome, attempted.classification);
  }
  return judge_case(request.evaluation, index, attempted.outcome, attempted.classification, token);
}

}  // namespace

CaseRun case_run(std::size_t index, const sandbox::RunOutcome& outcome, int attempts,
                 Judgement judgement, Bytes return_output) {
  CaseRun run;
  run.result = case_result(index, outcome, attempts, return_output);
  run.result.verdict = judgement.verdict;
  run.result.message = std::move(judgement.message);
  run.result.actual = std::move(judgement.actual);
  run.isolation = outcome.isolation;
  return run;
}

Expected<CaseRun> run_case(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                           std::size_t index, const Tools& tools) {
  Integrity integrity = Integrity::kIsolated;
  std::vector<std::string> warnings;
  if (plan.apart) {
    FARM_TRY(auto ran, run_case_apart(plan, tools));
    if (auto* apart = std::get_if<CaseRun>(&ran)) return std::move(*apart);
    const std::string& reason = std::get<Misfit>(ran).reason;
    FARM_CHECK_OK(check_weaker(request.policy, reason));
    integrity = Integrity::kSentinel;
    warnings.push_back("the tests ran in the submission's process: " + reason);
  }
  const std::string token = plan.completion_token ? completion_token() : std::string();
  const sandbox::RunSpec spec = case_spec(plan, builds.submission, index, token);
  FARM_TRY(Attempted attempted, run_until_reliable(spec, plan.min_isolation, tools));

  Judgement judgement = judge(request, plan, index, attempted, token);
  const auto* io = std::get_if<StdinStdout>(&request.evaluation);
  if (io != nullptr && plan.checker && judgement.verdict == Verdict::kAccepted) {
    const StdinStdout::Case& test = io->cases[index];
    FARM_TRY(judgement, check_output(plan, builds.checker, test.stdin_bytes, test.stdout_bytes,
                                     attempted.outcome.stdout_bytes, tools));
  }

  CaseRun run = case_run(index, attempted.outcome, attempted.attempts, std::move(judgement),
                         plan.return_output);
  run.integrity = integrity;
  run.warnings = std::move(warnings);
  take_files(attempted.outcome, spec, run);
  return run;
}

Stop reason_after(const CaseRun& run, bool run_all_cases) {
  const Verdict verdict = run.result.verdict;
  if (verdict == Verdict::kCancelled) return Stop::kCancelled;
  return verdict != Verdict::kAccepted && !run_all_cases ? Stop::kCaseFailed : Stop::kNot;
}

void keep(CaseRun run, bool run_all_cases, Runs& runs) {
  runs.files.merge(run.files);
  runs.warnings.insert(runs.warnings.end(), run.warnings.begin(), run.warnings.end());
  runs.isolation = std::min(runs.isolation, run.isolation);
  runs.integrity = std::min(runs.integrity, run.integrity);
  if (const Stop stop = reason_after(run, run_all_cases); stop != Stop::kNot) runs.stop = stop;
  runs.cases[static_cast<std::size_t>(run.result.index)] = std::move(run.result);
}

Stop reason_to_stop(SteadyTime deadline, const Tools& tools) {
  if (tools.cancelled != nullptr && tools.cancelled->load()) return Stop::kCancelled;
  return tools.now() >= deadline ? Stop::kTotalWall : Stop::kNot;
}

Expected<Runs> run_tests(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                         SteadyTime deadline, const Tools& tools) {
  Runs runs;
  runs.cases.resize(plan.cases.size());
  for (std::size_t index = 0; index < plan.cases.size(); ++index)
    runs.cases[index].index = static_cast<std::int64_t>(index);
  if (!plan.shared) {
    FARM_CHECK_OK(run_spread(request, plan, builds, deadline, runs, tools));
    return runs;
  }
  for (std::size_t index = 0; index < plan.cases.size();) {
    if (runs.stop == Stop::kNot) runs.stop = reason_to_stop(deadline, tools);
    if (runs.stop != Stop::kNot) break;
    FARM_TRY(index, run_shared(request, plan, index, deadline, runs, tools));
  }
  return runs;
}

}  // namespace farm::evaluate
