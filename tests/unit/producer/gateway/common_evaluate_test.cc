#include "producer/gateway/common_evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

using testing::HasSubstr;

Routed batch(std::string_view json) {
  return common_evaluate(*decode_plain_json(json), CaseForm::kColumns, "");
}

Question question(std::string_view json) {
  Routed routed = batch(json);
  EXPECT_TRUE(std::holds_alternative<Question>(routed))
      << std::get<Reply>(routed).status << std::get<Reply>(routed).body;
  return std::get<Question>(std::move(routed));
}

Reply reply(std::string_view json) {
  Routed routed = batch(json);
  EXPECT_TRUE(std::holds_alternative<Reply>(routed));
  return std::get<Reply>(std::move(routed));
}

std::string stdio(std::string_view extra = "{}") {
  return R"({"completion": "```python\nprint(input())\n```", "config": {"language": "python", "run_timeout": 2,
      "provided_data": {"test_cases": {"type": "stdin_stdout", "fn_name": null,
      "input": ["a", "x", "c"], "output": ["a", "b", "c"]}}, "extra": )" +
         std::string(extra) + "}}";
}

CaseResult case_of(Verdict verdict) {
  CaseResult one;
  one.verdict = verdict;
  one.exit_code = 0;
  return one;
}

EvaluationResult result_of(Verdict verdict, std::initializer_list<Verdict> cases) {
  EvaluationResult result;
  result.verdict = verdict;
  result.total = static_cast<std::int64_t>(cases.size());
  for (const Verdict one : cases) result.cases.push_back(case_of(one));
  return result;
}

// Of each entry of `tests`: passed, and its exec_info's status.
std::vector<std::string> entries(const Reply& reply) {
  const auto body = decode_plain_json(reply.body);
  std::vector<std::string> out;
  for (const Value& entry : std::get<Value::List>(find_member(*body, "tests")->data).items) {
    const Value& info = *find_member(entry, "exec_info");
    out.push_back(encode_plain_json(*find_member(entry, "passed")) + " " +
                  std::get<std::string>(find_member(info, "status")->data) +
                  std::get<std::string>(find_member(info, "message")->data));
  }
  return out;
}

bool accepted(const Reply& reply) {
  const auto body = decode_plain_json(reply.body);
  return std::get<bool>(find_member(*body, "accepted")->data);
}

TEST(CommonEvaluate, AsksForTheComparisonOfThePeers) {
  const Question asked = question(stdio(R"({"run_all_cases": true, "total_timeout": 7})"));
  const auto& evaluation = std::get<StdinStdout>(asked.request.evaluation);
  EXPECT_EQ(evaluation.comparison.mode, ComparisonMode::kSandboxFusion);
  EXPECT_EQ(evaluation.cases.size(), 3U);
  EXPECT_EQ(asked.request.submission.code, "print(input())");
  EXPECT_TRUE(asked.request.policy.run_all_cases);
  EXPECT_EQ(asked.request.limits.run_wall, Milliseconds(2000));
  EXPECT_EQ(asked.request.limits.total_wall, Milliseconds(7000));
}

TEST(CommonEvaluate, StopsAtTheFirstFailure) {
  const Reply answer = question(stdio()).reply(result_of(
      Verdict::kWrongAnswer, {Verdict::kAccepted, Verdict::kWrongAnswer, Verdict::kNotRun}));
  EXPECT_FALSE(accepted(answer));
  EXPECT_EQ(entries(answer), (std::vector<std::string>{"true Success", "false Success"}));
}

TEST(CommonEvaluate, HasEveryCaseIfAllAreRun) {
  const Reply answer =
      question(stdio(R"({"run_all_cases": true})"))
          .reply(result_of(Verdict::kWrongAnswer,
                           {Verdict::kAccepted, Verdict::kWrongAnswer, Verdict::kAccepted}));
  EXPECT_EQ(entries(answer),
            (std::vector<std::string>{"true Success", "false Success", "true Success"}));
}

