#include "schemas/result.h"

#include <gtest/gtest.h>

#include "schemas/json.h"
#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

using namespace std::string_literals;

EvaluationResult accepted() {
  EvaluationResult result;
  result.request_id = "r";
  result.trainer = "t";
  result.verdict = Verdict::kAccepted;
  result.passed = 1;
  result.total = 1;
  CaseResult item;
  item.verdict = Verdict::kAccepted;
  item.attempts = 1;
  result.cases.push_back(item);
  return result;
}

EvaluationResult round_trip(const EvaluationResult& result) {
  auto again = decode_result(encode_result(result));
  EXPECT_TRUE(again.has_value()) << again.error().what;
  return *std::move(again);
}

TEST(EncodeResult, EveryFieldArrives) {
  EvaluationResult result = accepted();
  result.step = 7;
  result.group = "g";
  result.message = "m";
  result.stopped_early = true;
  result.integrity = Integrity::kSentinel;
  result.isolation = Isolation::kFull;
  result.compile = CompileResult{Verdict::kAccepted, 0,     11,    Milliseconds(1),
                                 Milliseconds(2),    "out", "err", true};
  CaseResult& item = result.cases.front();
  item.index = 3;
  item.cpu = Milliseconds(4);
  item.wall = Milliseconds(5);
  item.throttled = Milliseconds(6);
  item.memory = kib(7);
  item.exit_code = 8;
  item.signal = 9;
  item.stdout_bytes = "o";
  item.stderr_bytes = "e";
  item.stdout_total_bytes = 10;
  item.truncated = true;
  item.actual = Value{Value::Tuple{{Value{std::int64_t{1}}}}};
  item.message = "cm";
  item.attempts = 2;
  result.files = {{"a/b", "\xFF\0"s}};
  result.timings = {Milliseconds(1), Milliseconds(2), Milliseconds(3), Milliseconds(4)};
  result.grader = {"id", "v", "sha256:0"};
  result.warnings = {"w"};
  result.metadata_json = R"({"a":1})";

  const EvaluationResult again = round_trip(result);

  EXPECT_EQ(again.step, 7);
  EXPECT_EQ(again.group, "g");
  EXPECT_EQ(again.message, "m");
  EXPECT_TRUE(again.stopped_early);
  EXPECT_EQ(again.integrity, Integrity::kSentinel);
  EXPECT_EQ(again.isolation, Isolation::kFull);
  ASSERT_TRUE(again.compile.has_value());
  EXPECT_EQ(again.compile->exit_code, 0);
  EXPECT_EQ(again.compile->signal, 11);
  EXPECT_EQ(again.compile->cpu, Milliseconds(1));
  EXPECT_EQ(again.compile->wall, Milliseconds(2));
  EXPECT_EQ(again.compile->stdout_bytes, "out");
  EXPECT_EQ(again.compile->stderr_bytes, "err");
  EXPECT_TRUE(again.compile->cached);
  const CaseResult& back = again.cases.at(0);
  EXPECT_EQ(back.index, 3);
  EXPECT_EQ(back.cpu, Milliseconds(4));
  EXPECT_EQ(back.wall, Milliseconds(5));
  EXPECT_EQ(back.throttled, Milliseconds(6));
  EXPECT_EQ(back.memory, kib(7));
  EXPECT_EQ(back.exit_code, 8);
  EXPECT_EQ(back.signal, 9);
  EXPECT_EQ(back.stdout_bytes, "o");
  EXPECT_EQ(back.stderr_bytes, "e");
  EXPECT_EQ(back.stdout_total_bytes, 10);
  EXPECT_TRUE(back.truncated);
  EXPECT_EQ(encode_value(*back.actual), R"({"$tuple":[1]})");
  EXPECT_EQ(back.message, "cm");
  EXPECT_EQ(back.attempts, 2);
  EXPECT_EQ(again.files.at("a/b"), "\xFF\0"s);
  EXPECT_EQ(again.timings.total, Milliseconds(4));
  EXPECT_EQ(again.grader.environment, "sha256:0");
  EXPECT_EQ(again.warnings.at(0), "w");
  EXPECT_EQ(again.metadata_json, R"({"a":1})");
}

