// The service between scripted Kafka ends and a scripted evaluator.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "grader/service/service.h"
#include "tests/support/fake_kafka.h"

namespace farm::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ServiceTest : public ::testing::Test {
 protected:
  void start(Evaluate evaluate, int slots = 2, Milliseconds drain = Milliseconds(30'000)) {
    ServiceSettings settings;
    settings.slots = slots;
    settings.drain_timeout = drain;
    settings.grader_id = "grader-1";
    settings.grading.identity.id = "grader-1";
    service_ = std::move(Service::create(settings, {consumer_, producer_, metrics_, health_,
                                                    std::move(evaluate), bad_cases_}))
                   .value();
    loop_ = std::thread([this] { ended_ = std::make_unique<Expected<Done>>(service_->run()); });
  }
  // Before anything dies that the evaluator uses: joins the loop and the slots.
  void end() {
    if (!service_) return;
    service_->request_stop();
    if (loop_.joinable()) loop_.join();
    service_.reset();
  }
  void TearDown() override { end(); }

  static kafka::Record record(const std::string& id, const std::string& code = "pass",
                              int step = 0) {
    kafka::Record record;
    record.position = {"grading.requests.cpu", 0, 0, 1};
    record.headers = {{"kafka_replyTopic", "grading.replies.run"},
                      {"kafka_correlationId", "corr-" + id}};
    record.value = R"({"schema_version":1,"request_id":")" + id + R"(","trainer":"run","step":)" +
                   std::to_string(step) + R"(,"submission":{"language":"python","code":")" + code +
                   R"("},"evaluation":{"type":"run"}})";
    return record;
  }
  static EvaluationResult accept(const EvaluationRequest& request, const Seat&) {
    EvaluationResult result;
    result.request_id = request.request_id;
    result.trainer = request.trainer;
    result.verdict = Verdict::kAccepted;
    return result;
  }
  // Waits for a condition that other threads bring about.
  static bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(Milliseconds(1));
    }
    return true;
  }
  std::vector<Verdict> verdicts() const {
    std::vector<Verdict> all;
    for (const auto& one : producer_.published()) {
      if (one.topic == "grading.replies.run") all.push_back(decode_result(one.value)->verdict);
    }
    return all;
  }

  testing::FakeConsumer consumer_;
  testing::FakeProducer producer_;
  monitoring::Metrics metrics_{"test", "cpu"};
  monitoring::Health health_{{}};
  BadCases* bad_cases_ = nullptr;
  std::unique_ptr<Service> service_;
  std::thread loop_;
  std::unique_ptr<Expected<Done>> ended_;
};

TEST_F(ServiceTest, RequestIsAnsweredToItsReplyTopicAndThenDone) {
  start(accept);
  consumer_.add(record("a"));

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  ASSERT_EQ(producer_.published().size(), 1U);
  EXPECT_EQ(producer_.published()[0].topic, "grading.replies.run");
  EXPECT_EQ(kafka::find_header(producer_.published()[0].headers, "kafka_correlationId"), "corr-a");
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kAccepted));
}

TEST_F(ServiceTest, OffsetIsNotDoneBeforeTheAnswerIsDelivered) {
  producer_.hold(true);
  start(accept);
  consumer_.add(record("a"));
  ASSERT_TRUE(eventually([&] { return producer_.published().size() == 1; }));
  EXPECT_TRUE(consumer_.done_offsets().empty());

  producer_.release();

  EXPECT_THAT(consumer_.done_offsets(), ElementsAre(0));
}

// Refused for what this grader lacks.
EvaluationResult lacks_the_language(const EvaluationRequest& request, const Seat&) {
  EvaluationResult result = unjudged_result(
      {request.request_id, request.trainer, request.step, request.group, request.metadata_json},
      Verdict::kRejected, "no such language here");
  result.unserved = true;
  return result;
}

TEST_F(ServiceTest, WhatThisGraderLacksIsHandedOnWithItsTimeAndAddress) {
  start(lacks_the_language);
  kafka::Record asked = record("a");
  asked.timestamp_unix_ms = 1'700'000'000'000;
  consumer_.add(asked);

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  ASSERT_EQ(producer_.published().size(), 1U);
  const kafka::OutgoingRecord again = producer_.published()[0];
  EXPECT_EQ(again.topic, "grading.requests.cpu");
  EXPECT_EQ(again.value, asked.value);
  EXPECT_EQ(again.timestamp_unix_ms, asked.timestamp_unix_ms);
  EXPECT_EQ(kafka::find_header(again.headers, "kafka_replyTopic"), "grading.replies.run");
  EXPECT_EQ(kafka::find_header(again.headers, "kafka_correlationId"), "corr-a");
  EXPECT_EQ(kafka::find_header(again.headers, "forwarded"), "1");
  EXPECT_THAT(metrics_.text(), HasSubstr("gradefarm_forwarded_total{pool=\"cpu\"} 1\n"));
}