TEST(CommonEvaluate, CasesThatTotalTimeoutKeptFromStartingAreThere) {
  const Reply answer = question(stdio()).reply(
      result_of(Verdict::kTimeLimit, {Verdict::kAccepted, Verdict::kNotRun, Verdict::kNotRun}));
  EXPECT_FALSE(accepted(answer));
  EXPECT_EQ(entries(answer).back(), "false SandboxErrorTotal Timeout");
}

TEST(CommonEvaluate, ACompileErrorFailsEveryCaseAlike) {
  EvaluationResult result =
      result_of(Verdict::kCompileError, {Verdict::kNotRun, Verdict::kNotRun, Verdict::kNotRun});
  result.compile.emplace();
  result.compile->verdict = Verdict::kCompileError;
  result.compile->exit_code = 1;
  EXPECT_EQ(entries(question(stdio()).reply(result)), (std::vector<std::string>{"false Failed"}));
  EXPECT_EQ(entries(question(stdio(R"({"run_all_cases": true})")).reply(result)).size(), 3U);
}

TEST(CommonEvaluate, TheFarmsFaultIsNoJudgement) {
  EXPECT_EQ(question(stdio()).reply(result_of(Verdict::kFarmError, {Verdict::kFarmError})).status,
            504);
  EXPECT_EQ(question(stdio()).reply(unjudged_result({}, Verdict::kRejected, "no")).status, 400);
}

TEST(CommonEvaluate, ASpecialJudgeIsACheckerThatFindsItsFiles) {
  const Question asked = question(stdio(R"j({"special_judge_program": "raise SystemExit(0)"})j"));
  const auto& checker = std::get<StdinStdout>(asked.request.evaluation).checker;
  ASSERT_TRUE(checker);
  EXPECT_EQ(checker->language, "python");
  EXPECT_THAT(checker->code, HasSubstr("answer.txt"));
  EXPECT_EQ(checker->code.find("raise SystemExit(0)"), std::string::npos);
  EXPECT_EQ(
      reply(stdio(R"({"special_judge_program": "x", "special_judge_language": "cpp"})")).status,
      400);
}

TEST(CommonEvaluate, AClassSolutionIsCalledByItsMethod) {
  const Question asked = question(
      R"({"completion": "```python\nclass Solution:\n    def go(self, x: List[int]): return x\n```",
          "config": {"language": "python", "provided_data": {"test_cases":
          {"fn_name": "go", "input": [[[1]]], "output": [[[1]]]}}}})");
  EXPECT_EQ(std::get<FunctionCall>(asked.request.evaluation).entry_point, "Solution.go");
  EXPECT_THAT(*asked.request.submission.code, HasSubstr("from typing import *"));
}

TEST(CommonEvaluate, AFunctionThatReturnsWrongFailsLikeAnAssertion) {
  const Question asked = question(
      R"({"completion": "```python\ndef f(x): return x\n```", "config": {"language": "python",
          "provided_data": {"test_cases": {"fn_name": "f", "input": [[1]], "output": [[2]]}}}})");
  const Reply answer = asked.reply(result_of(Verdict::kWrongAnswer, {Verdict::kWrongAnswer}));
  EXPECT_EQ(entries(answer), (std::vector<std::string>{"false Failed"}));
  EXPECT_THAT(answer.body, HasSubstr("\"return_code\":1"));
}

TEST(CommonEvaluate, AnAssertInPythonBringsTheImportsThatItNames) {
  const Question asked = question(
      R"({"completion": "```python\ndef f(x): return math.floor(x)\n```", "config": {"language": "python",
          "provided_data": {"test_cases": {"type": "assert", "entry_point": "f",
          "test": "def check(candidate):\n    assert candidate(1) == np.int64(1)\n"}},
          "extra": {"total_timeout": 0.01}}})");
  const auto& tests = std::get<AssertTests>(asked.request.evaluation);
  EXPECT_EQ(tests.entry_point, "f");
  EXPECT_THAT(tests.tests, HasSubstr("import numpy as np"));
  EXPECT_THAT(*asked.request.submission.code, HasSubstr("import math\n"));
  EXPECT_EQ(asked.request.submission.code->find("numpy"), std::string::npos);
  EXPECT_FALSE(asked.request.limits.total_wall);
}

