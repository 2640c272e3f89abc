// The client library against the embedded broker and graders that answer as each test tells them.
#include "producer/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "grader/kafka/blob_store.h"
#include "grader/kafka/embedded_broker.h"
#include "grader/kafka/tail.h"
#include "grader/os/sha256.h"
#include "producer/random_name.h"
#include "schemas/cancel.h"
#include "schemas/topics.h"
#include "tests/support/scripted_grader.h"

namespace farm::producer {
namespace {

using kafka::Record;
using test::ScriptedGrader;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::chrono::seconds kDeadline{60};  // of what must happen; no test waits for it to pass

void answer_once(ScriptedGrader& grader, const Record& request) {
  grader.answer(request, ScriptedGrader::accepted(request));
}

std::string request_json(const std::string& id, const std::string& code = "pass") {
  return R"({"schema_version":1,"trainer":"run-17","request_id":")" + id +
         R"(","submission":{"language":"python","code":")" + code +
         R"("},"evaluation":{"type":"run"}})";
}

// Results by id, as they come.
class Inbox {
 public:
  OnResult slot() {
    return [this](EvaluationResult result) {
      const std::scoped_lock lock(mutex_);
      results_[result.request_id].push_back(std::move(result));
      ++count_;
      changed_.notify_all();
    };
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return count_ >= count; });
  }
  std::map<std::string, std::vector<EvaluationResult>> results() {
    const std::scoped_lock lock(mutex_);
    return results_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<EvaluationResult>> results_;
  int count_ = 0;
};

class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    auto broker = kafka::EmbeddedBroker::create();
    ASSERT_TRUE(broker) << broker.error().text();
    broker_ = std::move(broker).value();
    ASSERT_TRUE(broker_->create_topic("grading.requests.cpu", kafka::EmbeddedBroker::kPartitions));
  }

  kafka::ClientConfig kafka_config() const {
    kafka::ClientConfig config;
    config.brokers = broker_->bootstrap();
    config.kind = kafka::BrokerKind::kEmbedded;
    return config;
  }
  ClientOptions options() const {
    ClientOptions options;
    options.kafka = kafka_config();
    options.trainer = "run-17";
    return options;
  }
  static std::unique_ptr<Client> connect(ClientOptions options) {
    auto client = Client::create(std::move(options));
    EXPECT_TRUE(client) << client.error().text();
    return client ? std::move(client).value() : nullptr;
  }
  std::unique_ptr<ScriptedGrader> grader(ScriptedGrader::Script script) const {
    return std::make_unique<ScriptedGrader>(kafka_config(), "cpu", std::move(script));
  }
  static EvaluationResult get(std::future<EvaluationResult> future) {
    if (future.wait_for(kDeadline) != std::future_status::ready) {
      ADD_FAILURE() << "no result in time";
      return {};
    }
    return future.get();
  }
  template <typename Condition>
  static bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }

  std::unique_ptr<kafka::EmbeddedBroker> broker_;
};

// A directory for blobs, removed at the end.
class ClientBlobTest : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    directory_ = std::filesystem::temp_directory_path() / ("client-test-" + random_name());
    auto store = kafka::BlobStore::open(directory_);
    ASSERT_TRUE(store) << store.error().text();
    store_.emplace(std::move(store).value());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  ClientOptions blob_options() const {
    ClientOptions options = this->options();
    options.blob_dir = directory_;
    options.inline_limit = kib(1);
    return options;
  }
  std::string envelope_of(const Record& request, const BlobReference& blob) const {
    BlobEnvelope envelope;
    envelope.request_id = ScriptedGrader::header(request, headers::kRequestId);
    envelope.trainer = ScriptedGrader::header(request, headers::kTrainer);
    envelope.blob = blob;
    return encode_blob_envelope(envelope);
  }

  std::filesystem::path directory_;
  std::optional<kafka::BlobStore> store_;
};

