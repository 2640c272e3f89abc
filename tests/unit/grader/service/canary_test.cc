// The canary stepped by hand between scripted Kafka ends.
#include "grader/service/canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/result.h"
#include "schemas/topics.h"
#include "tests/support/fake_kafka.h"

namespace farm::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SilentTail final : public kafka::Tail {
  Expected<Done> await_caught_up(Milliseconds) override { return Done{}; }
};

class CanaryTest : public ::testing::Test {
 protected:
  CanaryTest() {
    settings_.grader_id = "grader-1";
    settings_.request.submission.language = "bash";
    settings_.request.submission.code = "echo 1";
    StdinStdout evaluation;
    evaluation.cases.push_back({"", "1\n"});
    settings_.request.evaluation = evaluation;
    CanaryParts parts{producer_, metrics_, health_, activity_, {}, {}, {}};
    parts.owned = [this] { return owned_; };
    parts.stopping = [this] { return stopping_; };
    parts.open_replies = [this](std::function<void(kafka::Record)> on_record)
        -> Expected<std::unique_ptr<kafka::Tail>> {
      if (!readable_) return unavailable("topic grading.replies.canary: unknown");
      reply_ = std::move(on_record);
      return std::unique_ptr<kafka::Tail>(std::make_unique<SilentTail>());
    };
    canary_ = std::make_unique<Canary>(settings_, parts);
  }

  void step(Milliseconds later = 0ms) { canary_->step(now_ += later); }
  void answer(Verdict verdict, std::string correlation = {}) {
    EvaluationResult result;
    result.verdict = verdict;
    result.message = "because";
    kafka::Record record;
    if (correlation.empty()) {
      correlation =
          *kafka::find_header(producer_.published().back().headers, headers::kCorrelationId);
    }
    record.headers = {{std::string(headers::kCorrelationId), correlation}};
    record.value = encode_result(result);
    reply_(record);
  }
  // One canary from its publication to this answer.
  void round(Verdict verdict) {
    step(60s);
    answer(verdict);
    step(1ms);
  }
  std::string metric(const std::string& name) const {
    const std::string text = metrics_.text();
    const auto at = text.find("\n" + name);
    return at == std::string::npos ? "absent"
                                   : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  }
  std::string runs(const std::string& outcome) const {
    return metric("gradefarm_canary_runs_total{outcome=\"" + outcome + "\"");
  }
  bool ready() const { return health_.readiness().good; }

  testing::FakeProducer producer_;
  monitoring::Metrics metrics_{"test", "cpu"};
  monitoring::Health health_{{}};
  Activity activity_{2};
  CanarySettings settings_;
  std::vector<TopicPartition> owned_ = {{"grading.requests.cpu", 0}, {"grading.requests.cpu", 3}};
  bool stopping_ = false;
  bool readable_ = true;
  std::function<void(kafka::Record)> reply_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  std::unique_ptr<Canary> canary_;
};

TEST_F(CanaryTest, AsksItsOwnPartitionsInTurnAndMeasuresTheAnswer) {
  step();
  ASSERT_EQ(producer_.published().size(), 1U);
  const auto first = producer_.published()[0];
  EXPECT_EQ(first.topic, "grading.requests.cpu");
  EXPECT_EQ(first.partition, 0);
  EXPECT_EQ(kafka::find_header(first.headers, headers::kReplyTopic), topics::kCanaryReplies);
  const auto request = decode_request(first.value);
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->trainer, "canary");

  answer(Verdict::kAccepted);
  step(1500ms);

  EXPECT_THAT(runs("answered"), HasSubstr(" 1"));
  EXPECT_EQ(metric("gradefarm_canary_seconds_sum"),
            "gradefarm_canary_seconds_sum{pool=\"cpu\"} 1.5");
  EXPECT_THAT(metric("gradefarm_canary_last_success_timestamp_seconds"),
              ::testing::Not(::testing::EndsWith(" 0")));
  step(58'000ms);
  EXPECT_EQ(producer_.published().size(), 1U) << "before its interval has passed";
  step(1s);
  ASSERT_EQ(producer_.published().size(), 2U);
  EXPECT_EQ(producer_.published()[1].partition, 3);
  EXPECT_NE(decode_request(producer_.published()[1].value)->request_id, request->request_id);
}

TEST_F(CanaryTest, ThreeWrongAnswersInARowAreNotReadyAndOneRightAnswerIs) {
  round(Verdict::kFarmError);
  round(Verdict::kWrongAnswer);
  EXPECT_TRUE(ready());
  round(Verdict::kFarmError);
  EXPECT_FALSE(ready());
  EXPECT_THAT(health_.readiness().text, HasSubstr("got farm_error: because"));
  EXPECT_THAT(runs("wrong"), HasSubstr(" 3"));

  round(Verdict::kAccepted);
  EXPECT_TRUE(ready());
  round(Verdict::kFarmError);
  EXPECT_TRUE(ready()) << "failures before a success do not count any more";
}

