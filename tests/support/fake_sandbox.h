// FakeSandbox: a sandbox::Sandbox that runs nothing. It answers from a script and remembers what it
// was asked, so that everything above the sandbox can be tested for outcomes that are hard to bring
// about (starvation, OOM, a dead launcher).
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "grader/sandbox/sandbox.h"

namespace farm::testing {

// An outcome of a program that ended by itself.
inline sandbox::RunOutcome exited(int code, std::string stdout_bytes = "",
                                  std::string stderr_bytes = "") {
  sandbox::RunOutcome outcome;
  outcome.exit_code = code;
  outcome.stdout_total = static_cast<std::int64_t>(stdout_bytes.size());
  outcome.stderr_total = static_cast<std::int64_t>(stderr_bytes.size());
  outcome.stdout_bytes = std::move(stdout_bytes);
  outcome.stderr_bytes = std::move(stderr_bytes);
  outcome.isolation = Isolation::kFull;
  return outcome;
}

// An outcome of a program that the supervisor killed.
inline sandbox::RunOutcome killed(sandbox::Ending ending) {
  sandbox::RunOutcome outcome;
  outcome.ending = ending;
  outcome.signal = 9;
  outcome.isolation = Isolation::kFull;
  return outcome;
}

// Answers run() with the scripted outcomes in order; after the last, with the standing answer.
// Without one, a run that nobody scripted is an internal error, which no test expects. One thread
// at a time, like every Sandbox.
class FakeSandbox : public sandbox::Sandbox {
 public:
  using Answer = std::function<Expected<sandbox::RunOutcome>(const sandbox::RunSpec&)>;

  FakeSandbox& then(Expected<sandbox::RunOutcome> outcome) {
    return then([outcome = std::move(outcome)](const sandbox::RunSpec&) { return outcome; });
  }
  FakeSandbox& then(Answer answer) {
    script_.push_back(std::move(answer));
    return *this;
  }
  FakeSandbox& always(Answer answer) {
    standing_ = std::move(answer);
    return *this;
  }

  // Every spec that was run, in order.
  const std::vector<sandbox::RunSpec>& specs() const { return specs_; }

  Expected<sandbox::RunOutcome> run(const sandbox::RunSpec& spec) override {
    specs_.push_back(spec);
    if (script_.empty())
      return standing_ ? standing_(spec)
                       : internal_error("FakeSandbox: nothing is scripted for this run");
    const Answer answer = std::move(script_.front());
    script_.pop_front();
    return answer(spec);
  }

 private:
  std::deque<Answer> script_;
  Answer standing_;
  std::vector<sandbox::RunSpec> specs_;
};

}  // namespace farm::testing
