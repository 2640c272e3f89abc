// Exchange with a producer that is not Kafka: what it does when publishing fails, and its threads
// under ThreadSanitizer (which librdkafka's C11 threads do not survive, so the tests against a
// broker cannot show that).
#include "producer/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "schemas/lanes.h"
#include "schemas/topics.h"

namespace farm::producer {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::int64_t now_unix_ms() {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

constexpr std::chrono::seconds kDeadline{60};  // of what must happen; no test waits for it to pass

// Hands each record to `fate` on a thread of its own, as Kafka's reports come, and then to
// `arrived`.
class FakeProducer final : public kafka::Producer {
 public:
  using Fate = std::function<Expected<kafka::Delivery>(const kafka::OutgoingRecord&)>;
  using Arrived = std::function<void(const kafka::OutgoingRecord&)>;

  FakeProducer(Fate fate, Arrived arrived)
      : fate_(std::move(fate)), arrived_(std::move(arrived)), thread_([this] { run(); }) {}
  ~FakeProducer() override { stop(); }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Expected<Done> publish(kafka::OutgoingRecord record, OnDelivery on_delivery) override {
    if (refusals > 0) {
      --refusals;
      return exhausted("local queue full");
    }
    if (record.topic == topics::kCancels) cancelled_unix_ms = now_unix_ms();
    const std::scoped_lock lock(mutex_);
    queue_.emplace_back(std::move(record), std::move(on_delivery));
    changed_.notify_all();
    return Done{};
  }
  Expected<Done> warm(const std::vector<std::string>&, Milliseconds) override { return Done{}; }
  Expected<int> partitions(const std::string&, Milliseconds) override { return 1; }
  Expected<Done> flush(Milliseconds) override { return Done{}; }

  std::atomic<int> refusals = 0;
  std::atomic<std::int64_t> cancelled_unix_ms = 0;  // when the last cancel was published

 private:
  void run() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      auto [record, on_delivery] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      auto delivery = fate_(record);
      const bool delivered = delivery.has_value();
      on_delivery(std::move(delivery));
      if (delivered) arrived_(record);
    }
  }

  Fate fate_;
  Arrived arrived_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<kafka::OutgoingRecord, OnDelivery>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

Expected<kafka::Delivery> delivered(const kafka::OutgoingRecord&) { return kafka::Delivery{0, 0}; }

// How often each id was resolved.
class Resolutions {
 public:
  OnResult slot() {
    return [this](const EvaluationResult& result) {
      const std::scoped_lock lock(mutex_);
      ++count_[result.request_id];
    };
  }
  std::map<std::string, int> counts() {
    const std::scoped_lock lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> count_;
};

class ExchangeTest : public testing::Test {
 protected:
  // A farm that delivers as `fate` says, and answers `copies` times.
  void start(FakeProducer::Fate fate, int copies = 1) {
    producer_ = std::make_unique<FakeProducer>(std::move(fate), [this, copies](const auto& record) {
      for (int i = 0; i < copies; ++i) answer(record);
    });
    exchange_ = std::make_unique<Exchange>(options_, *producer_, std::nullopt);
    ready_.set_value();
  }
  void TearDown() override {
    exchange_->close();
    producer_->stop();
  }

  static Submitted submitted(const std::string& id) {
    Submitted submitted;
    submitted.json = "{}";
    submitted.identity.request_id = id;
    submitted.identity.trainer = "run-17";
    return submitted;
  }
  EvaluationResult ask(const std::string& id) {
    std::promise<EvaluationResult> promise;
    auto future = promise.get_future();
    exchange_->submit(
        submitted(id), [&](EvaluationResult result) { promise.set_value(std::move(result)); },
        Exchange::Wait::kForRoom);
    EXPECT_EQ(future.wait_for(kDeadline), std::future_status::ready);
    return future.get();
  }

  ExchangeOptions options_ = {"cpu",
                              "grading.replies.run-17",
                              {mib(1), 1000, Milliseconds{60'000}, Milliseconds{60'000}},
                              kib(1),
                              mib(1)};
  std::unique_ptr<FakeProducer> producer_;
  std::unique_ptr<Exchange> exchange_;

 private:
  void answer(const kafka::OutgoingRecord& record) {
    started_.wait();
    kafka::Record reply;
    for (const auto& [key, value] : record.headers) {
      if (key == headers::kCorrelationId) reply.headers.emplace_back(key, value);
    }
    EvaluationResult result;
    result.request_id = record.key;
    result.trainer = "run-17";
    result.verdict = Verdict::kAccepted;
    result.passed = result.total = 1;
    reply.value = encode_result(result);
    exchange_->on_reply(reply);
  }

