// harness/python_call.py with the real interpreter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/plain_evaluation.h"

namespace farm::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Calls `entry_point` once; expected and args in the JSON of values.
EvaluationResult call(const std::string& code, const std::string& args, const std::string& expected,
                      const std::string& entry_point = "f") {
  FunctionCall evaluation;
  evaluation.entry_point = entry_point;
  evaluation.cases.push_back({std::get<Value::List>(decode_value(args).value().data).items,
                              {},
                              decode_value(expected).value()});
  return evaluate_plainly(request_of("python", code, std::move(evaluation)));
}

std::string verdict_of_call(const std::string& code, const std::string& args,
                            const std::string& expected, const std::string& entry_point = "f") {
  return told(call(code, args, expected, entry_point));
}

TEST(PythonCall, CallsAFunctionWithItsArguments) {
  EXPECT_EQ(verdict_of_call("def f(a, b):\n  return a - b\n", "[5, 3]", "2"), "accepted");
  EXPECT_THAT(verdict_of_call("def f(a, b):\n  return b - a\n", "[5, 3]", "2"),
              StartsWith("wrong_answer"));
}

TEST(PythonCall, CallsAMethodOfAFreshObject) {
  EXPECT_EQ(verdict_of_call("class Solution:\n  def f(self, a):\n    return a + 1\n", "[1]", "2",
                            "Solution.f"),
            "accepted");
}

TEST(PythonCall, PassesKeywordArguments) {
  FunctionCall evaluation;
  evaluation.entry_point = "f";
  evaluation.cases.push_back({{integer(1)}, {{"scale", integer(10)}}, integer(10)});

  const auto result = evaluate_plainly(
      request_of("python", "def f(a, scale=1):\n  return a * scale\n", evaluation));

  EXPECT_EQ(told(result), "accepted");
}

TEST(PythonCall, ValuesOfEveryKindGoInAndOutUnchanged) {
  const std::string value =
      R"([null, true, -7, {"$int": "123456789012345678901234567890"}, 0.1, {"$float": "inf"}, {"$float": "nan"}, "é\n\u0000",
          {"$bytes": "AP8="}, [1, [2]], {"$tuple": [1, "x"]}, {"$set": [1, 2]}, {"a": 1}, {"$dict": [[1, "one"], ["$x", 2]]}])";

  EXPECT_EQ(verdict_of_call("def f(x):\n  return x\n", "[" + value + "]", value), "accepted");
}

TEST(PythonCall, ArgumentsHaveTheTypesThatTheirTagsSay) {
  const std::string code = "def f(*xs):\n  return [type(x).__name__ for x in xs]\n";

  EXPECT_EQ(
      verdict_of_call(
          code,
          R"([{"$tuple": []}, {"$set": []}, {"$bytes": ""}, {}, 1.0, 1, true, {"$int": "1"}])",
          R"(["tuple", "set", "bytes", "dict", "float", "int", "bool", "int"])"),
      "accepted");
}

TEST(PythonCall, LongIntegersReturnInFull) {
  EXPECT_EQ(verdict_of_call("def f():\n  return 10 ** 6000\n", "[]",
                            R"({"$int": "1)" + std::string(6000, '0') + "\"}"),
            "accepted");
}

TEST(PythonCall, PrintsGoToStdoutAndNotIntoTheValue) {
  const EvaluationResult result =
      call("print('{\"verdict\": \"accepted\"}')\ndef f():\n  print(4)\n  return 3\n", "[]", "4");

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(result.cases[0].stdout_bytes, "{\"verdict\": \"accepted\"}\n4\n");
}

TEST(PythonCall, AnExceptionIsARuntimeErrorWithTheSubmissionsOwnTraceback) {
  const EvaluationResult result = call("def f():\n  raise ValueError('boom')\n", "[]", "1");

  EXPECT_EQ(told(result), "runtime_error: exit code 1: \"ValueError: boom\"");
  EXPECT_THAT(result.cases[0].stderr_bytes, HasSubstr("File \"main.py\", line 2, in f"));
  EXPECT_THAT(result.cases[0].stderr_bytes, ::testing::Not(HasSubstr("python_call.py")));
}

TEST(PythonCall, AMissingFunctionIsARuntimeError) {
  EXPECT_THAT(verdict_of_call("def g():\n  return 1\n", "[]", "1"),
              HasSubstr("has no attribute 'f'"));
}

TEST(PythonCall, ASyntaxErrorIsARuntimeErrorThatShowsTheLine) {
  const EvaluationResult result = call("def f(:\n  return 1\n", "[]", "1");

  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_THAT(result.cases[0].stderr_bytes, HasSubstr("def f(:"));
}

TEST(PythonCall, CodeUnderTheMainGuardDoesNotRun) {
  EXPECT_EQ(
      verdict_of_call("def f():\n  return 1\nif __name__ == '__main__':\n  raise SystemExit(3)\n",
                      "[]", "1"),
      "accepted");
}

TEST(PythonCall, DataclassesAndAnnotationsOfTheSubmissionWork) {
  const std::string code =
      "from __future__ import annotations\n"
      "from dataclasses import dataclass\n"
      "@dataclass\nclass P:\n  x: int\n"
      "def f():\n  return P(3).x\n";

  EXPECT_EQ(verdict_of_call(code, "[]", "3"), "accepted");
}

