#include "producer/command/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/fill_in.h"

namespace farm::command {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kRest =
    R"("submission":{"language":"python","code":"pass"},)"
    R"("evaluation":{"type":"stdin_stdout","cases":[{"stdin":"","stdout":"1\n"}]}})";

std::string request_with(const std::string& members) {
  return "{" + members + (members.empty() ? "" : ",") + kRest;
}
std::string request(const std::string& id) {
  return request_with(R"("schema_version":1,"trainer":"run-17","request_id":")" + id + "\"");
}

class IntakeTest : public testing::Test {
 protected:
  std::variant<AcceptedLine, EvaluationResult> take(std::string text) {
    return intake_.take({++line_, std::move(text), false});
  }
  AcceptedLine accepted(std::string text) {
    auto taken = take(std::move(text));
    const auto* line = std::get_if<AcceptedLine>(&taken);
    EXPECT_NE(line, nullptr) << std::get<EvaluationResult>(taken).message;
    return line ? *line : AcceptedLine{};
  }
  EvaluationResult refused(std::string text) {
    auto taken = take(std::move(text));
    const auto* result = std::get_if<EvaluationResult>(&taken);
    EXPECT_NE(result, nullptr);
    return result ? *result : EvaluationResult{};
  }

  Intake intake_{"cli-3f2a", "3f2a"};
  std::int64_t line_ = 16;
};

TEST_F(IntakeTest, CompleteRequestPassesByteForByte) {
  const std::string text = "  " + request("a") + " ";

  const auto line = accepted(text);

  EXPECT_EQ(line.request_id, "a");
  EXPECT_EQ(line.json, text);
}

TEST_F(IntakeTest, MissingIdAndTrainerAreFilledIn) {
  const auto line = accepted(request_with(""));

  EXPECT_EQ(line.request_id, "line-17-3f2a");
  const auto request = decode_request(line.json);
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->request_id, "line-17-3f2a");
  EXPECT_EQ(request->trainer, "cli-3f2a");
}

TEST_F(IntakeTest, TrainerOfTheFileStays) {
  const auto line = accepted(request_with(R"("trainer":"run-17")"));

  EXPECT_EQ(decode_request(line.json)->trainer, "run-17");
}

TEST_F(IntakeTest, BrokenJsonIsRefusedWithItsLine) {
  const auto result = refused("{\"request_id\": \"a\", ");

  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_THAT(result.message, HasSubstr("line 17: "));
}

TEST_F(IntakeTest, RefusalOfAReadableRequestBearsItsId) {
  const auto result =
      refused(R"({"request_id":"a","trainer":"t","polizy":{},"policy":{"caches":true}})");

  EXPECT_EQ(result.request_id, "a");
  EXPECT_EQ(result.trainer, "t");
  EXPECT_EQ(result.verdict, Verdict::kRejected);
}

TEST_F(IntakeTest, WrongTypeOfAnIdIsRefusedAndNotRepaired) {
  const auto result = refused(request_with(R"("request_id":5)"));

  EXPECT_THAT(result.message, HasSubstr("/request_id"));
}

TEST_F(IntakeTest, SecondUseOfAnIdNamesTheFirstLine) {
  accepted(request("a"));

  const auto result = refused(request("a"));

  EXPECT_EQ(result.request_id, "a");
  EXPECT_THAT(result.message, HasSubstr("line 18: request_id \"a\" is that of line 17"));
}

TEST_F(IntakeTest, LineThatIsTooLongIsRefusedWithTheLimit) {
  const auto taken = intake_.take({17, "", true});

  const auto* result = std::get_if<EvaluationResult>(&taken);
  ASSERT_NE(result, nullptr);
  EXPECT_THAT(result->message, HasSubstr("line 17: longer than the 67108864 bytes"));
}

TEST(FillIn, CompleteObjectIsUntouched) {
  const std::string text = R"({ "trainer" :"t","request_id":"r", "schema_version" : 1 })";

  EXPECT_EQ(fill_in(text, {"x", "y"}), text);
}

TEST(FillIn, MembersComeFirstAndTheRestStays) {
  EXPECT_EQ(fill_in(R"( {"trainer":"t", "a" : 1.50})", {"x", "y"}),
            R"( {"schema_version":1,"request_id":"x","trainer":"t", "a" : 1.50})");
}

TEST(FillIn, EmptyObjectStaysOneObject) {
  EXPECT_EQ(fill_in("{ }", {"x", "y"}), R"({"schema_version":1,"request_id":"x","trainer":"y" })");
}

TEST(FillIn, MembersOfInnerObjectsDoNotCount) {
  EXPECT_THAT(fill_in(R"({"schema_version":1,"trainer":"t","metadata":{"request_id":"inner"}})",
                      {"x", "y"}),
              HasSubstr(R"("request_id":"x")"));
}

TEST(FillIn, NullIsAMember) {
  const std::string text = R"({"schema_version":1,"trainer":"t","request_id":null})";

  EXPECT_EQ(fill_in(text, {"x", "y"}), text);
}

TEST(FillIn, ValuesAreEscaped) {
  EXPECT_THAT(fill_in(R"({"schema_version":1,"trainer":"t"})", {"a\"b", "y"}),
              HasSubstr(R"("request_id":"a\"b")"));
}

TEST(FillIn, WhatIsNoObjectComesBackUnchanged) {
  for (const std::string text : {"", "[]", "17", "{\"a\":", "{} {}"}) {
    EXPECT_EQ(fill_in(text, {"x", "y"}), text);
  }
}

}  // namespace
}  // namespace farm::command
