// The cases of one request over several sandboxes, scripted.

#include "grader/evaluate/spread_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>

#include "requests.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::FakeSandbox;
using sandbox::RunSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Sandboxes on threads of their own, each lent once.
class SpreadTest : public ::testing::Test {
 protected:
  Tools tools(int spare) {
    Tools tools = tools_with(own_);
    for (int i = 0; i < spare; ++i) spare_.push_back(std::make_unique<FakeSandbox>());
    tools.lend = [this](std::function<void(sandbox::Sandbox&)> work) {
      if (threads_.size() == spare_.size()) return false;
      FakeSandbox& sandbox = *spare_[threads_.size()];
      threads_.emplace_back([&sandbox, work = std::move(work)] { work(sandbox); });
      return true;
    };
    tools.wanted_back = [this] { return wanted_back_.load(); };
    return tools;
  }
  void TearDown() override {
    for (std::thread& thread : threads_) thread.join();
  }

  // In a sandbox of its own and `spare` others, all of which do the same.
  EvaluationResult grade(const EvaluationRequest& request, int spare, FakeSandbox::Answer act) {
    const Tools with = tools(spare);
    own_.always(act);
    for (auto& one : spare_) one->always(act);
    return evaluate(request, with);
  }

  static EvaluationRequest echo(int cases, bool run_all_cases = false) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (int i = 0; i < cases; ++i) pairs.emplace_back(std::to_string(i), std::to_string(i));
    EvaluationRequest request = request_of("python", "print(input())", io_cases(std::move(pairs)));
    request.policy.run_all_cases = run_all_cases;
    return request;
  }
  static Expected<sandbox::RunOutcome> say_it_back(const RunSpec& spec) {
    return exited(0, spec.stdin_bytes);
  }
  static std::vector<Verdict> verdicts(const EvaluationResult& result) {
    std::vector<Verdict> all;
    for (const CaseResult& one : result.cases) all.push_back(one.verdict);
    return all;
  }

  FakeSandbox own_;
  std::vector<std::unique_ptr<FakeSandbox>> spare_;
  std::vector<std::thread> threads_;
  std::atomic<bool> wanted_back_{false};
};

TEST_F(SpreadTest, CasesRunAtTheSameTimeInTheSandboxesThatAreLent) {
  std::latch together(3);  // nobody gets on alone
  const auto meet = [&](const RunSpec& spec) {
    if (spec.stdin_bytes != "0") together.arrive_and_wait();
    return say_it_back(spec);
  };

  const EvaluationResult result = grade(echo(4), 2, meet);

  EXPECT_EQ(result.verdict, Verdict::kAccepted) << result.message;
  EXPECT_EQ(result.passed, 4);
  for (std::size_t i = 0; i < result.cases.size(); ++i) {
    EXPECT_EQ(result.cases[i].index, static_cast<std::int64_t>(i));
    EXPECT_EQ(result.cases[i].stdout_bytes, std::to_string(i));
  }
}

TEST_F(SpreadTest, ASubmissionThatFailsItsFirstCaseBorrowsNothing) {
  const Tools with = tools(2);
  own_.then(exited(0, "wrong"));

  const EvaluationResult result = evaluate(echo(3), with);

  EXPECT_THAT(verdicts(result),
              ElementsAre(Verdict::kWrongAnswer, Verdict::kNotRun, Verdict::kNotRun));
  EXPECT_TRUE(threads_.empty());
}

TEST_F(SpreadTest, NoMoreIsBorrowedThanThereAreCases) {
  EXPECT_EQ(grade(echo(3), 5, say_it_back).verdict, Verdict::kAccepted);
  EXPECT_LE(threads_.size(), 1U);
}

TEST_F(SpreadTest, WhatRanBeyondTheFirstFailureIsNotInTheResult) {
  std::latch later_case_failed(1);
  const auto act = [&](const RunSpec& spec) -> Expected<sandbox::RunOutcome> {
    if (spec.stdin_bytes == "1") later_case_failed.wait();  // the others are quicker
    if (spec.stdin_bytes == "2") {
      later_case_failed.count_down();
      return exited(3);
    }
    return exited(0, spec.stdin_bytes == "1" ? "wrong" : spec.stdin_bytes);
  };

  const EvaluationResult result = grade(echo(5), 1, act);

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_THAT(result.message, HasSubstr("case 1: "));
  EXPECT_THAT(verdicts(result), ElementsAre(Verdict::kAccepted, Verdict::kWrongAnswer,
                                            Verdict::kNotRun, Verdict::kNotRun, Verdict::kNotRun));
}

TEST_F(SpreadTest, AFailureOfTheFarmBeforeTheFirstWrongCaseIsTheFarms) {
  const auto act = [](const RunSpec& spec) -> Expected<sandbox::RunOutcome> {
    if (spec.stdin_bytes == "1") return internal_error("mount: no");
    return exited(0, spec.stdin_bytes == "2" ? "wrong" : spec.stdin_bytes);
  };

  const EvaluationResult result = grade(echo(3), 1, act);

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_THAT(result.message, HasSubstr("case 1: "));
}

TEST_F(SpreadTest, ASandboxThatIsWantedBackGoesAfterItsCase) {
  const auto act = [&](const RunSpec& spec) {
    wanted_back_ = true;
    return say_it_back(spec);
  };

  const EvaluationResult result = grade(echo(6), 1, act);

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_LE(spare_[0]->specs().size(), 1U);
}

TEST_F(SpreadTest, AllCasesRunWhereThePolicySaysSo) {
  const auto act = [](const RunSpec& spec) -> Expected<sandbox::RunOutcome> {
    return exited(0, spec.stdin_bytes == "1" ? "wrong" : spec.stdin_bytes);
  };

  const EvaluationResult result = grade(echo(4, true), 1, act);

  EXPECT_THAT(verdicts(result), ElementsAre(Verdict::kAccepted, Verdict::kWrongAnswer,
                                            Verdict::kAccepted, Verdict::kAccepted));
}

}  // namespace
}  // namespace farm::evaluate
