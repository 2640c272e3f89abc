#include "grader/service/bad_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "grader/service/grading.h"
#include "tests/support/fake_kafka.h"

namespace farm::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

EvaluationRequest request_of(bool run_all_cases = false) {
  EvaluationRequest request;
  request.request_id = "a";
  request.trainer = "run";
  request.policy.run_all_cases = run_all_cases;
  return request;
}

EvaluationResult result_of(Verdict verdict, const std::vector<Verdict>& cases = {},
                           const std::string& id = "a") {
  EvaluationResult result;
  result.request_id = id;
  result.trainer = "run";
  result.verdict = verdict;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CaseResult one;
    one.index = static_cast<std::int64_t>(i);
    one.verdict = cases[i];
    result.cases.push_back(one);
  }
  return result;
}

bool takes(const std::string& filter, const EvaluationResult& result, bool run_all_cases = false) {
  const auto parsed = BadCaseFilter::parse(filter);
  EXPECT_TRUE(parsed) << filter;
  const EvaluationRequest request = request_of(run_all_cases);
  return parsed->takes(&request, result);
}

TEST(BadCaseFilter, TakesTheVerdictsThatItNames) {
  EXPECT_TRUE(takes("time_limit,memory_limit", result_of(Verdict::kTimeLimit)));
  EXPECT_TRUE(takes("time_limit,memory_limit", result_of(Verdict::kMemoryLimit)));
  EXPECT_FALSE(takes("time_limit,memory_limit", result_of(Verdict::kWrongAnswer)));
}

TEST(BadCaseFilter, TakesByFault) {
  EXPECT_TRUE(takes("fault:farm", result_of(Verdict::kFarmError)));
  EXPECT_FALSE(takes("fault:farm", result_of(Verdict::kRejected)));
  EXPECT_TRUE(takes("fault:request", result_of(Verdict::kRejected)));
  EXPECT_TRUE(takes("fault:request", result_of(Verdict::kExpired)));
  EXPECT_TRUE(takes("fault:submission", result_of(Verdict::kCompileError)));
  EXPECT_FALSE(takes("fault:submission", result_of(Verdict::kAccepted)));
}

TEST(BadCaseFilter, TakesRequestsWithCasesThatWereNotRun) {
  EXPECT_TRUE(takes("not_run",
                    result_of(Verdict::kWrongAnswer, {Verdict::kWrongAnswer, Verdict::kNotRun})));
  EXPECT_FALSE(takes("not_run", result_of(Verdict::kWrongAnswer, {Verdict::kWrongAnswer})));
}

TEST(BadCaseFilter, TotalWallIsNotEveryEarlyStop) {
  using enum Verdict;
  EXPECT_TRUE(takes("total_wall", result_of(kTimeLimit, {kAccepted, kNotRun})));
  EXPECT_TRUE(takes("total_wall", result_of(kTimeLimit, {kNotRun, kNotRun})));
  EXPECT_TRUE(takes("total_wall", result_of(kWrongAnswer, {kWrongAnswer, kNotRun}), true));

  EXPECT_FALSE(takes("total_wall", result_of(kWrongAnswer, {kWrongAnswer, kNotRun})))
      << "stopped at the first failure";
  EXPECT_FALSE(takes("total_wall", result_of(kCompileError, {kNotRun, kNotRun}), true));
  EXPECT_FALSE(takes("total_wall", result_of(kCancelled, {kAccepted, kNotRun})));
  EXPECT_FALSE(takes("total_wall", result_of(kTimeLimit, {kTimeLimit})));
}

TEST(BadCaseFilter, UnreadableRequestsAreTakenByVerdictAndFault) {
  const auto filter = BadCaseFilter::parse("rejected,total_wall");
  ASSERT_TRUE(filter);

  EXPECT_TRUE(filter->takes(nullptr, result_of(Verdict::kRejected)));
  EXPECT_FALSE(filter->takes(nullptr, result_of(Verdict::kFarmError)));
}