TEST_F(ServiceTest, WhatThreeGradersLackIsRefused) {
  start(lacks_the_language);
  kafka::Record asked = record("a");
  asked.headers.emplace_back("forwarded", "2");
  consumer_.add(asked);

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kRejected));
  EXPECT_EQ(producer_.published().size(), 1U);
}

TEST_F(ServiceTest, WhatIsRefusedForItselfIsNotHandedOn) {
  start([](const EvaluationRequest& request, const Seat& seat) {
    EvaluationResult result = lacks_the_language(request, seat);
    result.unserved = false;
    return result;
  });
  consumer_.add(record("a"));

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kRejected));
}

TEST_F(ServiceTest, WhatCannotBeHandedOnIsRefused) {
  producer_.fail_next("grading.requests.cpu", invalid_request("record too large"));
  start(lacks_the_language);
  consumer_.add(record("a"));

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kRejected));
}

TEST_F(ServiceTest, ARepeatOfWhatIsHandedOnIsHandedOnToo) {
  std::latch release(1);
  std::atomic<int> begun{0};
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        if (++begun == 1) release.wait();
        return lacks_the_language(request, seat);
      },
      2);
  consumer_.add(record("a"));
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  kafka::Record repeat = record("a");
  repeat.headers = {{"kafka_replyTopic", "grading.replies.run"}, {"kafka_correlationId", "corr-2"}};
  consumer_.add(repeat);
  ASSERT_TRUE(eventually([&] {
    return metrics_.text().find("gradefarm_duplicates_total{pool=\"cpu\"} 1\n") !=
           std::string::npos;
  }));
  release.count_down();

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  std::vector<std::string> correlations;
  for (const auto& one : producer_.published()) {
    EXPECT_EQ(one.topic, "grading.requests.cpu");
    correlations.emplace_back(
        kafka::find_header(one.headers, "kafka_correlationId").value_or("none"));
  }
  EXPECT_THAT(correlations, UnorderedElementsAre("corr-a", "corr-2"));
  end();
}

TEST_F(ServiceTest, NoMoreIsPulledThanThereAreSlots) {
  std::latch release(1);
  std::atomic<int> running{0};
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        ++running;
        release.wait();
        return accept(request, seat);
      },
      2);
  for (int i = 0; i < 5; ++i) consumer_.add(record(std::to_string(i)));

  ASSERT_TRUE(eventually([&] { return running == 2; }));
  EXPECT_EQ(consumer_.waiting(), 3U);

  release.count_down();
  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 5; }));
  end();
}

TEST_F(ServiceTest, SlowRequestDoesNotHoldUpTheNextOnes) {
  std::latch release(1);
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        if (request.request_id == "slow") release.wait();
        return accept(request, seat);
      },
      2);
  consumer_.add(record("slow"));
  consumer_.add(record("b"));
  consumer_.add(record("c"));

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_THAT(consumer_.done_offsets(), UnorderedElementsAre(1, 2));
  release.count_down();
  end();
}

TEST_F(ServiceTest, ACancelStopsWhatRunsAndKeepsWhatIsQueuedFromStarting) {
  std::mutex mutex;
  std::set<std::string> begun;
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        {
          const std::lock_guard lock(mutex);
          begun.insert(request.request_id);
        }
        EvaluationResult result = accept(request, seat);
        if (request.step == 7 && eventually([&] { return seat.stop.requested().load(); }))
          result.verdict = Verdict::kCancelled;
        return result;
      },
      1);
  consumer_.add(record("running", "pass", 7));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return begun.contains("running");
  }));
  for (const char* id : {"b", "c", "d"}) consumer_.add(record(id, "pass", 7));
  consumer_.add(record("another", "pass", 8));

  kafka::Record cancel;
  cancel.value = encode_cancel({"run", {}, 7});
  service_->on_cancel(cancel);

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 5; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kCancelled, Verdict::kCancelled, Verdict::kCancelled,
                                      Verdict::kCancelled, Verdict::kAccepted));
  EXPECT_THAT(begun, UnorderedElementsAre("running", "another"));
}