TEST_F(ClientTest, EveryRequestIsAnsweredExactlyOnce) {
  auto answering = grader(answer_once);
  auto client = connect(options());
  Inbox inbox;

  for (int i = 0; i < 300; ++i) client->submit_json(request_json(std::to_string(i)), inbox.slot());

  ASSERT_TRUE(inbox.wait_for(300));
  const auto results = inbox.results();
  EXPECT_THAT(results, SizeIs(300));
  for (const auto& [id, answers] : results) {
    EXPECT_THAT(answers, SizeIs(1)) << id;
    EXPECT_EQ(answers[0].verdict, Verdict::kAccepted) << id;
  }
  EXPECT_EQ(client->stats().answered, 300);
  EXPECT_EQ(client->stats().outstanding, 0);
}

TEST_F(ClientTest, TypedRequestComesBackThroughAFuture) {
  auto answering = grader(answer_once);
  auto client = connect(options());
  auto request = decode_request(request_json("typed"));
  ASSERT_TRUE(request) << request.error().text();
  request->deadline_unix_ms = 4'102'444'800'000;  // the year 2100

  const auto result = get(client->submit(*request));

  EXPECT_EQ(result.request_id, "typed");
  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(ScriptedGrader::header(answering->seen().at(0), headers::kDeadline), "4102444800000");
}

TEST_F(ClientTest, RecordBearsTheHeadersOfTheContract) {
  auto answering = grader(answer_once);
  auto client = connect(options());

  get(client->submit_json(request_json("a")));

  const Record record = answering->seen().at(0);
  EXPECT_EQ(record.value, request_json("a"));
  EXPECT_EQ(ScriptedGrader::header(record, headers::kReplyTopic), "grading.replies.run-17");
  EXPECT_THAT(ScriptedGrader::header(record, headers::kCorrelationId), HasSubstr(":a"));
  EXPECT_EQ(ScriptedGrader::header(record, headers::kRequestId), "a");
  EXPECT_EQ(ScriptedGrader::header(record, headers::kTrainer), "run-17");
  EXPECT_EQ(ScriptedGrader::header(record, headers::kAttempt), "1");
  EXPECT_FALSE(kafka::find_header(record.headers, headers::kDeadline));
}

TEST_F(ClientTest, SecondAnswersAreDroppedAndCounted) {
  auto answering = grader([](ScriptedGrader& self, const Record& request) {
    for (int i = 0; i < 3; ++i) answer_once(self, request);
  });
  auto client = connect(options());
  Inbox inbox;

  for (int i = 0; i < 50; ++i) client->submit_json(request_json(std::to_string(i)), inbox.slot());

  EXPECT_TRUE(eventually([&] { return client->stats().duplicate_answers == 100; }));
  for (const auto& [id, answers] : inbox.results()) EXPECT_THAT(answers, SizeIs(1)) << id;
}

TEST_F(ClientTest, AnswersForNobodyAreIgnoredAndCounted) {
  auto answering = grader([](ScriptedGrader& self, const Record& request) {
    self.reply_as(request, "another client:" + ScriptedGrader::header(request, headers::kRequestId),
                  "not for us, so it is not even read");
    self.reply_as(request, "", "without a correlation id");
    const std::string ours = ScriptedGrader::header(request, headers::kCorrelationId);
    self.reply_as(request, ours + "-never-asked", "for an id that nobody waits for");
    answer_once(self, request);
  });
  auto client = connect(options());

  EXPECT_EQ(get(client->submit_json(request_json("a"))).verdict, Verdict::kAccepted);
  EXPECT_TRUE(eventually([&] { return client->stats().unknown_answers == 3; }));
  EXPECT_EQ(client->stats().unreadable_answers, 0);
}

TEST_F(ClientTest, ClientsOnOneReplyTopicDoNotTakeEachOthersAnswers) {
  auto answering = grader([](ScriptedGrader& self, const Record& request) {
    auto result = ScriptedGrader::accepted(request);
    result.message = request.value;
    self.answer(request, result);
  });
  auto one = connect(options());
  auto two = connect(options());

  auto answer_one = one->submit_json(request_json("same", "one"));
  auto answer_two = two->submit_json(request_json("same", "two"));

  EXPECT_EQ(get(std::move(answer_one)).message, request_json("same", "one"));
  EXPECT_EQ(get(std::move(answer_two)).message, request_json("same", "two"));
}