TEST(BadCaseFilter, SamplesTheSameShareOfIdsEveryTime) {
  const auto filter = BadCaseFilter::parse("sample:0.1");
  const auto again = BadCaseFilter::parse("sample:0.1");
  const auto more = BadCaseFilter::parse("sample:0.5");
  ASSERT_TRUE(filter && again && more);

  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto result = result_of(Verdict::kAccepted, {}, "request-" + std::to_string(i));
    const bool is_taken = filter->takes(nullptr, result);
    taken += is_taken ? 1 : 0;
    EXPECT_EQ(again->takes(nullptr, result), is_taken);
    if (is_taken) {
      EXPECT_TRUE(more->takes(nullptr, result)) << "a larger share holds the smaller";
    }
  }

  EXPECT_NEAR(taken, 1000, 120);
}

TEST(BadCaseFilter, ASampleOfOneIsEverything) {
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(takes("sample:1", result_of(Verdict::kAccepted, {}, std::to_string(i))));
}

TEST(BadCaseFilter, AnEmptyOneTakesNothing) {
  EXPECT_FALSE(takes("", result_of(Verdict::kFarmError)));
}

TEST(BadCaseFilter, WordsThatAreNoneAreQuoted) {
  for (const char* wrong : {"tle", "fault:", "fault:nobody", "sample:0", "sample:1.5", "sample:x",
                            "sample:nan", "time_limit,,not_run", " time_limit"}) {
    const auto refused = BadCaseFilter::parse(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
    EXPECT_THAT(refused.error().what, HasSubstr("'"));
  }
}

class BadCasesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "bad-cases-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    settings_.filter = *BadCaseFilter::parse("farm_error");
    settings_.grader = {"grader-1", "1", "sha256:ab"};
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void into_directory(Bytes max = mib(1)) {
    os::CappedDirectorySettings settings;
    settings.path = directory_ / "dumps";
    settings.max_bytes = max;
    settings.is_ours = is_bad_case_file_name;
    auto opened = os::CappedDirectory::open(settings);
    ASSERT_TRUE(opened);
    settings_.directory.emplace(*std::move(opened));
  }
  std::vector<BadCase> files() const {
    std::vector<BadCase> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / "dumps")) {
      std::ifstream file(entry.path());
      const auto one = decode_bad_case(std::string{std::istreambuf_iterator<char>(file), {}});
      EXPECT_TRUE(one) << entry.path();
      if (one) found.push_back(*one);
    }
    return found;
  }
  ::testing::Matcher<const std::string&> counted(const std::string& outcome, int times) const {
    return HasSubstr("gradefarm_bad_cases_total{outcome=\"" + outcome + "\",pool=\"cpu\"} " +
                     std::to_string(times) + "\n");
  }

  std::filesystem::path directory_;
  BadCaseSettings settings_;
  monitoring::Metrics metrics_{"test", "cpu"};
  farm::testing::FakeProducer producer_;
};

TEST_F(BadCasesTest, WhatTheFilterTakesIsKeptWholeAndNothingElse) {
  into_directory();
  BadCases bad_cases(std::move(settings_), metrics_);
  const EvaluationRequest request = request_of();

  bad_cases.offer(R"({"request_id": "a"})", &request, result_of(Verdict::kFarmError));
  bad_cases.offer("{}", &request, result_of(Verdict::kAccepted));
  bad_cases.close();

  const auto kept = files();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].request, R"({"request_id":"a"})");
  EXPECT_EQ(kept[0].result.verdict, Verdict::kFarmError);
  EXPECT_EQ(kept[0].grader.id, "grader-1");
  EXPECT_NEAR(static_cast<double>(kept[0].dumped_at_unix_ms), static_cast<double>(now_unix_ms()),
              60'000);
  EXPECT_THAT(metrics_.text(), counted("written", 1));
}

TEST_F(BadCasesTest, RecordsGoToTheTopicAsWell) {
  into_directory();
  settings_.topic = &producer_;
  BadCases bad_cases(std::move(settings_), metrics_);

  bad_cases.offer("{}", nullptr, result_of(Verdict::kFarmError));
  bad_cases.close();

  const auto records = producer_.published();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].topic, "grading.bad-cases");
  EXPECT_TRUE(decode_bad_case(records[0].value));
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(metrics_.text(), counted("published", 1));
}