TEST_F(ServiceTest, WhatRunsBeyondItsDeadlineIsStopped) {
  start([&](const EvaluationRequest& request, const Seat& seat) {
    EvaluationResult result = accept(request, seat);
    if (eventually([&] { return seat.stop.requested().load(); }))
      result.verdict = Verdict::kCancelled;
    return result;
  });
  // Not before it begins, on however slow a host, and soon.
  kafka::Record soon = record("a");
  const std::string deadline =
      R"({"deadline_unix_ms":)" + std::to_string(now_unix_ms() + 3'000) + ",";
  soon.value.replace(0, 1, deadline);
  consumer_.add(soon);

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kExpired));
}

TEST_F(ServiceTest, ARecordThatEndedTwoGradersIsNotReadAgainButAnsweredAndKept) {
  std::atomic<int> evaluated{0};
  start([&](const EvaluationRequest& request, const Seat& seat) {
    ++evaluated;
    return accept(request, seat);
  });
  kafka::Record deadly = record("a");
  deadly.headers.emplace_back("request_id", "a");
  deadly.crashes = 2;
  consumer_.add(deadly);
  kafka::Record suspect = record("b");
  suspect.crashes = 1;
  consumer_.add(suspect);

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_THAT(verdicts(), UnorderedElementsAre(Verdict::kFarmError, Verdict::kAccepted));
  EXPECT_EQ(evaluated, 1);
  int dead_letters = 0;
  for (const auto& one : producer_.published()) {
    if (one.topic != "grading.dead-letters") {
      const auto result = decode_result(one.value);
      EXPECT_EQ(result->trainer, "run");
      EXPECT_EQ(kafka::find_header(one.headers, "given_up").has_value(),
                result->verdict == Verdict::kFarmError);
      continue;
    }
    ++dead_letters;
    EXPECT_EQ(one.value, deadly.value);
    EXPECT_EQ(kafka::find_header(one.headers, "error"), "2 graders ended while they had it");
  }
  EXPECT_EQ(dead_letters, 1);
}

TEST_F(ServiceTest, WhatIsGivenUpElsewhereAndWasAnsweredHereKeepsItsAnswer) {
  start(accept);
  kafka::Record healthy = record("a");
  healthy.headers.emplace_back("request_id", "a");
  consumer_.add(healthy);
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  healthy.crashes = 2;
  consumer_.add(healthy);

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kAccepted, Verdict::kAccepted));
  EXPECT_EQ(producer_.published().size(), 2U) << "and a dead letter";
}

TEST_F(ServiceTest, WhatIsGivenUpIsNeitherAnsweredNorDoneBeforeItsLetterIsDelivered) {
  producer_.hold(true);
  start(accept);
  kafka::Record deadly = record("a");
  deadly.headers.emplace_back("request_id", "a");
  deadly.crashes = 2;
  consumer_.add(deadly);
  ASSERT_TRUE(eventually([&] { return producer_.published().size() == 1; }));
  EXPECT_EQ(producer_.published()[0].topic, "grading.dead-letters");
  EXPECT_TRUE(verdicts().empty());

  producer_.release();  // the letter
  EXPECT_TRUE(consumer_.done_offsets().empty());
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kFarmError));
  producer_.release();  // the answer

  EXPECT_THAT(consumer_.done_offsets(), ElementsAre(0));
}

TEST_F(ServiceTest, ACancelThatIsOlderThanAnythingItMeansStopsNothing) {
  start(accept);
  kafka::Record cancel;
  cancel.timestamp_unix_ms = now_unix_ms() - Cancellations::kRemembered.count() - 1'000;
  cancel.value = encode_cancel({"run", {"a"}, std::nullopt});
  service_->on_cancel(cancel);
  kafka::Record old = record("a");
  old.timestamp_unix_ms = cancel.timestamp_unix_ms - 1;
  consumer_.add(old);

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kAccepted));
}

TEST_F(ServiceTest, ACancelThatCannotBeReadStopsNothing) {
  start(accept);
  kafka::Record cancel;
  cancel.value = "{";
  service_->on_cancel(cancel);
  consumer_.add(record("a"));

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kAccepted));
}