TEST_F(ClientTest, LostRequestIsPublishedAgainUnderTheSameId) {
  auto answering = grader([](ScriptedGrader& self, const Record& request) {
    if (ScriptedGrader::header(request, headers::kAttempt) != "1") answer_once(self, request);
  });
  auto setup = options();
  setup.resubmit_after = Milliseconds{100};
  auto client = connect(setup);

  EXPECT_EQ(get(client->submit_json(request_json("lost"))).verdict, Verdict::kAccepted);

  const auto seen = answering->seen();
  EXPECT_EQ(ScriptedGrader::header(seen.at(1), headers::kAttempt), "2");
  EXPECT_EQ(seen.at(1).value, seen.at(0).value);
  EXPECT_GE(client->stats().resubmitted, 1);
}

TEST_F(ClientTest, UnreadableReplyIsIgnoredAndTheRequestAskedAgain) {
  std::atomic<bool> ignored = false;
  auto answering = grader([&](ScriptedGrader& self, const Record& request) {
    if (ignored) return answer_once(self, request);
    self.reply(request, "{\"verdict\":\"acc");
  });
  auto setup = options();
  setup.resubmit_after = Milliseconds{100};
  auto client = connect(setup);

  auto answer = client->submit_json(request_json("a"));
  EXPECT_TRUE(eventually([&] { return client->stats().unreadable_answers > 0; }));
  ignored = true;

  EXPECT_EQ(get(std::move(answer)).verdict, Verdict::kAccepted);
}

TEST_F(ClientTest, WithoutAGraderTheResultSaysSo) {
  auto setup = options();
  setup.request_timeout = Milliseconds{200};
  auto client = connect(setup);

  const auto result = get(client->submit_json(request_json("a")));

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_EQ(result.trainer, "run-17");
  EXPECT_THAT(result.message,
              HasSubstr("no answer within 200 ms; is a grader running for pool cpu?"));
  EXPECT_EQ(client->stats().timed_out, 1);
}

TEST_F(ClientTest, WindowHoldsBackWhatWouldExceedIt) {
  std::mutex mutex;
  std::vector<Record> held;
  auto answering = grader([&](ScriptedGrader&, const Record& request) {
    const std::scoped_lock lock(mutex);
    held.push_back(request);
  });
  auto setup = options();
  setup.max_outstanding = Bytes{static_cast<std::int64_t>(2 * request_json("1").size())};
  auto client = connect(setup);
  Inbox inbox;
  client->submit_json(request_json("1"), inbox.slot());
  client->submit_json(request_json("2"), inbox.slot());

  std::string third = request_json("3");
  OnResult slot = inbox.slot();
  EXPECT_FALSE(client->try_submit_json(third, slot));
  EXPECT_EQ(third, request_json("3"));
  EXPECT_FALSE(client->wait_for_room(third.size(), Milliseconds{0}));

  std::thread blocked([&] { client->submit_json(request_json("4"), inbox.slot()); });
  ASSERT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return held.size() == 2;
  }));
  for (const auto& request : held) answer_once(*answering, request);
  blocked.join();
  ASSERT_TRUE(client->wait_for_room(third.size(), kDeadline));
  EXPECT_TRUE(client->try_submit_json(third, slot));

  ASSERT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return held.size() == 4;
  }));
  answer_once(*answering, held[2]);
  answer_once(*answering, held[3]);
  EXPECT_TRUE(inbox.wait_for(4));
}

TEST_F(ClientTest, SameIdUnderWayIsRejectedAndTheFirstStillAnswered) {
  std::atomic<bool> release = false;
  auto answering = grader([&](ScriptedGrader& self, const Record& request) {
    EXPECT_TRUE(eventually([&] { return release.load(); }));
    answer_once(self, request);
  });
  auto client = connect(options());
  auto first = client->submit_json(request_json("a"));

  const auto second = get(client->submit_json(request_json("a")));
  release = true;

  EXPECT_EQ(second.verdict, Verdict::kRejected);
  EXPECT_THAT(second.message, HasSubstr("under way"));
  EXPECT_EQ(get(std::move(first)).verdict, Verdict::kAccepted);
  EXPECT_THAT(answering->seen(), SizeIs(1));
}

