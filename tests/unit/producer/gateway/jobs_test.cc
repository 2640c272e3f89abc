#include "producer/gateway/jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace farm::gateway {
namespace {

constexpr Milliseconds kKeep{60'000};
constexpr Milliseconds kGrace{5'000};

class JobsTest : public testing::Test {
 protected:
  JobsTest()
      : jobs_("http-test", "id-", {kKeep, kGrace},
              {[this](EvaluationRequest request, producer::OnResult on_result) {
                 if (failing_) throw std::bad_alloc();
                 submitted_.emplace_back(std::move(request), std::move(on_result));
               },
               [this](const std::string& request_id) { cancelled_.push_back(request_id); },
               [](const std::function<void()>& work) { work(); }}) {}

  // A question whose reply tells the result's message.
  void ask(const std::string& key, std::optional<Milliseconds> patience = std::nullopt) {
    Question question;
    question.reply = [](const EvaluationResult& result) {
      if (auto reply = reply_without_judgement(result)) return *std::move(reply);
      Reply reply;
      reply.body = result.message;
      return reply;
    };
    question.patience = patience;
    const std::size_t caller = replies_.size();
    replies_.emplace_back();
    gone_.push_back(std::make_shared<std::atomic<bool>>(false));
    jobs_.ask(key, std::move(question), now_, gone_.back(),
              [this, caller](Reply reply) { replies_[caller].push_back(std::move(reply)); });
  }
  void answer(std::size_t job, Verdict verdict, const std::string& message) {
    EvaluationResult result;
    result.verdict = verdict;
    result.message = message;
    submitted_.at(job).second(std::move(result));
  }
  // What a caller was told: "200 body", or nothing yet.
  std::string told(std::size_t caller) const {
    std::string out;
    for (const Reply& reply : replies_.at(caller))
      out += std::to_string(reply.status) + (reply.status == 200 ? " " + reply.body : "");
    return out;
  }

  std::vector<std::pair<EvaluationRequest, producer::OnResult>> submitted_;
  std::vector<std::vector<Reply>> replies_;
  std::vector<std::shared_ptr<std::atomic<bool>>> gone_;  // of each caller
  std::vector<std::string> cancelled_;
  bool failing_ = false;  // submit throws
  SteadyTime now_ = std::chrono::steady_clock::now();
  Jobs jobs_;
};

TEST_F(JobsTest, ACallerGetsTheAnswer) {
  ask("a");
  EXPECT_EQ(jobs_.waiting(), 1);
  answer(0, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(0), "200 yes");
  EXPECT_EQ(jobs_.waiting(), 0);
}

TEST_F(JobsTest, RequestsHaveTheClientsTrainerAndIdsOfTheirOwn) {
  ask("a");
  ask("b");
  EXPECT_EQ(submitted_[0].first.trainer, "http-test");
  EXPECT_EQ(submitted_[0].first.request_id, "id-1");
  EXPECT_EQ(submitted_[1].first.request_id, "id-2");
}

TEST_F(JobsTest, EqualRequestsShareOneJobWhileItRuns) {
  ask("a");
  ask("a");
  ASSERT_EQ(submitted_.size(), 1U);
  answer(0, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(0), "200 yes");
  EXPECT_EQ(told(1), "200 yes");
}

TEST_F(JobsTest, WhoAsksAfterTheAnswerWasHandedOutGetsAnotherRun) {
  ask("a");
  answer(0, Verdict::kAccepted, "first");
  ask("a");
  ASSERT_EQ(submitted_.size(), 2U);
  answer(1, Verdict::kAccepted, "second");
  EXPECT_EQ(told(1), "200 second");
}

TEST_F(JobsTest, ACallerWhoWouldGiveUpIsToldInTimeAndFindsTheJobAgain) {
  ask("a", Milliseconds(10'000));
  jobs_.expire(now_ + Milliseconds(8'000));
  EXPECT_EQ(told(0), "");
  jobs_.expire(now_ + Milliseconds(9'500));
  EXPECT_EQ(told(0), "504");
  ask("a", Milliseconds(10'000));
  EXPECT_EQ(submitted_.size(), 1U);
  answer(0, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(0), "504");
  EXPECT_EQ(told(1), "200 yes");
}

TEST_F(JobsTest, AnAnswerWaitsForTheCallerWhoComesAgain) {
  ask("a", Milliseconds(1'000));
  jobs_.expire(now_ + Milliseconds(1'000));
  answer(0, Verdict::kAccepted, "yes");
  ask("a");
  EXPECT_EQ(submitted_.size(), 1U);
  EXPECT_EQ(told(1), "200 yes");
  ask("a");
  EXPECT_EQ(submitted_.size(), 2U) << "it was handed out";
}

TEST_F(JobsTest, AnAnswerForWhichNobodyComesIsForgotten) {
  ask("a", Milliseconds(1'000));
  jobs_.expire(now_ + Milliseconds(1'000));
  answer(0, Verdict::kAccepted, "yes");
  jobs_.expire(std::chrono::steady_clock::now() + 2 * kKeep);
  ask("a");
  EXPECT_EQ(submitted_.size(), 2U);
}

TEST_F(JobsTest, AFailureOfTheFarmIsNotKept) {
  ask("a", Milliseconds(1'000));
  jobs_.expire(now_ + Milliseconds(1'000));
  answer(0, Verdict::kFarmError, "no");
  ask("a");
  ASSERT_EQ(submitted_.size(), 2U);
  answer(1, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(1), "200 yes");
}

TEST_F(JobsTest, AReplyThatCannotBePutTogetherFailsItsJobAlone) {
  ask("a");
  Question question;
  question.reply = [](const EvaluationResult&) -> Reply { throw std::bad_alloc(); };
  std::vector<int> statuses;
  jobs_.ask("b", std::move(question), now_, nullptr,
            [&](const Reply& reply) { statuses.push_back(reply.status); });
  answer(1, Verdict::kAccepted, "yes");
  EXPECT_EQ(statuses, std::vector<int>{504});
  answer(0, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(0), "200 yes");
}

TEST_F(JobsTest, AJobThatCannotBeHandedOverFailsAndIsNotJoined) {
  failing_ = true;
  ask("a");
  EXPECT_EQ(told(0), "504");
  failing_ = false;
  ask("a");
  ASSERT_EQ(submitted_.size(), 1U);
  answer(0, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(1), "200 yes");
}

TEST_F(JobsTest, AJobIsTakenBackSomeSecondsAfterItsLastCallerHungUp) {
  ask("a");
  ask("a");
  *gone_[0] = true;
  jobs_.expire(now_);
  jobs_.expire(now_ + 2 * kGrace);
  EXPECT_TRUE(cancelled_.empty()) << "one is still there";
  *gone_[1] = true;
  jobs_.expire(now_ + 2 * kGrace);
  jobs_.expire(now_ + 3 * kGrace - Milliseconds(1));
  EXPECT_TRUE(cancelled_.empty());
  jobs_.expire(now_ + 3 * kGrace);
  EXPECT_EQ(cancelled_, std::vector<std::string>{"id-1"});
  EXPECT_EQ(told(0), "504");
  EXPECT_EQ(told(1), "504");
  answer(0, Verdict::kCancelled, "late");
  EXPECT_EQ(told(0), "504");
  ask("a");
  EXPECT_EQ(submitted_.size(), 2U);
}

TEST_F(JobsTest, AJobThatSomebodyJoinsInTimeIsNotTakenBack) {
  ask("a");
  *gone_[0] = true;
  jobs_.expire(now_);
  ask("a");
  jobs_.expire(now_ + 2 * kGrace);
  EXPECT_TRUE(cancelled_.empty());
  answer(0, Verdict::kAccepted, "yes");
  EXPECT_EQ(told(1), "200 yes");
}

TEST_F(JobsTest, AJobWhoseCallersWereSentAwayGoesOn) {
  ask("a", Milliseconds(1'000));
  jobs_.expire(now_ + Milliseconds(1'000));
  *gone_[0] = true;
  jobs_.expire(now_ + Milliseconds(1'000));
  jobs_.expire(now_ + Milliseconds(1'000) + 2 * kGrace);
  EXPECT_TRUE(cancelled_.empty());
}

TEST_F(JobsTest, AJobIsTakenBackWhenNobodyComesAgainForIt) {
  ask("a", Milliseconds(1'000));
  const SteadyTime sent_away = now_ + Milliseconds(1'000);
  jobs_.expire(sent_away);
  jobs_.expire(sent_away + kKeep - Milliseconds(1));
  EXPECT_TRUE(cancelled_.empty());
  jobs_.expire(sent_away + kKeep);
  EXPECT_EQ(cancelled_, std::vector<std::string>{"id-1"});
  answer(0, Verdict::kCancelled, "late");
  EXPECT_EQ(told(0), "504");
  ask("a");
  EXPECT_EQ(submitted_.size(), 2U);
}

TEST_F(JobsTest, WhoComesAgainAndHangsUpLeavesTheJobSomeSecondsMore) {
  ask("a", Milliseconds(1'000));
  const SteadyTime sent_away = now_ + Milliseconds(1'000);
  jobs_.expire(sent_away);
  ask("a");
  *gone_[1] = true;
  const SteadyTime left = sent_away + kKeep - Milliseconds(1);
  jobs_.expire(left);
  jobs_.expire(left + kGrace - Milliseconds(1));
  EXPECT_TRUE(cancelled_.empty());
  jobs_.expire(left + kGrace);
  EXPECT_EQ(cancelled_.size(), 1U);
}

TEST_F(JobsTest, WithoutAKnownPatienceNobodyIsSentAway) {
  ask("a");
  jobs_.expire(now_ + Milliseconds(24 * 3600 * 1000));
  EXPECT_EQ(told(0), "");
}

}  // namespace
}  // namespace farm::gateway
