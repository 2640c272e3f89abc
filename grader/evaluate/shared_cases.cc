#include "grader/evaluate/shared_cases.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grader/evaluate/attempts.h"
#include "grader/evaluate/classify.h"
#include "grader/evaluate/judge_case.h"

namespace farm::evaluate {
namespace {

// One process, case by case.
class Cases final : public sandbox::TurnTaker {
 public:
  Cases(const EvaluationRequest& request, const Plan& plan, std::size_t first, SteadyTime deadline,
        const Tools& tools)
      : request_(request), plan_(plan), next_(first), deadline_(deadline), tools_(tools) {}

  std::optional<std::string> next() override {
    const bool first = judged_.empty();
    if (next_ == plan_.cases.size() || must_stop_ ||
        (!first && reason_to_stop(deadline_, tools_) != Stop::kNot)) {
      return std::nullopt;
    }
    waiting_ = true;
    return plan_.cases[next_].channel_input;
  }

  void answered(sandbox::RunOutcome turn) override {
    // What a process of its own would have ended with.
    if (turn.channel_bytes.empty()) turn.exit_code = 1;
    judge(std::move(turn));
  }

  // The end of the process is that of the case which was not answered.
  void ended(sandbox::RunOutcome last) {
    if (waiting_) judge(std::move(last));
  }

  bool asks_for_confirmation() const { return confirm_; }
  std::size_t next_case() const { return next_; }

  struct Judged {
    sandbox::RunOutcome outcome;
    Judgement judgement;
  };
  std::vector<Judged> take() { return std::move(judged_); }

 private:
  void judge(sandbox::RunOutcome outcome) {
    const Classification classification = classify(outcome, plan_.shared->limits);
    Judgement judgement = judge_case(request_.evaluation, next_, outcome, classification, {});
    confirm_ = confirm_ || classification.confirm;
    must_stop_ =
        judgement.verdict != Verdict::kAccepted && (!plan_.run_all_cases || classification.confirm);
    judged_.push_back({std::move(outcome), std::move(judgement)});
    waiting_ = false;
    ++next_;
  }

  const EvaluationRequest& request_;
  const Plan& plan_;
  std::size_t next_;
  const SteadyTime deadline_;
  const Tools& tools_;
  std::vector<Judged> judged_;
  bool waiting_ = false;  // for the answer to case next_
  bool must_stop_ = false;
  bool confirm_ = false;
};

}  // namespace

Expected<std::size_t> run_shared(const EvaluationRequest& request, const Plan& plan,
                                 std::size_t first, SteadyTime deadline, Runs& runs,
                                 const Tools& tools) {
  sandbox::RunSpec spec = *plan.shared;
  spec.turns = static_cast<int>(plan.cases.size() - first);
  std::vector<Cases::Judged> judged;
  std::size_t next = first;
  const auto attempt = [&]() -> Expected<bool> {
    Cases cases(request, plan, first, deadline, tools);
    FARM_TRY(sandbox::RunOutcome last, tools.sandbox->run_turns(spec, cases));
    FARM_CHECK_OK(check_usable(last, plan.min_isolation));
    cases.ended(std::move(last));
    next = cases.next_case();
    judged = cases.take();
    return cases.asks_for_confirmation();
  };
  FARM_TRY(const int attempts, attempt_until_reliable(attempt, tools));
  for (std::size_t i = 0; i < judged.size(); ++i) {
    keep(case_run(first + i, judged[i].outcome, attempts, std::move(judged[i].judgement),
                  plan.return_output),
         plan.run_all_cases, runs);
  }
  return next;
}

}  // namespace farm::evaluate
