#include "grader/service/grading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace farm::service {
namespace {

using ::testing::HasSubstr;

std::string request_json(const std::string& extra = "") {
  return R"({"schema_version":1,"request_id":"r1","trainer":"run",)" + extra +
         R"("submission":{"language":"python","code":"pass"},"evaluation":{"type":"run"},"metadata":{"k":1}})";
}

class NoSpareSlots final : public SpareSlots {
 public:
  bool lend(std::function<void(int)>) override { return false; }
  bool wanted_back() const override { return false; }
};
NoSpareSlots none;
StopSignal signal_of_slot = std::move(StopSignal::create()).value();
const Seat kHere{0, none, signal_of_slot};

EvaluationResult accepted(const EvaluationRequest& request, const Seat&) {
  EvaluationResult result;
  result.request_id = request.request_id;
  result.trainer = request.trainer;
  result.verdict = Verdict::kAccepted;
  result.passed = result.total = 1;
  return result;
}

GradingSettings settings() {
  GradingSettings settings;
  settings.identity = {"grader-1", "1.2.3", "sha256:abc"};
  return settings;
}

TEST(OpenRequest, ValidRequestIsDecoded) {
  const Opened opened = open_request(request_json(), settings());

  ASSERT_TRUE(opened.request);
  EXPECT_EQ(opened.identity.request_id, "r1");
  EXPECT_EQ(opened.body, request_json());
}

TEST(OpenRequest, InvalidRequestIsRejectedUnderItsOwnIdentity) {
  const Opened opened =
      open_request(request_json(R"("policy":{"run_all_case":true},)"), settings());

  EXPECT_FALSE(opened.request);
  EXPECT_EQ(opened.refusal.verdict, Verdict::kRejected);
  EXPECT_EQ(opened.refusal.request_id, "r1");
  EXPECT_THAT(opened.refusal.message, HasSubstr("run_all_case"));
}

TEST(OpenRequest, BrokenJsonIsRejectedWithoutIdentity) {
  const Opened opened = open_request("{\"request_id\": ", settings());

  EXPECT_EQ(opened.refusal.verdict, Verdict::kRejected);
  EXPECT_EQ(opened.identity.request_id, "");
}

TEST(AnswerOf, TimesOfACompilerThatDidNotRunAreNotCounted) {
  EvaluationResult result;
  result.compile.emplace().wall = Milliseconds(700);
  EXPECT_EQ(answer_of(result, "cpp", settings()).facts.compile, Milliseconds(700));
  result.compile->cached = true;
  EXPECT_EQ(answer_of(result, "cpp", settings()).facts.compile, std::nullopt);
}

TEST(OpenRequest, BlobIsOpenedLikeTheRequestItself) {
  const std::string directory = ::testing::TempDir() + "grading_blobs";
  const auto store = kafka::BlobStore::open(directory);
  ASSERT_TRUE(store) << store.error().text();
  const auto reference = store->put(request_json());
  ASSERT_TRUE(reference);
  GradingSettings with_blobs = settings();
  with_blobs.blobs = &*store;
  const std::string envelope = encode_blob_envelope({"r1", "run", *reference});

  EXPECT_TRUE(open_request(envelope, with_blobs).request);

  const Opened refused = open_request(envelope, settings());
  EXPECT_EQ(refused.refusal.verdict, Verdict::kRejected);
  EXPECT_EQ(refused.refusal.request_id, "r1");
  EXPECT_THAT(refused.refusal.message, HasSubstr("--blob-dir"));
  std::filesystem::remove_all(directory);
}

TEST(Grade, AnswerCarriesTheGraderAndTheQueueTime) {
  const Opened opened = open_request(request_json(), settings());
  const Answer answer = grade(*opened.request, Milliseconds(250), kHere, accepted, settings());

  const auto result = decode_result(answer.bytes);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->verdict, Verdict::kAccepted);
  EXPECT_EQ(result->grader.id, "grader-1");
  EXPECT_EQ(result->grader.environment, "sha256:abc");
  EXPECT_EQ(result->timings.queue, Milliseconds(250));
  EXPECT_GE(result->timings.total, Milliseconds(250));
}

TEST(Grade, RequestWhoseDeadlinePassedIsNotEvaluated) {
  const Opened opened = open_request(request_json(R"("deadline_unix_ms":1,)"), settings());
  bool evaluated = false;
  const Answer answer = grade(
      *opened.request, Milliseconds(0), kHere,
      [&evaluated](const EvaluationRequest& request, const Seat& seat) {
        evaluated = true;
        return accepted(request, seat);
      },
      settings());

  EXPECT_FALSE(evaluated);
  EXPECT_EQ(answer.facts.verdict, Verdict::kExpired);
}

TEST(Grade, WhatWasStoppedBecauseItsDeadlinePassedIsExpiredAndJudgesNobody) {
  const Opened opened =
      open_request(request_json(R"("deadline_unix_ms":9000000000000,)"), settings());
  StopSignal stop = std::move(StopSignal::create()).value();
  const auto stopped = [&stop](const EvaluationRequest& request, const Seat& seat) {
    stop.request(StopReason::kExpired);
    EvaluationResult result = accepted(request, seat);
    result.verdict = Verdict::kCancelled;
    return result;
  };

  const Answer answer =
      grade(*opened.request, Milliseconds(0), {0, none, stop}, stopped, settings());

  EXPECT_EQ(answer.facts.verdict, Verdict::kExpired);
  EXPECT_TRUE(answer.result.cases.empty());
  EXPECT_THAT(answer.result.message, HasSubstr("while it was graded"));
}