TEST_F(BadCasesTest, ADumpTooLargeForARecordTravelsAsABlob) {
  const auto blobs = kafka::BlobStore::open(directory_ / "blobs");
  ASSERT_TRUE(blobs);
  settings_.topic = &producer_;
  settings_.blobs = &*blobs;
  settings_.max_record = Bytes{2000};
  BadCases bad_cases(std::move(settings_), metrics_);

  bad_cases.offer("{\"code\":\"" + std::string(3000, 'x') + "\"}", nullptr,
                  result_of(Verdict::kFarmError));
  bad_cases.close();

  ASSERT_THAT(producer_.published(), SizeIs(1));
  const auto envelope = decode_blob_envelope(producer_.published()[0].value);
  ASSERT_TRUE(envelope && *envelope);
  const auto content = blobs->get((*envelope)->blob, mib(1), Milliseconds(0));
  ASSERT_TRUE(content);
  EXPECT_TRUE(decode_bad_case(*content));
}

TEST_F(BadCasesTest, WhatCannotBeKeptIsCountedAndHurtsNobody) {
  into_directory(Bytes{10});
  settings_.topic = &producer_;
  settings_.max_record = Bytes{10};
  BadCases bad_cases(std::move(settings_), metrics_);

  bad_cases.offer("{}", nullptr, result_of(Verdict::kFarmError));
  bad_cases.close();

  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(producer_.published(), IsEmpty());
  EXPECT_THAT(metrics_.text(), counted("failed", 2));
}

TEST_F(BadCasesTest, ABrokerThatRefusesIsCounted) {
  settings_.topic = &producer_;
  producer_.fail_next("grading.bad-cases", invalid_request("unknown topic"));
  BadCases bad_cases(std::move(settings_), metrics_);

  bad_cases.offer("{}", nullptr, result_of(Verdict::kFarmError));
  bad_cases.close();

  EXPECT_THAT(metrics_.text(), counted("failed", 1));
}

// Holds up whoever publishes until it is let go.
class StuckProducer final : public kafka::Producer {
 public:
  Expected<Done> publish(kafka::OutgoingRecord, OnDelivery on_delivery) override {
    std::unique_lock lock(mutex_);
    stuck_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return free_; });
    on_delivery(kafka::Delivery{0, 0});
    return Done{};
  }
  Expected<Done> warm(const std::vector<std::string>&, Milliseconds) override { return Done{}; }
  Expected<int> partitions(const std::string&, Milliseconds) override { return 1; }
  Expected<Done> flush(Milliseconds) override { return Done{}; }

  void wait_until_stuck() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stuck_; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stuck_ = false;
  bool free_ = false;
};

TEST_F(BadCasesTest, OfferingNeverWaitsAndWhatIsTooMuchIsDropped) {
  StuckProducer stuck;
  settings_.topic = &stuck;
  settings_.max_waiting = Bytes{10'000};
  BadCases bad_cases(std::move(settings_), metrics_);
  bad_cases.offer("{}", nullptr, result_of(Verdict::kFarmError));
  stuck.wait_until_stuck();

  for (int i = 0; i < 100; ++i)
    bad_cases.offer("{\"code\":\"" + std::string(1000, 'x') + "\"}", nullptr,
                    result_of(Verdict::kFarmError));

  EXPECT_THAT(metrics_.text(), ::testing::Not(counted("dropped", 0)));
  stuck.let_go();
  bad_cases.close();
  EXPECT_THAT(metrics_.text(), ::testing::Not(counted("published", 0)));
}

TEST_F(BadCasesTest, WhatIsOfferedAfterTheEndIsDropped) {
  into_directory();
  BadCases bad_cases(std::move(settings_), metrics_);
  bad_cases.close();

  bad_cases.offer("{}", nullptr, result_of(Verdict::kFarmError));

  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(metrics_.text(), counted("dropped", 1));
}

}  // namespace
}  // namespace farm::service