TEST_F(ClientTest, RequestWithoutAReadableIdIsRejectedHere) {
  auto client = connect(options());

  for (const char* text : {"{}", "not json", R"({"request_id":17})"}) {
    EXPECT_EQ(get(client->submit_json(text)).verdict, Verdict::kRejected) << text;
  }
  EXPECT_EQ(client->stats().submitted, 0);
}

TEST_F(ClientTest, TooLargeWithoutABlobDirectoryIsRejectedNamingBothSizes) {
  auto client = connect(options());

  const auto result = get(client->submit_json(request_json("large", std::string(300 * 1024, 'x'))));

  EXPECT_EQ(result.request_id, "large");
  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_THAT(result.message, HasSubstr("301 KiB"));
  EXPECT_THAT(result.message, HasSubstr("256 KiB"));
}

TEST_F(ClientTest, ResultAsABlobWithoutADirectoryIsAFarmError) {
  auto answering = grader([](ScriptedGrader& self, const Record& request) {
    BlobEnvelope envelope;
    envelope.request_id = "a";
    envelope.trainer = "run-17";
    envelope.blob = {std::string(64, '0'), 1, "file:00/0.zst"};
    self.reply(request, encode_blob_envelope(envelope));
  });
  auto client = connect(options());

  const auto result = get(client->submit_json(request_json("a")));

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_THAT(result.message, HasSubstr("no blob directory"));
}

TEST_F(ClientBlobTest, LargeRequestTravelsAsABlob) {
  std::string fetched;
  auto answering = grader([&](ScriptedGrader& self, const Record& request) {
    auto envelope = decode_blob_envelope(request.value);
    ASSERT_TRUE(envelope) << envelope.error().text();
    ASSERT_TRUE(envelope->has_value());
    auto content = store_->get((*envelope)->blob, mib(1), Milliseconds{1000});
    ASSERT_TRUE(content) << content.error().text();
    fetched = std::move(content).value();
    answer_once(self, request);
  });
  auto client = connect(blob_options());
  const std::string request = request_json("large", std::string(5000, 'x'));

  EXPECT_EQ(get(client->submit_json(request)).verdict, Verdict::kAccepted);
  EXPECT_EQ(fetched, request);
}

TEST_F(ClientBlobTest, LargeResultIsFetched) {
  auto answering = grader([&](ScriptedGrader& self, const Record& request) {
    auto result = ScriptedGrader::accepted(request);
    result.message = std::string(5000, 'y');
    auto blob = store_->put(encode_result(result));
    ASSERT_TRUE(blob) << blob.error().text();
    self.reply(request, envelope_of(request, *blob));
  });
  auto client = connect(blob_options());

  EXPECT_EQ(get(client->submit_json(request_json("a"))).message, std::string(5000, 'y'));
}

TEST_F(ClientBlobTest, ResultWhoseBlobIsGoneIsAskedForAgain) {
  std::atomic<bool> missed = false;
  auto answering = grader([&](ScriptedGrader& self, const Record& request) {
    if (missed) return answer_once(self, request);
    const std::string hash = os::sha256_hex("never stored");
    const std::string location = "file:" + hash.substr(0, 2) + "/" + hash + ".zst";
    self.reply(request, envelope_of(request, {hash, 12, location}));
  });
  auto client = connect(blob_options());  // overdue only after 15 s: this is about the fetch

  auto answer = client->submit_json(request_json("a"));
  EXPECT_TRUE(eventually([&] { return client->stats().unreadable_answers > 0; }));
  missed = true;

  EXPECT_EQ(get(std::move(answer)).verdict, Verdict::kAccepted);
}

TEST_F(ClientTest, BrokerThatIsAwayForAWhileLosesNothing) {
  auto answering = grader(answer_once);
  auto setup = options();
  setup.resubmit_after = Milliseconds{500};
  auto client = connect(setup);
  Inbox inbox;
  client->submit_json(request_json("before"), inbox.slot());
  ASSERT_TRUE(inbox.wait_for(1));

  broker_->set_reachable(false);
  for (int i = 0; i < 20; ++i) client->submit_json(request_json(std::to_string(i)), inbox.slot());
  broker_->set_reachable(true);

  EXPECT_TRUE(inbox.wait_for(21));
  for (const auto& [id, answers] : inbox.results()) {
    EXPECT_THAT(answers, SizeIs(1)) << id;
    EXPECT_EQ(answers[0].verdict, Verdict::kAccepted) << id;
  }
}