TEST(Grade, AVerdictThatCameBeforeItCouldBeStoppedStands) {
  const Opened opened = open_request(request_json(), settings());
  StopSignal stop = std::move(StopSignal::create()).value();
  const auto evaluate = [&stop](const EvaluationRequest& request, const Seat& seat) {
    stop.request(StopReason::kCancelled);
    return accepted(request, seat);
  };

  EXPECT_EQ(
      grade(*opened.request, Milliseconds(0), {0, none, stop}, evaluate, settings()).facts.verdict,
      Verdict::kAccepted);
}

TEST(Grade, ARequestThatWasTakenBackIsNotEvaluated) {
  const Opened opened = open_request(request_json(), settings());
  StopSignal stop = std::move(StopSignal::create()).value();
  stop.request(StopReason::kCancelled);
  bool evaluated = false;
  const auto evaluate = [&evaluated](const EvaluationRequest& request, const Seat& seat) {
    evaluated = true;
    return accepted(request, seat);
  };

  const Answer answer =
      grade(*opened.request, Milliseconds(0), {0, none, stop}, evaluate, settings());

  EXPECT_FALSE(evaluated);
  EXPECT_EQ(answer.facts.verdict, Verdict::kCancelled);
}

TEST(Grade, AnEarlierResultIsTakenOnlyWhereThePolicyAllowsIt) {
  ResultCache results(mib(1), std::chrono::minutes(10));
  GradingSettings with = settings();
  with.results = &results;
  int evaluated = 0;
  const Evaluate evaluate = [&](const EvaluationRequest& request, const Seat& seat) {
    ++evaluated;
    return accepted(request, seat);
  };
  const auto ask = [&](const std::string& policy) {
    const Opened opened = open_request(request_json(policy), with);
    return grade(*opened.request, Milliseconds(0), kHere, evaluate, with);
  };

  for (int i = 0; i < 3; ++i) EXPECT_FALSE(ask("").facts.cached);
  EXPECT_EQ(evaluated, 3);
  const std::string allowed = R"("policy":{"cache":true},)";
  EXPECT_FALSE(ask(allowed).facts.cached);
  EXPECT_TRUE(ask(allowed).facts.cached);
  EXPECT_EQ(evaluated, 4);
}

TEST(Grade, AnswerLargerThanARecordIsCutButItsVerdictArrives) {
  GradingSettings small = settings();
  small.max_answer = kib(32);
  const Opened opened = open_request(request_json(), small);
  const Answer answer = grade(
      *opened.request, Milliseconds(0), kHere,
      [](const EvaluationRequest& request, const Seat& seat) {
        EvaluationResult result = accepted(request, seat);
        for (int i = 0; i < 4; ++i) {
          CaseResult one;
          one.index = i;
          one.verdict = Verdict::kAccepted;
          one.stdout_bytes = std::string(100'000, 'x');
          result.cases.push_back(one);
        }
        return result;
      },
      small);

  EXPECT_LE(answer.bytes.size(), 32U * 1024U);
  const auto result = decode_result(answer.bytes);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict, Verdict::kAccepted);
  EXPECT_TRUE(result->cases[0].truncated);
  EXPECT_FALSE(result->warnings.empty());
}

// A blob directory that takes nothing: its place has become a file.
class FullBlobs : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path directory =
        std::filesystem::path(::testing::TempDir()) / ("full-" + std::to_string(::getpid()));
    std::filesystem::remove_all(directory);
    auto opened = kafka::BlobStore::open(directory);
    ASSERT_TRUE(opened);
    blobs_.emplace(std::move(opened).value());
    std::filesystem::remove_all(directory);
    std::ofstream(directory) << "in the way";
    settings_ = settings();
    settings_.max_answer = kib(32);
    settings_.blobs = &*blobs_;
  }

  Answer answer_with(const std::string& stdout_bytes, const std::string& file) const {
    EvaluationResult result;
    result.request_id = "r1";
    result.verdict = Verdict::kAccepted;
    result.passed = result.total = 1;
    result.cases.resize(1);
    result.cases[0].verdict = Verdict::kAccepted;
    result.cases[0].stdout_bytes = stdout_bytes;
    if (!file.empty()) result.files["made"] = file;
    return answer_of(result, "python", settings_);
  }

  std::optional<kafka::BlobStore> blobs_;
  GradingSettings settings_;
};

TEST_F(FullBlobs, VerdictArrivesWithCutOutputs) {
  const Answer answer = answer_with(std::string(100'000, 'x'), "");

  EXPECT_EQ(answer.facts.verdict, Verdict::kAccepted);
  const auto result = decode_result(answer.bytes);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->cases[0].truncated);
  EXPECT_THAT(result->warnings.at(0), HasSubstr("did not take it"));
}

TEST_F(FullBlobs, FilesThatCannotTravelAreTheFarmsFault) {
  const Answer answer = answer_with("", std::string(100'000, 'x'));

  EXPECT_EQ(answer.facts.verdict, Verdict::kFarmError);
  EXPECT_EQ(answer.result.verdict, Verdict::kFarmError);
  const auto result = decode_result(answer.bytes);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict, Verdict::kFarmError);
  EXPECT_EQ(result->request_id, "r1");
}

}  // namespace
}  // namespace farm::service
