#include "grader/evaluate/checker.h"

#include "grader/evaluate/attempts.h"
#include "grader/judge/display.h"

namespace farm::evaluate {
namespace {

sandbox::InputFile read_only(std::string path, std::string_view content) {
  return {.path = std::move(path),
          .content = std::string(content),
          .executable = false,
          .writable = false};
}

sandbox::RunSpec checker_run(const Program& checker, const Build& build, std::string_view input,
                             std::string_view expected, std::string_view actual) {
  sandbox::RunSpec spec = checker.run;
  spec.files.insert(spec.files.end(), build.products.begin(), build.products.end());
  spec.files.push_back(read_only("input", input));
  spec.files.push_back(read_only("expected", expected));
  spec.files.push_back(read_only("actual", actual));
  std::vector<std::string>& argv = spec.commands.front();
  argv.insert(argv.end(), {"input", "expected", "actual"});
  return spec;
}

// true: accepts; false: refuses; nullopt: neither.
std::optional<bool> answer_of(const Attempted& run) {
  if (run.classification.verdict == Verdict::kAccepted) return true;
  if (run.classification.verdict == Verdict::kRuntimeError && run.outcome.exit_code == 1)
    return false;
  return std::nullopt;
}

std::string refusal(const sandbox::RunOutcome& outcome) {
  const std::string_view said =
      outcome.stdout_bytes.empty() ? outcome.stderr_bytes : outcome.stdout_bytes;
  const std::string_view line = said.substr(0, said.find('\n'));
  return line.empty() ? "the checker refuses it"
                      : "the checker refuses it: " + judge::quote(line, 200);
}

Judgement wrong(std::string message) {
  return {Verdict::kWrongAnswer, std::move(message), std::nullopt};
}

}  // namespace

Expected<Judgement> check_output(const Plan& plan, const Build& checker, std::string_view input,
                                 std::string_view expected, std::string_view actual,
                                 const Tools& tools) {
  FARM_TRY(const Attempted run,
           run_until_reliable(checker_run(*plan.checker, checker, input, expected, actual),
                              plan.min_isolation, tools));
  if (run.classification.verdict == Verdict::kCancelled) {
    return Judgement{Verdict::kCancelled, run.classification.message, std::nullopt};
  }
  if (const std::optional<bool> answer = answer_of(run))
    return *answer ? Judgement{} : wrong(refusal(run.outcome));

  FARM_TRY(const Attempted control,
           run_until_reliable(checker_run(*plan.checker, checker, input, expected, expected),
                              plan.min_isolation, tools));
  if (answer_of(control))
    return wrong("the checker fails on this output: " + run.classification.message);
  return invalid_request("/evaluation/checker: fails on the expected output as well: " +
                         control.classification.message);
}

}  // namespace farm::evaluate
