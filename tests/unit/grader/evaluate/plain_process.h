// PlainProcess: runs a RunSpec as an ordinary child of the test, with no isolation and no limits,
// so that harnesses can be tested where a sandbox cannot be set up. Only for programs of our own
// that are known to end and to do no harm.
#pragma once

#include "grader/sandbox/sandbox.h"

namespace farm::testing {

// One thread at a time. Blocks until the program ends. Reports Isolation::kNone.
class PlainProcess : public sandbox::Sandbox {
 public:
  Expected<sandbox::RunOutcome> run(const sandbox::RunSpec& spec) override;
  Expected<sandbox::PairOutcome> run_pair(const sandbox::RunSpec& submission,
                                          const sandbox::RunSpec& tester) override;
  Expected<sandbox::RunOutcome> run_turns(const sandbox::RunSpec& spec,
                                          sandbox::TurnTaker& turns) override;
};

}  // namespace farm::testing
