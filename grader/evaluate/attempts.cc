#include "grader/evaluate/attempts.h"

#include <thread>

namespace farm::evaluate {
namespace {

Expected<sandbox::RunOutcome> run_once(const sandbox::RunSpec& spec, Isolation min_isolation,
                                       const Tools& tools) {
  FARM_TRY(sandbox::RunOutcome outcome, tools.sandbox->run(spec));
  if (outcome.ending == sandbox::Ending::kStarved) {
    return unavailable(
        "the run had no CPU for too long: this host is overloaded; give the grader fewer slots");
  }
  if (outcome.isolation < min_isolation) {
    return internal_error("the sandbox gave isolation '" + std::string(word(outcome.isolation)) +
                          "' where '" + std::string(word(min_isolation)) + "' was promised");
  }
  return outcome;
}

}  // namespace

Expected<Attempted> run_until_reliable(const sandbox::RunSpec& spec, Isolation min_isolation,
                                       const Tools& tools) {
  Attempted attempted;
  bool confirming = false;
  for (int failures = 0;;) {
    ++attempted.attempts;
    Expected<sandbox::RunOutcome> outcome = run_once(spec, min_isolation, tools);
    if (!outcome) {
      if (!outcome.error().retryable() || ++failures >= kMaxFarmFailures)
        return std::move(outcome).error();
      std::this_thread::sleep_for(tools.retry_pause * failures);
      continue;
    }
    attempted.outcome = *std::move(outcome);
    attempted.classification = classify(attempted.outcome, spec.limits);
    if (!attempted.classification.confirm || confirming) return attempted;
    confirming = true;
  }
}

}  // namespace farm::evaluate