std::string python_assert(std::string_view cases) {
  return R"({"completion": "```python\ndef f(x): return 0\n```", "config": {"language": "python",
      "provided_data": {"test_cases": {"type": "assert", )" +
         std::string(cases) + "}}}}";
}

TEST(CommonEvaluate, AnAssertInPythonCallsItsCheckWhateverTheTestsAre) {
  for (const std::string_view test :
       {R"(def check(candidate):\n    assert candidate(2) == 4\n)",  // the grader would call it
        R"(def chk(candidate):\n    assert candidate(2) == 4)",      // nobody would
        R"(def check(candidate):\n    assert candidate(2) == 4\ncheck = deco(check))"}) {
    const Question asked =
        question(python_assert(R"("entry_point": "f", "test": ")" + std::string(test) + "\""));
    EXPECT_TRUE(std::get<AssertTests>(asked.request.evaluation).tests.ends_with("\ncheck(f)"))
        << test;
  }
}

TEST(CommonEvaluate, AnEntryPointThatIsAnExpressionIsEvaluatedByTheTests) {
  const Question asked = question(python_assert(
      R"("entry_point": "Solution().f", "test": "def check(candidate):\n    assert candidate(2) == 4")"));
  const auto& evaluation = std::get<AssertTests>(asked.request.evaluation);
  EXPECT_EQ(evaluation.entry_point, "");
  EXPECT_TRUE(evaluation.tests.ends_with("\ncheck(Solution().f)"));
}

TEST(CommonEvaluate, AnAssertInPythonWithoutAFunctionToTestIsRefused) {
  const std::string test = R"("test": "def check(candidate):\n    assert candidate(2) == 4\n")";
  EXPECT_EQ(reply(python_assert(test)).status, 400);
  for (const char* entry : {"null", "7", R"("")", R"(" ")"}) {
    const Reply answer = reply(python_assert(test + R"(, "entry_point": )" + entry));
    EXPECT_EQ(answer.status, 400) << entry;
    EXPECT_THAT(answer.body, HasSubstr("entry_point"));
  }
}

TEST(CommonEvaluate, AnAssertInCppIsReportedAsThePeersPutItTogether) {
  const Question asked = question(
      R"({"completion": "```cpp\nlong sq(long x) {\n    return x * x;\n}\n```", "config": {"language": "cpp",
          "provided_data": {"test_cases": {"type": "assert", "tests": "}\nint main() {\n}\n",
          "stop_tokens": ["\n}"]}}}})");
  const Reply answer = asked.reply(result_of(Verdict::kAccepted, {Verdict::kAccepted}));
  EXPECT_TRUE(accepted(answer));
  EXPECT_THAT(answer.body, HasSubstr(R"("extracted_code":"long sq(long x) {\n    return x * x;")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("full_code":"using namespace std;\n)"));
}

TEST(CommonEvaluate, ACompletionWithoutAProgramPassesNothing) {
  const Reply answer = reply(
      R"({"completion": "int main(){return 0;} no fence", "config": {"language": "cpp",
          "provided_data": {"test_cases": {"input": [""], "output": [""]}}}})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(accepted(answer));
  EXPECT_THAT(answer.body, HasSubstr(R"("extracted_code":"")"));
}

TEST(CommonEvaluate, BadBodiesHaveTheStatusOfThePeers) {
  EXPECT_EQ(reply("{}").status, 422);
  EXPECT_EQ(reply(R"({"completion": "x", "config": {"language": "klingon"}})").status, 422);
  EXPECT_EQ(reply(R"({"completion": "x", "config": {}})").status, 400);
  EXPECT_EQ(reply(R"({"completion": "x", "config": {"language": "python"}})").status, 500);
  EXPECT_EQ(reply(R"({"completion": "x", "config": {"language": "python", "provided_data":
      {"test_cases": {"input": [], "output": []}}}})")
                .status,
            400);
}

TEST(CommonEvaluate, PythonOfACallerIsNotRunInTheGateway) {
  const Reply answer = reply(
      R"({"completion": "x", "config": {"language": "python", "custom_extract_logic": "import os",
          "provided_data": {}}})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("custom_extract_logic"));
}

}  // namespace
}  // namespace farm::gateway