TEST_F(ServiceTest, IdleSlotsAreLentToARequestThatHasUseForThem) {
  std::latch together(3), seen(1), back(2);
  std::mutex mutex;
  std::set<int> slots;
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        const auto part = [&](int mine) {
          {
            const std::lock_guard lock(mutex);
            slots.insert(mine);
          }
          together.arrive_and_wait();
        };
        const auto lent = [&](int mine) {
          part(mine);
          seen.wait();
          back.count_down();
        };
        EXPECT_TRUE(seat.spare.lend(lent));
        EXPECT_TRUE(seat.spare.lend(lent));
        EXPECT_FALSE(seat.spare.lend(lent)) << "there is no fourth";
        EXPECT_FALSE(seat.spare.wanted_back());
        part(seat.slot);
        EXPECT_EQ(service_->activity().running().size(), 3U);
        seen.count_down();
        back.wait();
        return accept(request, seat);
      },
      3);
  consumer_.add(record("wide"));

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  EXPECT_EQ(slots, (std::set<int>{0, 1, 2}));
  EXPECT_TRUE(eventually([&] { return service_->activity().running().empty(); }));
  EXPECT_EQ(service_->activity().ended(), 1);
  end();
}

TEST_F(ServiceTest, ALentSlotIsWantedBackAsSoonAsARequestWaitsForIt) {
  std::latch first_may_end(1);
  std::atomic<bool> lent{false};
  std::atomic<bool> given_back{false};
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        if (request.request_id != "wide") return accept(request, seat);
        lent = seat.spare.lend(
            [&](int) { given_back = eventually([&] { return seat.spare.wanted_back(); }); });
        first_may_end.wait();
        EXPECT_TRUE(eventually([&] { return given_back.load(); }));
        return accept(request, seat);
      },
      2);
  consumer_.add(record("wide"));
  ASSERT_TRUE(eventually([&] { return lent.load(); }));
  consumer_.add(record("b"));
  consumer_.add(record("c"));

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_THAT(consumer_.done_offsets(), UnorderedElementsAre(1, 2));
  first_may_end.count_down();
  end();
}

TEST_F(ServiceTest, RedeliveredRequestIsAnsweredAgainWithoutBeingGradedAgain) {
  std::atomic<int> graded{0};
  start([&](const EvaluationRequest& request, const Seat& seat) {
    ++graded;
    return accept(request, seat);
  });
  consumer_.add(record("a"));
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  consumer_.add(record("a"));

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_EQ(graded, 1);
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kAccepted, Verdict::kAccepted));
  end();
}

TEST_F(ServiceTest, RepeatWhileTheFirstRunsIsAnsweredWithIt) {
  std::latch release(1);
  std::atomic<int> graded{0};
  start([&](const EvaluationRequest& request, const Seat& seat) {
    ++graded;
    release.wait();
    return accept(request, seat);
  });
  consumer_.add(record("a"));
  consumer_.add(record("a"));
  ASSERT_TRUE(
      eventually([&] { return consumer_.waiting() == 0 && graded == 1 && service_->busy() == 1; }));
  release.count_down();

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_EQ(graded, 1);
  end();
}

TEST_F(ServiceTest, WhatIsAskedAgainAfterACancelIsGradedThoughTheFirstStillRuns) {
  std::atomic<int> begun{0};
  std::latch release(1);
  start([&](const EvaluationRequest& request, const Seat& seat) {
    EvaluationResult result = accept(request, seat);
    if (++begun > 1) return result;
    EXPECT_TRUE(eventually([&] { return seat.stop.requested().load(); }));
    release.wait();
    result.verdict = Verdict::kCancelled;
    return result;
  });
  kafka::Record first = record("a");
  first.timestamp_unix_ms = 1'000;
  consumer_.add(first);
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  kafka::Record cancel;
  cancel.timestamp_unix_ms = now_unix_ms();
  cancel.value = encode_cancel({"run", {"a"}, std::nullopt});
  service_->on_cancel(cancel);
  kafka::Record copy = first;  // of the one that was taken back
  consumer_.add(copy);
  kafka::Record again = first;
  again.timestamp_unix_ms = cancel.timestamp_unix_ms + 1;
  consumer_.add(again);
  ASSERT_TRUE(eventually([&] { return consumer_.waiting() == 0 && service_->busy() == 1; }));
  release.count_down();

  EXPECT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 3; }));
  EXPECT_THAT(verdicts(),
              UnorderedElementsAre(Verdict::kCancelled, Verdict::kCancelled, Verdict::kAccepted));
  EXPECT_EQ(begun, 2);
  end();
}

TEST_F(ServiceTest, SameIdWithAnotherBodyIsRejected) {
  start(accept);
  consumer_.add(record("a", "one"));
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  consumer_.add(record("a", "two"));

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 2; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kAccepted, Verdict::kRejected));
}

