#include "producer/gateway/test_cases.h"

#include <gtest/gtest.h>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

Expected<TestCases> cases_of(std::string_view json, CaseForm form = CaseForm::kColumns) {
  return read_test_cases(*decode_plain_json(json), form);
}

TEST(TestCases, ColumnsOfInputAndOutput) {
  const auto cases =
      cases_of(R"({"test_cases": {"input": ["a", "b"], "output": ["A", "B", "C"]}})");
  ASSERT_TRUE(cases) << cases.error().what;
  const auto& stdio = std::get<std::vector<StdinStdout::Case>>(cases->cases);
  ASSERT_EQ(stdio.size(), 2U);
  EXPECT_EQ(stdio[1].stdin_bytes, "b");
  EXPECT_EQ(stdio[1].stdout_bytes, "B");
  EXPECT_EQ(encode_plain_json(cases->infos[0]),
            R"({"input":{"stdin":"a"},"output":{"stdout":"A"}})");
}

TEST(TestCases, AFunctionNameMakesItAFunctionCall) {
  const auto cases =
      cases_of(R"({"test_cases": {"fn_name": "f", "input": [[2, 3]], "output": [[6]]}})");
  ASSERT_TRUE(cases);
  const auto& calls = std::get<CallCases>(cases->cases);
  EXPECT_EQ(calls.fn_name, "f");
  ASSERT_EQ(calls.cases.size(), 1U);
  EXPECT_EQ(calls.cases[0].args.size(), 2U);
  EXPECT_EQ(std::get<std::int64_t>(calls.cases[0].expected.data), 6);
  EXPECT_EQ(encode_plain_json(cases->infos[0]),
            R"({"type":"function_call","fn_name":"f","input":[2,3],"output":[6]})");
}

TEST(TestCases, AnExpectedValueMayStandAlone) {
  const auto cases = cases_of(
      R"({"test_cases": {"type": "function_call", "fn_name": "f", "input": [[1]], "output": [7]}})");
  ASSERT_TRUE(cases);
  EXPECT_EQ(std::get<std::int64_t>(std::get<CallCases>(cases->cases).cases[0].expected.data), 7);
}

TEST(TestCases, JsonInputIsOneArgumentALine) {
  const auto cases = cases_of(
      R"({"test_cases": {"fn_name": "go", "input": ["[1, 2]\n3"], "output": ["6"], "json_input": true}})");
  ASSERT_TRUE(cases);
  EXPECT_EQ(encode_plain_json(cases->infos[0]),
            R"({"type":"function_call","fn_name":"go","input":[[1,2],3],"output":[6]})");
}

TEST(TestCases, RowsInBothForms) {
  const auto test = cases_of(R"({"test": [{"input": {"stdin": "1"}, "output": {"stdout": "2"}}]})",
                             CaseForm::kRows);
  ASSERT_TRUE(test);
  EXPECT_EQ(std::get<std::vector<StdinStdout::Case>>(test->cases)[0].stdout_bytes, "2");
  const auto rows = cases_of(
      R"({"test_cases": [{"type": "function_call", "fn_name": "f", "input": [1], "output": [2]}]})",
      CaseForm::kRows);
  ASSERT_TRUE(rows);
  EXPECT_EQ(std::get<CallCases>(rows->cases).cases.size(), 1U);
}

TEST(TestCases, RowsOfSeveralFunctionsAreRefused) {
  const auto rows = [](std::string_view second) {
    return cases_of(
        R"({"test_cases": [{"type": "function_call", "fn_name": "f", "input": [1], "output": [2]}, )" +
            std::string(second) + "]}",
        CaseForm::kRows);
  };
  EXPECT_TRUE(rows(R"({"type": "function_call", "fn_name": "f", "input": [2], "output": [3]})"));
  EXPECT_FALSE(rows(R"({"type": "function_call", "fn_name": "g", "input": [2], "output": [3]})"));
  EXPECT_FALSE(rows(R"({"type": "function_call", "input": [2], "output": [3]})"));
  EXPECT_FALSE(rows(R"({"type": "stdin_stdout", "input": "2", "output": "3"})"));
}

TEST(TestCases, ARowSaysForItselfWhetherItsInputIsJson) {
  const auto cases = cases_of(
      R"({"test_cases": [{"fn_name": "f", "input": ["1"], "output": ["1"]},
                         {"fn_name": "f", "input": "1\n2", "output": "3", "json_input": true}]})",
      CaseForm::kRows);
  ASSERT_TRUE(cases) << cases.error().what;
  const auto& calls = std::get<CallCases>(cases->cases).cases;
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(std::get<std::string>(calls[0].args.at(0).data), "1");
  EXPECT_EQ(calls[1].args.size(), 2U);
}

TEST(TestCases, AnAssertHasTestsUnderEitherName) {
  const auto python = cases_of(
      R"({"test_cases": {"type": "assert", "test": "def check(c): pass", "entry_point": "f"}})");
  ASSERT_TRUE(python);
  EXPECT_EQ(std::get<AssertCase>(python->cases).entry_point, "f");
  const auto cpp =
      cases_of(R"({"test_cases": {"type": "assert", "tests": "}", "stop_tokens": ["\n}"]}})");
  ASSERT_TRUE(cpp);
  EXPECT_EQ(std::get<AssertCase>(cpp->cases).stop_tokens, std::vector<std::string>{"\n}"});
  EXPECT_FALSE(cases_of(R"({"test_cases": {"type": "assert", "tests": " "}})"));
}

TEST(TestCases, NoCaseIsRefusedAndNeverAPass) {
  EXPECT_FALSE(cases_of(R"({"test_cases": {"input": [], "output": []}})"));
  EXPECT_FALSE(cases_of(R"({"test": []})", CaseForm::kRows));
}

TEST(TestCases, WhatDoesNotFitTogetherIsRefused) {
  EXPECT_FALSE(cases_of(R"({})"));
  EXPECT_FALSE(cases_of(R"({"test_cases": {"input": ["a", "b"], "output": ["A"]}})"));
  EXPECT_FALSE(cases_of(R"({"test_cases": {"input": [1], "output": ["A"]}})"));
  EXPECT_FALSE(
      cases_of(R"({"test_cases": {"type": "function_call", "input": [[1]], "output": [[1]]}})"));
  EXPECT_FALSE(cases_of(R"({"test_cases": {"fn_name": "f", "input": [1], "output": [[1]]}})"));
}

TEST(Shortened, LongTextsKeepTheirEnds) {
  std::string text;
  for (int i = 0; i < 1001; ++i) text += "é";
  Value info = *decode_plain_json("{\"input\": {\"stdin\": \"" + text + "\"}}");
  const Value cut = shortened(std::move(info));
  const Value* found = find_member(*find_member(cut, "input"), "stdin");
  std::string expected;
  for (int i = 0; i < 498; ++i) expected += "é";
  expected += "..." + expected;
  EXPECT_EQ(std::get<std::string>(found->data), expected);
}

TEST(Shortened, ShortOnesStay) {
  const std::string json = R"({"input":{"stdin":")" + std::string(1000, 'x') + "\"}}";
  EXPECT_EQ(encode_plain_json(shortened(*decode_plain_json(json))), json);
}

}  // namespace
}  // namespace farm::gateway
