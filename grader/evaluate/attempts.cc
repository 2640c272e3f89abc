#include "grader/evaluate/attempts.h"

#include <thread>

namespace farm::evaluate {
namespace {

// Run times with a heap of their own end by themselves where that is full.
bool says_out_of_memory(const sandbox::RunOutcome& outcome, const std::string& text) {
  const bool failed = outcome.ending == sandbox::Ending::kByItself &&
                      (outcome.signal || outcome.exit_code.value_or(0) != 0);
  return failed && !text.empty() && outcome.stderr_bytes.find(text) != std::string::npos;
}

}  // namespace

Expected<Done> check_usable(const sandbox::RunOutcome& outcome, Isolation min_isolation) {
  if (outcome.ending == sandbox::Ending::kStarved) {
    return unavailable(
        "the run had no CPU for too long: this host is overloaded; give the grader fewer slots, "
        "or this virtual machine CPUs of its own");
  }
  if (outcome.isolation < min_isolation) {
    return internal_error("the sandbox gave isolation '" + std::string(word(outcome.isolation)) +
                          "' where '" + std::string(word(min_isolation)) + "' was promised");
  }
  return Done{};
}

Expected<int> attempt_until_reliable(const std::function<Expected<bool>()>& attempt,
                                     const Tools& tools) {
  bool confirming = false;
  int failures = 0;
  for (int attempts = 1;; ++attempts) {
    const Expected<bool> confirm = attempt();
    if (!confirm) {
      if (!confirm.error().retryable() || ++failures >= kMaxFarmFailures) return confirm.error();
      std::this_thread::sleep_for(tools.retry_pause * failures);
      continue;
    }
    if (!*confirm || confirming) return attempts;
    confirming = true;
  }
}

Expected<Attempted> run_until_reliable(const sandbox::RunSpec& spec, Isolation min_isolation,
                                       const Tools& tools) {
  Attempted attempted;
  const auto attempt = [&]() -> Expected<bool> {
    FARM_TRY(attempted.outcome, tools.sandbox->run(spec));
    FARM_CHECK_OK(check_usable(attempted.outcome, min_isolation));
    if (says_out_of_memory(attempted.outcome, spec.out_of_memory_text))
      attempted.outcome.out_of_memory = true;
    attempted.classification = classify(attempted.outcome, spec.limits);
    return attempted.classification.confirm;
  };
  FARM_TRY(attempted.attempts, attempt_until_reliable(attempt, tools));
  return attempted;
}

}  // namespace farm::evaluate