TEST_F(ClientTest, PublishThatTheBrokerRefusesForNowIsRetried) {
  auto answering = grader(answer_once);
  auto client = connect(options());

  broker_->fail_next_produces(3);

  EXPECT_EQ(get(client->submit_json(request_json("a"))).verdict, Verdict::kAccepted);
}

TEST_F(ClientTest, ClosingResolvesTheRestAsCancelled) {
  auto client = connect(options());
  auto waiting = client->submit_json(request_json("a"));

  client->close();

  EXPECT_EQ(get(std::move(waiting)).verdict, Verdict::kCancelled);
  EXPECT_EQ(get(client->submit_json(request_json("b"))).verdict, Verdict::kCancelled);
}

TEST_F(ClientTest, TakingAStepBackResolvesItsFuturesAndTellsEveryGrader) {
  std::mutex mutex;
  std::vector<Cancel> heard;
  auto cancels = kafka::Tail::create(
      kafka_config(), std::string(topics::kCancels),
      [&](const Record& record) {
        const std::scoped_lock lock(mutex);
        heard.push_back(*decode_cancel(record.value));
      },
      kafka::Tail::From::kBeginning);
  ASSERT_TRUE(cancels) << cancels.error().text();
  auto client = connect(options());
  const auto of_step = [](const std::string& id, int step) {
    return R"({"step":)" + std::to_string(step) + "," + request_json(id).substr(1);
  };
  std::vector<std::future<EvaluationResult>> of_7;
  for (int i = 0; i < 2'000; ++i)
    of_7.push_back(client->submit_json(of_step("a" + std::to_string(i), 7)));
  auto of_8 = client->submit_json(of_step("b", 8));

  EXPECT_EQ(client->cancel_step(7), 2'000);

  for (auto& one : of_7) {
    ASSERT_EQ(one.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_EQ(one.get().verdict, Verdict::kCancelled);
  }
  EXPECT_NE(of_8.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return heard.size() == 2;
  }));
  for (const Cancel& cancel : heard) {
    EXPECT_EQ(cancel.trainer, "run-17");
    EXPECT_EQ(cancel.request_ids.size(), Cancel::kMaxIds);
  }
  auto answering = grader(answer_once);
  EXPECT_EQ(get(client->submit_json(of_step("c", 7))).verdict, Verdict::kAccepted);
}

TEST_F(ClientTest, ClosingReleasesWhoWaitsForRoom) {
  auto setup = options();
  setup.max_requests = 1;
  auto client = connect(setup);
  auto first = client->submit_json(request_json("1"));
  std::future<EvaluationResult> second;
  std::thread blocked([&] { second = client->submit_json(request_json("2")); });

  client->close();
  blocked.join();

  EXPECT_EQ(get(std::move(first)).verdict, Verdict::kCancelled);
  EXPECT_EQ(get(std::move(second)).verdict, Verdict::kCancelled);
}

TEST_F(ClientTest, ManyThreadsMaySubmit) {
  auto answering = grader(answer_once);
  auto setup = options();
  setup.max_requests = 16;  // so that they also wait for each other
  auto client = connect(setup);
  Inbox inbox;

  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        client->submit_json(request_json(std::to_string(t) + "-" + std::to_string(i)),
                            inbox.slot());
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_TRUE(inbox.wait_for(200));
  EXPECT_THAT(inbox.results(), SizeIs(200));
}

TEST_F(ClientTest, NamesThatCannotBeTopicsAreRefused) {
  auto trainer = options();
  trainer.trainer = "run 17";
  auto reply = options();
  reply.reply_topic = "grading.requests.cpu";

  for (const auto& bad : {trainer, reply}) {
    const auto client = Client::create(bad);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, ErrorCode::kInvalidRequest);
  }
}

TEST(Client, BrokerThatIsNotThereIsNamed) {
  ClientOptions options;
  options.kafka.brokers = "127.0.0.1:1";
  options.trainer = "run-17";
  options.connect_timeout = Milliseconds{100};

  const auto client = Client::create(options);

  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(client.error().text(), HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace farm::producer