TEST_F(ServiceTest, RecordWithoutReplyTopicBecomesADeadLetterAndIsNotGraded) {
  start([](const EvaluationRequest& request, const Seat& seat) {
    ADD_FAILURE() << "graded";
    return accept(request, seat);
  });
  kafka::Record orphan = record("a");
  orphan.headers.clear();
  consumer_.add(orphan);

  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  ASSERT_EQ(producer_.published().size(), 1U);
  EXPECT_EQ(producer_.published()[0].topic, "grading.dead-letters");
}

TEST_F(ServiceTest, UnreadableRequestIsRejectedAndKeptAsADeadLetter) {
  start(accept);
  kafka::Record broken = record("a");
  broken.value = "{\"request_id\"";
  consumer_.add(broken);

  ASSERT_TRUE(eventually(
      [&] { return consumer_.done_offsets().size() == 1 && producer_.published().size() == 2; }));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::kRejected));
}

TEST_F(ServiceTest, StopLetsRunningRequestsFinishAndAnswersThem) {
  std::latch begun(1);
  std::latch release(1);
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        begun.count_down();
        release.wait();
        return accept(request, seat);
      },
      1);
  consumer_.add(record("running"));
  consumer_.add(record("waiting"));
  begun.wait();

  service_->request_stop();
  release.count_down();
  loop_.join();

  EXPECT_TRUE(*ended_);
  EXPECT_THAT(consumer_.done_offsets(), ElementsAre(0));
  EXPECT_EQ(consumer_.waiting(), 1U) << "left for another grader";
  EXPECT_TRUE(consumer_.closed());
  end();
}

TEST_F(ServiceTest, WhatTheDrainTimeoutCutsOffIsLeftUncommitted) {
  std::latch begun(1);
  std::latch release(1);
  start(
      [&](const EvaluationRequest& request, const Seat& seat) {
        begun.count_down();
        release.wait();
        return accept(request, seat);
      },
      1, Milliseconds(1));
  consumer_.add(record("endless"));
  begun.wait();

  service_->request_stop();
  loop_.join();

  EXPECT_TRUE(consumer_.done_offsets().empty());
  EXPECT_EQ(service_->busy(), 1);
  release.count_down();
  end();
}

TEST_F(ServiceTest, RunsBeyondTheFirstOfEachCaseAreCountedAsRetries) {
  start([](const EvaluationRequest& request, const Seat& seat) {
    EvaluationResult result = accept(request, seat);
    result.cases.resize(4);
    for (int i = 0; i < 4; ++i)
      result.cases[static_cast<std::size_t>(i)].attempts = i;  // 0: not run
    return result;
  });
  consumer_.add(record("a"));
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));

  EXPECT_THAT(metrics_.text(), HasSubstr("gradefarm_retries_total{pool=\"cpu\"} 3\n"));
}

TEST_F(ServiceTest, AnswersOfEveryKindAreOfferedAsBadCases) {
  BadCaseSettings keep;
  keep.filter = *BadCaseFilter::parse("sample:1");
  keep.topic = &producer_;
  BadCases bad_cases(std::move(keep), metrics_);
  bad_cases_ = &bad_cases;
  start(accept);
  consumer_.add(record("a", "one"));
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));
  consumer_.add(record("a", "two"));  // the same id with another body
  kafka::Record broken = record("b");
  broken.value = "{\"request_id\":\"b\"}";
  consumer_.add(broken);
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 3; }));
  end();
  bad_cases.close();

  std::vector<std::string> kept;
  for (const auto& one : producer_.published()) {
    if (one.topic != "grading.bad-cases") continue;
    const auto bad_case = decode_bad_case(one.value);
    ASSERT_TRUE(bad_case);
    kept.push_back(std::string(word(bad_case->result.verdict)) + " " + bad_case->request);
  }
  EXPECT_THAT(kept, UnorderedElementsAre("accepted " + record("a", "one").value,
                                         "rejected " + record("a", "two").value,
                                         "rejected {\"request_id\":\"b\"}"));
}

TEST_F(ServiceTest, RequestsAreCountedByLanguageAndVerdict) {
  metrics_.declare_language("python", true);
  start(accept);
  consumer_.add(record("a"));
  ASSERT_TRUE(eventually([&] { return consumer_.done_offsets().size() == 1; }));

  EXPECT_THAT(
      metrics_.text(),
      HasSubstr(
          "gradefarm_requests_total{language=\"python\",pool=\"cpu\",verdict=\"accepted\"} 1"));
}

}  // namespace
}  // namespace farm::service