  std::promise<void> ready_;
  std::shared_future<void> started_ = ready_.get_future().share();
};

TEST_F(ExchangeTest, PublishRefusedLocallyIsRetried) {
  start(delivered);
  producer_->refusals = 1;

  EXPECT_EQ(ask("a").verdict, Verdict::kAccepted);
  EXPECT_EQ(exchange_->stats().delivery_retries, 1);
}

TEST_F(ExchangeTest, FailedDeliveryIsRetried) {
  std::atomic<int> attempts = 0;
  start([&](const kafka::OutgoingRecord& record) -> Expected<kafka::Delivery> {
    if (++attempts == 1) return unavailable("no broker");
    return delivered(record);
  });

  EXPECT_EQ(ask("a").verdict, Verdict::kAccepted);
  EXPECT_EQ(attempts, 2);
}

TEST_F(ExchangeTest, DeliveryThatCanNeverSucceedIsAFarmErrorThatNamesTheTopic) {
  start([](const kafka::OutgoingRecord&) -> Expected<kafka::Delivery> {
    return invalid_request("unknown topic");
  });

  const auto result = ask("a");

  EXPECT_EQ(result.request_id, "a");
  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_THAT(result.message, HasSubstr("publish to grading.requests.cpu: unknown topic"));
  EXPECT_EQ(exchange_->stats().outstanding, 0);
}

TEST_F(ExchangeTest, TimeoutTellsWhyPublishingFailed) {
  options_.limits.request_timeout = Milliseconds{100};
  start([](const kafka::OutgoingRecord&) -> Expected<kafka::Delivery> {
    return unavailable("broker is down");
  });

  const auto result = ask("a");

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_THAT(result.message, HasSubstr("The last publish failed: broker is down"));
}

TEST_F(ExchangeTest, RequestsOfThreadsThatShareASmallWindowAreResolvedOnceEach) {
  options_.limits.max_requests = 8;
  start(delivered, 2);
  Resolutions resolutions;

  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 250; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        exchange_->submit(submitted(id), resolutions.slot(), Exchange::Wait::kForRoom);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(exchange_->wait_for_room(0, Milliseconds{kDeadline}));
  exchange_->close();

  const auto counts = resolutions.counts();
  EXPECT_THAT(counts, SizeIs(1000));
  for (const auto& [id, count] : counts) EXPECT_EQ(count, 1) << id;
}

TEST_F(ExchangeTest, ClosingWhileAnswersComeResolvesEachRequestOnce) {
  start(delivered, 2);
  Resolutions resolutions;
  std::atomic<int> submissions = 0;

  std::thread submitting([&] {
    for (int i = 0; i < 2000; ++i) {
      exchange_->submit(submitted(std::to_string(i)), resolutions.slot(), Exchange::Wait::kForRoom);
      ++submissions;
    }
  });
  while (submissions < 500) std::this_thread::yield();
  exchange_->close();
  const auto at_close = exchange_->stats();
  submitting.join();

  EXPECT_EQ(at_close.outstanding, 0);
  const auto counts = resolutions.counts();
  EXPECT_THAT(counts, SizeIs(2000));
  for (const auto& [id, count] : counts) EXPECT_EQ(count, 1) << id;
}

TEST_F(ExchangeTest, WhatIsTakenBackIsResolvedBeforeCancelReturnsAndGradersAreTold) {
  std::mutex mutex;
  std::vector<Cancel> told;
  // No request is ever delivered.
  start([&](const kafka::OutgoingRecord& record) -> Expected<kafka::Delivery> {
    if (record.topic == topics::kCancels) {
      const std::scoped_lock lock(mutex);
      told.push_back(*decode_cancel(record.value));
      return delivered(record);
    }
    return unavailable("not yet");
  });
  std::map<std::string, Verdict> results;
  const auto submit = [&](const std::string& id, std::optional<std::int64_t> step) {
    Submitted one = submitted(id);
    one.identity.step = step;
    exchange_->submit(
        one,
        [&](const EvaluationResult& result) {
          results[result.request_id] = result.verdict;
          // What is asked again from here on is not meant.
          EXPECT_GT(producer_->cancelled_unix_ms, 0);
          EXPECT_GT(now_unix_ms(), producer_->cancelled_unix_ms);
        },
        Exchange::Wait::kForRoom);
  };
  for (int i = 0; i < 20; ++i) submit("of-7-" + std::to_string(i), 7);
  submit("of-8", 8);
  submit("by-id", std::nullopt);

  EXPECT_EQ(exchange_->cancel_step(7), 20);
  EXPECT_THAT(results, SizeIs(20));
  EXPECT_EQ(exchange_->cancel({"by-id", "nobody's"}), 1);
  EXPECT_THAT(results, SizeIs(21));
  EXPECT_EQ(exchange_->cancel_step(7), 0);

  for (const auto& [id, verdict] : results) EXPECT_EQ(verdict, Verdict::kCancelled) << id;
  const auto both_told = [&] {
    const std::scoped_lock lock(mutex);
    return told.size() == 2;
  };
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!both_told() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  ASSERT_TRUE(both_told());
  EXPECT_EQ(told[0].trainer, "run-17");
  EXPECT_EQ(told[0].step, std::nullopt) << "a step of other clients of this trainer, too";
  EXPECT_THAT(told[0].request_ids, SizeIs(20));
  EXPECT_THAT(told[1].request_ids, testing::ElementsAre("by-id"));
  EXPECT_EQ(exchange_->stats().cancelled, 21);
  EXPECT_EQ(exchange_->stats().outstanding, 1);
  exchange_->close();
}

TEST_F(ExchangeTest, AnAnswerToWhatWasTakenBackIsNotOneToWhatIsAskedAgainUnderTheSameId) {
  std::mutex mutex;
  std::vector<std::string> correlations;
  start(
      [&](const kafka::OutgoingRecord& record) {
        const std::scoped_lock lock(mutex);
        const auto correlation = kafka::find_header(record.headers, headers::kCorrelationId);
        if (correlation) correlations.emplace_back(*correlation);
        return delivered(record);
      },
      0);
  const auto asked = [&](std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (std::chrono::steady_clock::now() < deadline) {
      const std::scoped_lock lock(mutex);
      if (correlations.size() == count) return true;
      std::this_thread::yield();
    }
    return false;
  };
  std::vector<Verdict> verdicts;
  const OnResult on_result = [&](const EvaluationResult& result) {
    verdicts.push_back(result.verdict);
  };
  const auto reply = [&](const std::string& correlation, Verdict verdict) {
    kafka::Record record;
    record.headers.emplace_back(std::string(headers::kCorrelationId), correlation);
    RequestIdentity identity;
    identity.request_id = "a:1";
    identity.trainer = "run-17";
    record.value = encode_result(unjudged_result(identity, verdict, "so"));
    exchange_->on_reply(record);
  };
  exchange_->submit(submitted("a:1"), on_result, Exchange::Wait::kForRoom);
  ASSERT_TRUE(asked(1));
  EXPECT_EQ(exchange_->cancel({"a:1"}), 1);
  exchange_->submit(submitted("a:1"), on_result, Exchange::Wait::kForRoom);
  ASSERT_TRUE(asked(2));

  reply(correlations[0], Verdict::kCancelled);
  EXPECT_EQ(exchange_->stats().outstanding, 1);
  EXPECT_EQ(exchange_->stats().duplicate_answers, 1);
  reply(correlations[1], Verdict::kExpired);

  EXPECT_THAT(verdicts, testing::ElementsAre(Verdict::kCancelled, Verdict::kExpired));
}

TEST_F(ExchangeTest, APriorityHasItsOwnTopicWhereThereIsOne) {
  std::mutex mutex;
  std::map<std::string, std::string> topic_of;
  options_.lanes = {Priority::kHigh};
  start([&](const kafka::OutgoingRecord& record) {
    const std::scoped_lock lock(mutex);
    topic_of[record.key] = record.topic;
    return delivered(record);
  });
  for (const Lane& lane : kLanes) {
    Submitted one = submitted("of" + std::string(lane.suffix));
    one.priority = lane.priority;
    std::promise<void> done;
    exchange_->submit(
        one, [&](const EvaluationResult&) { done.set_value(); }, Exchange::Wait::kForRoom);
    ASSERT_EQ(done.get_future().wait_for(kDeadline), std::future_status::ready);
  }

  EXPECT_EQ(topic_of["of"], "grading.requests.cpu");
  EXPECT_EQ(topic_of["of.high"], "grading.requests.cpu.high");
  EXPECT_EQ(topic_of["of.low"], "grading.requests.cpu");
}

TEST_F(ExchangeTest, ClosingWaitsForTheCallbackThatRuns) {
  start(delivered);
  std::promise<void> entered;
  std::atomic<bool> finished = false;
  std::promise<void> release;
  exchange_->submit(
      submitted("a"),
      [&, gate = release.get_future().share()](const EvaluationResult&) {
        entered.set_value();
        gate.wait();
        finished = true;
      },
      Exchange::Wait::kForRoom);
  entered.get_future().wait();

  std::thread closing([&] {
    exchange_->close();
    EXPECT_TRUE(finished);
  });
  release.set_value();
  closing.join();
}

}  // namespace
}  // namespace farm::producer
