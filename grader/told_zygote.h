// Says in the log, once a slot and reason, that Python programs start without the zygote that they
// were to be forks of. Passes everything on; owned by main(), used by the slot's thread.
#pragma once

#include <string>

#include "grader/sandbox/sandbox.h"
#include "monitoring/log.h"

namespace farm::grader {

class ToldZygote final : public sandbox::Sandbox {
 public:
  ToldZygote(sandbox::Sandbox& real, int slot) : real_(&real), slot_(slot) {}

  Expected<sandbox::RunOutcome> run(const sandbox::RunSpec& spec) override {
    auto outcome = real_->run(spec);
    if (outcome) tell(*outcome);
    return outcome;
  }
  Expected<sandbox::PairOutcome> run_pair(const sandbox::RunSpec& submission,
                                          const sandbox::RunSpec& tester) override {
    auto outcome = real_->run_pair(submission, tester);
    if (outcome) tell(outcome->submission);
    if (outcome) tell(outcome->tester);
    return outcome;
  }
  Expected<sandbox::RunOutcome> run_turns(const sandbox::RunSpec& spec,
                                          sandbox::TurnTaker& turns) override {
    auto outcome = real_->run_turns(spec, turns);
    if (outcome) tell(*outcome);
    return outcome;
  }

 private:
  void tell(const sandbox::RunOutcome& outcome) {
    if (outcome.zygote_failed.empty() || outcome.zygote_failed == told_) return;
    told_ = outcome.zygote_failed;
    monitoring::log::warning("python without zygote: each program starts an interpreter of its own",
                             {{"slot", slot_}, {"because", told_}});
  }

  sandbox::Sandbox* real_;
  int slot_;
  std::string told_;
};

}  // namespace farm::grader
