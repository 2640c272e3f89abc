// FakeSandbox: a sandbox::Sandbox that runs nothing. It answers from a script and remembers what it
// was asked, so that everything above the sandbox can be tested for outcomes that are hard to bring
// about (starvation, OOM, a dead launcher).
#pragma once

#include <deque>
#include <functional>
#include <optional>
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

// What becomes of a submission and its tester where the tester's channel says `said`.
inline sandbox::PairOutcome paired(std::string said, sandbox::RunOutcome submission = exited(0),
                                   sandbox::RunOutcome tester = exited(0)) {
  tester.channel_bytes = std::move(said);
  return {std::move(submission), std::move(tester)};
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

  // The same for run_pair(). A tester that nobody scripted says that its tests do not fit, so that
  // the run which follows is the one that is scripted.
  using PairAnswer = std::function<Expected<sandbox::PairOutcome>(const sandbox::RunSpec&,
                                                                  const sandbox::RunSpec&)>;
  FakeSandbox& then_pair(Expected<sandbox::PairOutcome> outcome) {
    return then_pair([outcome = std::move(outcome)](const sandbox::RunSpec&,
                                                    const sandbox::RunSpec&) { return outcome; });
  }
  FakeSandbox& then_pair(PairAnswer answer) {
    pair_script_.push_back(std::move(answer));
    return *this;
  }

  // run_turns() gives the answers of the next script, turn by turn; what comes after the last is
  // the end of the run.
  FakeSandbox& then_turns(std::vector<sandbox::RunOutcome> answers, sandbox::RunOutcome end) {
    turn_script_.push_back({std::move(answers), std::move(end)});
    return *this;
  }
  // What each run_turns() was told, in order.
  const std::vector<std::vector<std::string>>& told() const { return told_; }

  // Every spec that was run, in order.
  const std::vector<sandbox::RunSpec>& specs() const { return specs_; }
  // Every pair: submission, tester.
  const std::vector<std::pair<sandbox::RunSpec, sandbox::RunSpec>>& pairs() const { return pairs_; }

  Expected<sandbox::RunOutcome> run(const sandbox::RunSpec& spec) override {
    specs_.push_back(spec);
    if (script_.empty())
      return standing_ ? standing_(spec)
                       : internal_error("FakeSandbox: nothing is scripted for this run");
    const Answer answer = std::move(script_.front());
    script_.pop_front();
    return answer(spec);
  }

  Expected<sandbox::PairOutcome> run_pair(const sandbox::RunSpec& submission,
                                          const sandbox::RunSpec& tester) override {
    pairs_.emplace_back(submission, tester);
    if (pair_script_.empty()) return paired("misfit nothing is scripted\n");
    const PairAnswer answer = std::move(pair_script_.front());
    pair_script_.pop_front();
    return answer(submission, tester);
  }

  Expected<sandbox::RunOutcome> run_turns(const sandbox::RunSpec& spec,
                                          sandbox::TurnTaker& turns) override {
    specs_.push_back(spec);
    told_.emplace_back();
    if (turn_script_.empty())
      return internal_error("FakeSandbox: nothing is scripted for these turns");
    const auto [answers, end] = std::move(turn_script_.front());
    turn_script_.pop_front();
    std::optional<std::string> message = turns.next();
    for (const sandbox::RunOutcome& answer : answers) {
      if (!message) return exited(0);
      told_.back().push_back(*message);
      turns.answered(answer);
      message = turns.next();
    }
    if (message) told_.back().push_back(*message);
    return message ? end : exited(0);
  }

 private:
  std::deque<Answer> script_;
  Answer standing_;
  std::vector<sandbox::RunSpec> specs_;
  std::deque<std::pair<std::vector<sandbox::RunOutcome>, sandbox::RunOutcome>> turn_script_;
  std::vector<std::vector<std::string>> told_;
  std::deque<PairAnswer> pair_script_;
  std::vector<std::pair<sandbox::RunSpec, sandbox::RunSpec>> pairs_;
};

}  // namespace farm::testing