TEST(EncodeResult, OneStreamThatIsNotUtf8MakesBothBase64) {
  EvaluationResult result = accepted();
  result.cases[0].stdout_bytes = "text";
  result.cases[0].stderr_bytes = "\xFF\xFE";

  const std::string text = encode_result(result);

  EXPECT_NE(text.find(R"("stdout":"dGV4dA==","stderr":"//4=")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("encoding":"base64")"), std::string::npos);
  EXPECT_EQ(round_trip(result).cases[0].stderr_bytes, "\xFF\xFE");
  EXPECT_EQ(round_trip(result).cases[0].stdout_bytes, "text");
}

TEST(EncodeResult, TextStaysTextAndNulWithIt) {
  EvaluationResult result = accepted();
  result.cases[0].stdout_bytes = "é\0\x1B[31m"s;

  EXPECT_NE(encode_result(result).find(R"("encoding":"utf8")"), std::string::npos);
  EXPECT_EQ(round_trip(result).cases[0].stdout_bytes, "é\0\x1B[31m"s);
}

TEST(EncodeResult, NoBytesOfASubmissionCanBreakTheMessage) {
  EvaluationResult result = accepted();
  const std::string noise = "\xFF\"\\\n\0\xED\xA0\x80"s;
  result.message = noise;
  result.compile = CompileResult{};
  result.compile->stderr_bytes = noise;
  result.cases[0].message = noise;
  result.warnings = {noise};
  result.metadata_json = noise;
  result.grader.id = noise;

  const std::string text = encode_result(result);

  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_TRUE(decode_result(text).has_value());
  EXPECT_EQ(round_trip(result).metadata_json, "{}");
  EXPECT_EQ(round_trip(result).message, "\uFFFD\"\\\n\0\uFFFD\uFFFD\uFFFD"s);
}

TEST(EncodeResult, NoneAndNothingAreToldApart) {
  EvaluationResult result = accepted();
  EXPECT_FALSE(round_trip(result).cases[0].actual.has_value());

  result.cases[0].actual = Value{};

  ASSERT_TRUE(round_trip(result).cases[0].actual.has_value());
  EXPECT_TRUE(std::holds_alternative<Value::None>(round_trip(result).cases[0].actual->data));
}

TEST(EncodeResult, AScoreIsThereOnlyWhereItIsAReward) {
  EvaluationResult result = accepted();
  EXPECT_NE(encode_result(result).find(R"("score":1.0)"), std::string::npos);

  result.verdict = Verdict::kFarmError;

  EXPECT_EQ(encode_result(result).find("score"), std::string::npos);
}

TEST(EncodeResult, EveryVerdictReadsBack) {
  for (int i = 0; i < static_cast<int>(Verdict::kNotRun); ++i) {
    EvaluationResult result = accepted();
    result.verdict = static_cast<Verdict>(i);
    result.cases[0].verdict = static_cast<Verdict>(i);
    EXPECT_EQ(round_trip(result).verdict, result.verdict);
    EXPECT_EQ(round_trip(result).cases[0].verdict, result.verdict);
  }
}

TEST(DecodeResult, EveryPrefixIsRefused) {
  const std::string text = encode_result(accepted());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(decode_result(std::string_view(text).substr(0, length)).has_value());
  }
}

TEST(UnjudgedResult, BearsTheIdentityAndNoScore) {
  const RequestIdentity identity{"r", "t", 5, "g", R"({"a":1})"};

  const EvaluationResult result = round_trip(unjudged_result(identity, Verdict::kRejected, "why"));

  EXPECT_EQ(result.request_id, "r");
  EXPECT_EQ(result.trainer, "t");
  EXPECT_EQ(result.step, 5);
  EXPECT_EQ(result.group, "g");
  EXPECT_EQ(result.metadata_json, R"({"a":1})");
  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_EQ(result.message, "why");
  EXPECT_EQ(result.score(), std::nullopt);
  EXPECT_TRUE(result.cases.empty());
}

TEST(UnjudgedResult, CanAnswerARequestWithoutIdentity) {
  EXPECT_EQ(round_trip(unjudged_result({}, Verdict::kRejected, "not JSON")).request_id, "");
}

}  // namespace
}  // namespace farm