TEST_F(CanaryTest, AnswersToOthersAreNotItsOwn) {
  step();
  answer(Verdict::kAccepted, "canary-grader-2-1");
  step(1s);
  EXPECT_THAT(runs("answered"), HasSubstr(" 0"));
}

TEST_F(CanaryTest, UnansweredWithAnIdleSlotIsLost) {
  step();
  step(1s);  // delivered
  step(30s);
  EXPECT_THAT(runs("lost"), HasSubstr(" 0"));
  step(1ms);
  EXPECT_THAT(runs("lost"), HasSubstr(" 1"));
}

TEST_F(CanaryTest, WaitingBehindRealWorkIsNoFailure) {
  step();
  step(1s);
  // Short requests one after the other, with a slot idle in between, for an hour.
  for (int i = 0; i < 180; ++i) {
    activity_.begin({0, "r", "t", "bash", 0}, 0ms, now_);
    step(1s);
    activity_.end(0, now_);
    step(19s);
  }
  // One that is long, in every slot.
  activity_.begin({0, "long", "t", "bash", 0}, 0ms, now_);
  activity_.begin({1, "long", "t", "bash", 0}, 0ms, now_);
  step(settings_.longest_request);
  EXPECT_THAT(runs("lost"), HasSubstr(" 0"));

  answer(Verdict::kAccepted);
  step();
  EXPECT_THAT(runs("answered"), HasSubstr(" 1"));
  EXPECT_TRUE(ready());
}

TEST_F(CanaryTest, SlotsThatNeverEndAreNoExcuse) {
  step();
  step(1s);
  activity_.begin({0, "hangs", "t", "bash", 0}, 0ms, now_);
  activity_.begin({1, "hangs", "t", "bash", 0}, 0ms, now_);
  step(settings_.longest_request + settings_.patience + 1ms);
  EXPECT_THAT(runs("lost"), HasSubstr(" 1"));
}

TEST_F(CanaryTest, BrokerThatTakesNothingIsUnpublished) {
  producer_.fail_next("grading.requests.cpu", unavailable("timed out"), 3);
  for (int i = 0; i < 3; ++i) {
    step(60s);
    step(1ms);
  }
  EXPECT_THAT(runs("unpublished"), HasSubstr(" 3"));
  EXPECT_FALSE(ready());
  EXPECT_THAT(health_.readiness().text, HasSubstr("timed out"));
}

TEST_F(CanaryTest, UnreadableReplyTopicIsTriedAgain) {
  readable_ = false;
  step();
  EXPECT_THAT(runs("unpublished"), HasSubstr(" 1"));
  EXPECT_TRUE(producer_.published().empty());
  readable_ = true;
  round(Verdict::kAccepted);
  EXPECT_THAT(runs("answered"), HasSubstr(" 1"));
}

TEST_F(CanaryTest, PartitionThatMovesAwayTakesItsCanaryWithIt) {
  step();
  owned_ = {{"grading.requests.cpu", 3}};
  step(1s);
  for (const char* outcome : {"answered", "wrong", "unpublished", "lost"})
    EXPECT_THAT(runs(outcome), HasSubstr(" 0")) << outcome;
  step(1ms);
  ASSERT_EQ(producer_.published().size(), 2U);
  EXPECT_EQ(producer_.published()[1].partition, 3);
}

TEST_F(CanaryTest, NothingIsTriedWithoutPartitionsOrWhileDraining) {
  owned_.clear();
  step();
  owned_ = {{"grading.requests.cpu", 0}};
  stopping_ = true;
  step(1s);
  EXPECT_TRUE(producer_.published().empty());
  EXPECT_TRUE(ready());
}

TEST_F(CanaryTest, ReportsThatComeAfterItsEndAreHarmless) {
  producer_.hold(true);
  step();
  canary_.reset();
  producer_.release();
  EXPECT_EQ(producer_.published().size(), 1U);
}

TEST(CanaryRequest, IsOfALanguageThatNeedsNoCompiler) {
  LanguageDefinition compiled;
  compiled.id = "a";
  compiled.compile.emplace();
  compiled.evaluations = {"stdin_stdout"};
  LanguageDefinition interpreted = compiled;
  interpreted.id = "b";
  interpreted.compile.reset();
  LanguageDefinition unfit = interpreted;
  unfit.id = "aa";
  unfit.evaluations = {"run"};

  const auto of = [](std::vector<LanguageDefinition> definitions) {
    const auto registry = languages::Registry::create(std::move(definitions));
    const auto request = canary_request(*registry);
    return request ? request->submission.language : "none";
  };
  EXPECT_EQ(of({compiled, unfit, interpreted}), "b");
  EXPECT_EQ(of({compiled}), "a");
  EXPECT_EQ(of({unfit}), "none");
}

}  // namespace
}  // namespace farm::service
