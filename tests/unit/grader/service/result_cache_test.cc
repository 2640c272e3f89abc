#include "grader/service/result_cache.h"

#include <gtest/gtest.h>

namespace farm::service {
namespace {

using std::chrono::minutes;

const SteadyTime kNow{std::chrono::hours(1)};

EvaluationRequest request(const std::string& id, const std::string& code = "print(1)") {
  EvaluationRequest request;
  request.request_id = id;
  request.trainer = "run";
  request.submission.language = "python";
  request.submission.code = code;
  StdinStdout io;
  io.cases.push_back({"", "1"});
  request.evaluation = io;
  request.policy.cache = true;
  return request;
}

EvaluationResult result_of(Verdict verdict = Verdict::kAccepted) {
  EvaluationResult result;
  result.request_id = "first";
  result.trainer = "run";
  result.verdict = verdict;
  result.total = 1;
  result.cases.resize(1);
  result.cases[0].verdict = verdict;
  result.cases[0].attempts = 1;
  result.timings.run = Milliseconds(40);
  return result;
}

TEST(ResultCache, WhoAsksAndWhenMakesNoDifference) {
  EvaluationRequest other = request("b");
  other.trainer = "another";
  other.step = 7;
  other.group = "g";
  other.deadline_unix_ms = 1;
  other.metadata_json = R"({"k":1})";

  EXPECT_EQ(ResultCache::key_of(request("a")), ResultCache::key_of(other));
}

TEST(ResultCache, AllThatAVerdictDependsOnMakesADifference) {
  const std::string key = ResultCache::key_of(request("a"));
  EvaluationRequest limited = request("a"), tested = request("a"), filed = request("a"),
                    strict = request("a");
  limited.limits.run_cpu = Milliseconds(1);
  std::get<StdinStdout>(tested.evaluation).cases[0].stdout_bytes = "2";
  filed.submission.files["a.txt"] = "x";
  strict.policy.min_isolation = Isolation::kFull;

  for (const EvaluationRequest& one : {request("a", "print(2)"), limited, tested, filed, strict}) {
    EXPECT_NE(ResultCache::key_of(one), key);
  }
}

TEST(ResultCache, AnEarlierResultAnswersAsIfItWereForThisRequest) {
  ResultCache cache(mib(1), minutes(10));
  cache.keep("key", result_of(), kNow);
  EvaluationRequest asked = request("second");
  asked.step = 3;

  const auto found = cache.find("key", asked, kNow);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->request_id, "second");
  EXPECT_EQ(found->step, 3);
  EXPECT_EQ(found->verdict, Verdict::kAccepted);
  EXPECT_TRUE(found->cached);
  EXPECT_EQ(found->timings.run, Milliseconds(0));
  EXPECT_FALSE(cache.find("other", asked, kNow));
}

TEST(ResultCache, WhatIsOlderThanTheWindowIsForgotten) {
  ResultCache cache(mib(1), minutes(10));
  cache.keep("key", result_of(), kNow);

  EXPECT_TRUE(cache.find("key", request("b"), kNow + minutes(10)));
  EXPECT_FALSE(cache.find("key", request("b"), kNow + minutes(11)));
}

TEST(ResultCache, AboveItsCapacityTheOldestGoes) {
  ResultCache cache(kib(5), minutes(10));
  for (const char* key : {"a", "b", "c", "d", "e"}) cache.keep(key, result_of(), kNow);

  EXPECT_FALSE(cache.find("a", request("x"), kNow));
  EXPECT_TRUE(cache.find("e", request("x"), kNow));
}

TEST(ResultCache, WithoutCapacityItKeepsNothing) {
  ResultCache cache(Bytes{0}, minutes(10));
  cache.keep("key", result_of(), kNow);

  EXPECT_FALSE(cache.find("key", request("b"), kNow));
}

TEST(ResultCache, OnlyJudgementsThatARepeatWouldComeToAreKept) {
  const auto may_keep = [](const EvaluationResult& result) {
    return ResultCache::may_keep(request("a"), result);
  };

  EXPECT_TRUE(may_keep(result_of(Verdict::kAccepted)));
  EXPECT_TRUE(may_keep(result_of(Verdict::kWrongAnswer)));
  EXPECT_FALSE(may_keep(result_of(Verdict::kFarmError)));
  EXPECT_FALSE(may_keep(result_of(Verdict::kCancelled)));
  EXPECT_FALSE(may_keep(result_of(Verdict::kRejected)));
  EvaluationResult confirmed = result_of(Verdict::kTimeLimit);
  confirmed.cases[0].attempts = 2;
  EXPECT_FALSE(may_keep(confirmed));
}

TEST(ResultCache, WhatTotalWallCutShortIsNotKept) {
  EvaluationResult cut_short = result_of(Verdict::kTimeLimit);
  cut_short.cases[0].verdict = Verdict::kAccepted;
  cut_short.cases.emplace_back();  // not run
  cut_short.stopped_early = true;
  EXPECT_FALSE(ResultCache::may_keep(request("a"), cut_short));

  EvaluationResult failed = result_of(Verdict::kWrongAnswer);
  failed.cases.emplace_back();
  failed.stopped_early = true;
  EXPECT_TRUE(ResultCache::may_keep(request("a"), failed)) << "stopped by its own failure";
  EvaluationRequest all = request("a");
  all.policy.run_all_cases = true;
  EXPECT_FALSE(ResultCache::may_keep(all, failed));
}

TEST(ResultCache, ACompileErrorIsKeptUnlessALimitMadeIt) {
  EvaluationResult refused = result_of(Verdict::kCompileError);
  refused.compile.emplace();
  refused.compile->exit_code = 1;
  EXPECT_TRUE(ResultCache::may_keep(request("a"), refused));

  refused.compile->exit_code.reset();
  refused.compile->signal = 9;
  EXPECT_FALSE(ResultCache::may_keep(request("a"), refused));
}

}  // namespace
}  // namespace farm::service