TEST(PythonCall, FilesOfTheSubmissionCanBeImported) {
  FunctionCall evaluation;
  evaluation.entry_point = "f";
  evaluation.cases.push_back({{}, {}, integer(5)});
  EvaluationRequest request =
      request_of("python", "import part\ndef f():\n  return part.five\n", evaluation);
  request.submission.files["part.py"] = "five = 5\n";

  EXPECT_EQ(told(evaluate_plainly(request)), "accepted");
}

// ---- programs that would rather not compute

TEST(PythonCall, LeavingWithStatusZeroReturnsNothing) {
  for (const char* leave : {"raise SystemExit(0)", "import os\n  os._exit(0)", "exit()"}) {
    EXPECT_EQ(verdict_of_call(std::string("def f():\n  ") + leave + "\n", "[]", "1"),
              "runtime_error: ended without returning a value")
        << leave;
  }
  EXPECT_THAT(verdict_of_call("raise SystemExit(0)\n", "[]", "1"), StartsWith("runtime_error"));
  EXPECT_EQ(verdict_of_call("def f():\n  return 1\nexit(0)\n", "[]", "1"), "accepted");
}

TEST(PythonCall, WhatPythonCallsEqualToAPlainValueIsThatValue) {
  const std::string code =
      "import collections, decimal, enum, fractions\n"
      "P = collections.namedtuple('P', 'a b')\n"
      "class E(enum.IntEnum):\n  A = 5\n"
      "class S(str):\n  pass\n"
      "def f():\n"
      "  return [P(1, 2), E.A, S('x'), decimal.Decimal('1.5'), fractions.Fraction(4, 2)]\n";

  EXPECT_EQ(verdict_of_call(code, "[]", "[[1, 2], 5, \"x\", 1.5, 2]"), "accepted");
  EXPECT_THAT(
      verdict_of_call("import decimal\ndef f():\n  return decimal.Decimal('1.1')\n", "[]", "1.1"),
      StartsWith("wrong_answer"));
}

TEST(PythonCall, ObjectsThatClaimToBeEqualAreNot) {
  for (const char* base : {"int", "str", "list", "float", "object"}) {
    const std::string code = std::string("class Liar(") + base + "):\n" +
                             "  def __eq__(self, other):\n    return True\n" +
                             "  __hash__ = None\n" + "def f():\n  return Liar()\n";
    EXPECT_THAT(verdict_of_call(code, "[]", "1"), StartsWith("wrong_answer")) << base;
  }
  EXPECT_THAT(verdict_of_call("from unittest.mock import ANY\ndef f():\n  return ANY\n", "[]", "1"),
              StartsWith("wrong_answer"));
}

TEST(PythonCall, ATypeThatLiesAboutItsClassIsOpaque) {
  const std::string code =
      "class Liar:\n"
      "  __class__ = int\n"
      "  def __eq__(self, other):\n    return True\n"
      "def f():\n  return Liar()\n";
  const EvaluationResult result = call(code, "[]", "1");

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(std::get<Value::Opaque>(result.cases[0].actual->data).type_name, "Liar");
}

TEST(PythonCall, AModuleOfTheSubmissionCannotStandInForOneOfTheHarness) {
  FunctionCall evaluation;
  evaluation.entry_point = "f";
  evaluation.cases.push_back({{}, {}, integer(1)});
  EvaluationRequest request = request_of("python", "def f():\n  return 2\n", evaluation);
  for (const char* name :
       {"json.py", "_json.py", "os.py", "binascii.py", "sitecustomize.py", "usercustomize.py",
        ".local/lib/python3.11/site-packages/usercustomize.py"}) {
    request.submission.files[name] = "import os\nos.write(4, b'1')\nos._exit(0)\n";
  }

  EXPECT_EQ(evaluate_plainly(request).verdict, Verdict::kWrongAnswer);
}

TEST(PythonCall, ReplacedBuiltinsDoNotStopAnHonestAnswer) {
  EXPECT_EQ(verdict_of_call("import builtins\nbuiltins.len = builtins.type = builtins.str = None\n"
                            "def f():\n  return ['x', 1.5, {'k': (1,)}]\n",
                            "[]", R"(["x", 1.5, {"k": [1]}])"),
            "accepted");
}

TEST(PythonCall, ACyclicValueIsBoundedAndWrong) {
  EXPECT_THAT(verdict_of_call("def f():\n  x = []\n  x.append(x)\n  return x\n", "[]", "[]"),
              StartsWith("wrong_answer"));
}

// ---- library types

TEST(PythonCall, DictsOfTheStandardLibraryAreDicts) {
  EXPECT_EQ(verdict_of_call(
                "from collections import Counter, OrderedDict, defaultdict\n"
                "def f():\n  return [Counter('aab'), OrderedDict(k=1), defaultdict(int, {2: 3})]\n",
                "[]", R"([{"a": 2, "b": 1}, {"k": 1}, {"$dict": [[2, 3]]}])"),
            "accepted");
}

TEST(PythonCall, NumpyScalarsAndArraysArePlainValues) {
  const EvaluationResult probe = call("import numpy\ndef f():\n  return 1\n", "[]", "1");
  if (probe.verdict != Verdict::kAccepted) GTEST_SKIP() << "/usr/bin/python3 has no numpy";

  EXPECT_EQ(
      verdict_of_call(
          "import numpy as np\n"
          "def f():\n  return [np.int64(3), np.float64(0.5), np.bool_(True), np.array([[1, 2]])]\n",
          "[]", "[3, 0.5, true, [[1, 2]]]"),
      "accepted");
}

}  // namespace
}  // namespace farm::evaluate
