// Tests of Python in a process of their own: harness/python_tester.py, python_submission.py and
// python_fit.py with the real interpreter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/plain_evaluation.h"

namespace farm::evaluate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

EvaluationResult result_of(const std::string& code, const std::string& tests,
                           const std::string& entry_point = "f", const std::string& prompt = "") {
  AssertTests evaluation = assert_tests(tests, entry_point);
  evaluation.prompt = prompt;
  return evaluate_plainly(request_of("python", code, evaluation));
}

// The verdict, the message, and how it came about unless the tests ran apart.
std::string judged(const std::string& code, const std::string& tests,
                   const std::string& entry_point = "f", const std::string& prompt = "") {
  const EvaluationResult result = result_of(code, tests, entry_point, prompt);
  std::string text = told(result);
  if (result.integrity != Integrity::kIsolated && result.verdict != Verdict::kRejected)
    text = std::string(word(result.integrity)) + " " + text;
  return text;
}

// Why tests do not run apart; "apart" if they do.
std::string objection_to(const std::string& tests, const std::string& prompt = "") {
  const EvaluationResult result = result_of("def f(x=0, *more):\n  return x\n", tests, "f", prompt);
  if (result.warnings.empty()) return "apart";
  EXPECT_EQ(result.integrity, Integrity::kSentinel);
  const std::string& warning = result.warnings[0];
  return warning.substr(std::min(warning.size(), warning.find(": ") + 2));
}

constexpr const char* kAdd = "def add(a, b):\n  return a + b\n";
constexpr const char* kCheck =
    "def check(candidate):\n  assert candidate(1, 2) == 3\n  assert candidate(2, 2) == 4\n";

TEST(PythonApart, TestsOfBothStylesRunApartAndDecide) {
  EXPECT_EQ(judged(kAdd, kCheck, "add"), "accepted");
  EXPECT_EQ(judged(kAdd, std::string(kCheck) + "check(add)\n", "add"), "accepted");
  EXPECT_EQ(judged(kAdd, "assert add(1, 2) == 3", "add"), "accepted");
  EXPECT_EQ(judged("def add(a, b):\n  return a - b\n", kCheck, "add"),
            "wrong_answer: an assertion failed: AssertionError");
}

TEST(PythonApart, TheOnlyFunctionThatIsNowhereDefinedIsTheEntryPoint) {
  EXPECT_EQ(judged(kAdd, "assert add(1, 2) == 3", ""), "accepted");
}

TEST(PythonApart, UnittestCasesRunApart) {
  const std::string tests =
      "import unittest\n"
      "class T(unittest.TestCase):\n"
      "  def test_add(self):\n"
      "    self.assertEqual(add(1, 2), 3)\n"
      "    with self.assertRaises(TypeError):\n      add(1)\n"
      "    self.assertRaises(TypeError, add, 1, None)\n"
      "unittest.main()\n";

  EXPECT_EQ(judged(kAdd, tests, "add"), "accepted");
  EXPECT_THAT(judged("def add(a, b):\n  return 0\n", tests, "add"), StartsWith("wrong_answer"));
}

TEST(PythonApart, HelpersOfThePromptComeFromThePrompt) {
  const std::string prompt =
      "import math\ndef double(x):\n  return 2 * x\n\ndef f(x):\n  \"\"\"Four times x.\"\"\"\n";

  EXPECT_EQ(judged("def f(x):\n  return 4 * x\ndef double(x):\n  return 0\n",
                   "assert double(f(math.floor(1.5))) == 8", "f", prompt),
            "accepted");
}

TEST(PythonApart, APromptThatEndsInTheMiddleOfAFunctionStillHelps) {
  EXPECT_EQ(judged("def f(x):\n  return x\n", "assert f(one()) == 1", "f",
                   "def one():\n  return 1\ndef f(x):\n"),
            "accepted");
}

TEST(PythonApart, ValuesOfManyKindsCrossAsTheyAre) {
  for (const char* value :
       {"None", "True", "2**70", "-0.0", "float('inf')", "1e300", "'\\u00e4\\U0001f600'",
        "'\\ud800'", "b'\\x00\\xff'", "bytearray(b'ab')", "(1, (2,), [])", "{1, 'a', (2, 3)}",
        "frozenset({1, frozenset()})", "{1: 'a', 'b': {2.5: None}, '$set': 1}", "{'a': [{}]}",
        "1 - 2j", "range(1, 9, 3)"}) {
    const std::string tests = std::string("x = ") + value +
                              "\ny = f(x)\nassert repr(y) == repr(x) and type(y) is type(x)";
    EXPECT_EQ(judged("def f(x):\n  return x\n", tests), "accepted") << value;
  }
}

TEST(PythonApart, NumbersOfTheStandardLibraryCross) {
  EXPECT_EQ(judged("from decimal import Decimal\nfrom fractions import Fraction\n"
                   "def f():\n  return [Decimal('1.50'), Fraction(2, 4)]\n",
                   "assert repr(f()) == \"[Decimal('1.50'), Fraction(1, 2)]\" and f()[1] == 0.5"),
            "accepted");
}

TEST(PythonApart, CollectionsCrossAsTheyAre) {
  EXPECT_EQ(judged("from collections import *\n"
                   "def f(d):\n"
                   "  d.append(9)\n"
                   "  return deque([3]), Counter('aab'), OrderedDict([(2, 1), (1, 2)])\n",
                   "from collections import deque, Counter, OrderedDict\n"
                   "d = deque([1, 2], maxlen=2)\n"
                   "left, counted, ordered = f(d)\n"
                   "assert left == deque([3]) and d == deque([2, 9]) and d.maxlen == 2\n"
                   "assert counted['z'] == 0 and list(ordered) == [2, 1]\n"),
            "accepted");
}

TEST(PythonApart, ASubclassThatKeepsItsBasesEqualityIsWorthItsBase) {
  EXPECT_EQ(judged("import collections, enum\n"
                   "P = collections.namedtuple('P', 'a b')\n"
                   "class E(enum.IntEnum):\n  A = 5\n"
                   "class S(str):\n  pass\n"
                   "def f():\n  return [P(1, -0.0), E.A, S('x')]\n",
                   "assert repr(f()) == \"[(1, -0.0), 5, 'x']\""),
            "accepted");
}

TEST(PythonApart, WhatIsIteratedOverIsRunToItsEnd) {
  EXPECT_EQ(judged("def f(d):\n  yield d.keys()\n  yield d.values()\n  yield map(str, d)\n",
                   "keys, values, texts = f({1: 2})\n"
                   "assert keys == {1} and list(values) == [2] and list(texts) == ['1']"),
            "accepted");
  const char* const endless = "import itertools\ndef f():\n  return itertools.count()\n";
  EXPECT_THAT(judged(endless, "assert list(f()) == [0]"), StartsWith("runtime_error"));
  EXPECT_EQ(objection_to("assert next(f(1)) == 0"), "they take what it returns one by one");
  EXPECT_EQ(judged(endless, "numbers = f()\nassert next(numbers) == 0 and next(numbers) == 1"),
            "sentinel accepted");
}

TEST(PythonApart, NumpyCrossesByTypeShapeAndBytes) {
  if (judged("import numpy\ndef f():\n  return 1\n", "assert f() == 1") != "accepted")
    GTEST_SKIP() << "/usr/bin/python3 has no numpy";
  EXPECT_EQ(
      judged("import numpy as np\n"
             "def f(a):\n"
             "  assert type(a) is np.ndarray and a.dtype == np.int16\n"
             "  a[0, 0] = 7\n"
             "  return a.T * 1.5, a.sum(), a > 2, np.array(1j)\n",
             "import numpy as np\n"
             "x = np.arange(6, dtype=np.int16).reshape(2, 3)\n"
             "product, total, larger, unit = f(x)\n"
             "assert x[0, 0] == 7 and product.shape == (3, 2) and product.dtype == np.float64\n"
             "assert isinstance(total, np.int64) and total == 22\n"
             "assert larger.dtype == bool and larger.sum() == 4 and unit.shape == ()\n"
             "np.testing.assert_allclose(product[:, 1], [4.5, 6, 7.5])\n"),
      "accepted");
}

// ---- arguments

TEST(PythonApart, MutatedArgumentsAreWrittenBack) {
  EXPECT_EQ(
      judged("def f(xs, d, s, b):\n  xs.sort()\n  d['n'] = len(xs)\n  s.clear()\n  b += b'!'\n",
             "xs, d, s, b = [3, 1], {}, {1}, bytearray()\n"
             "f(xs, d=d, s=s, b=b)\n"
             "assert xs == [1, 3] and d == {'n': 2} and s == set() and b == b'!'\n"),
      "accepted");
}

TEST(PythonApart, WhatTheTestsHoldOfAnArgumentStaysTheSameObject) {
  EXPECT_EQ(judged("def f(rows):\n  rows.sort()\n  rows[0].append(rows[-1])\n  return rows[0]\n",
                   "low, high = [1], [2]\n"
                   "rows = [high, low]\n"
                   "got = f(rows)\n"
                   "got.append(5)\n"
                   "assert rows == [[1, [2], 5], [2]] and low == [1, [2], 5]\n"
                   "high.append(6)\n"
                   "assert low == [1, [2, 6], 5]\n"),
            "accepted");
}

TEST(PythonApart, OneObjectGivenTwiceArrivesAsOne) {
  EXPECT_EQ(judged("def f(grid):\n  grid[0][0] = 1\n  return grid[0] is grid[1]\n",
                   "grid = [[0]] * 2\nassert f(grid) and grid == [[1], [1]]"),
            "accepted");
}

TEST(PythonApart, StateOfTheSubmissionLastsFromCallToCall) {
  EXPECT_EQ(judged("seen = []\ndef f(x):\n  seen.append(x)\n  return len(seen)\n",
                   "assert [f(0), f(0)] == [1, 2]"),
            "accepted");
}

// ---- exceptions

TEST(PythonApart, ExceptionsCrossByTheNameOfTheirBuiltinKind) {
  EXPECT_EQ(judged("class Mine(ValueError):\n  pass\n"
                   "def f(x):\n"
                   "  if x:\n    raise Mine('not %d' % x)\n"
                   "  raise KeyError('k')\n",
                   "try:\n  f(1)\n  assert False\n"
                   "except ValueError as e:\n  assert str(e) == 'not 1' and type(e) is ValueError\n"
                   "try:\n  f(0)\n  assert False\n"
                   "except LookupError as e:\n  assert e.args == ('k',)\n"),
            "accepted");
}

TEST(PythonApart, AnUnexpectedExceptionIsARuntimeErrorWithBothTracebacks) {
  const EvaluationResult result = result_of("def f(x):\n  return nowhere\n", "\nassert f(1) == 3");

  EXPECT_EQ(told(result), "runtime_error: NameError: name 'nowhere' is not defined");
  EXPECT_THAT(result.cases[0].stderr_bytes, HasSubstr("File \"tests.py\", line 2"));
  EXPECT_THAT(result.cases[0].stderr_bytes, HasSubstr("File \"main.py\", line 2, in f"));
  EXPECT_THAT(result.cases[0].stderr_bytes, Not(HasSubstr(".farm")));
}

TEST(PythonApart, AStopIterationOfTheSubmissionDoesNotEndALoopOfTheTests) {
  EXPECT_THAT(judged("def f(x):\n  raise StopIteration\n", "assert all(map(f, [1, 2]))"),
              StartsWith("runtime_error"));
  EXPECT_EQ(judged("def f(x):\n  raise StopIteration\n",
                   "try:\n  f(1)\n  assert False\nexcept StopIteration:\n  pass\n"),
            "accepted");
}

TEST(PythonApart, RecursionIsTheSubmissionsOwn) {
  EXPECT_EQ(judged("def f(n):\n  return 0 if n == 0 else 1 + f(n - 1)\n", "assert f(900) == 900"),
            "accepted");
  EXPECT_EQ(judged("import sys\nsys.setrecursionlimit(50000)\n"
                   "def f(n):\n  return 0 if n == 0 else 1 + f(n - 1)\n",
                   "assert f(5000) == 5000 and f(5000) == 5000"),
            "accepted");
}

TEST(PythonApart, WhatTheSubmissionPrintsIsItsOwnOutput) {
  const EvaluationResult result =
      result_of("def f():\n  print('debug')\n  return 1\n", "print('test')\nassert f() == 1");

  EXPECT_EQ(told(result), "accepted");
  EXPECT_EQ(result.cases[0].stdout_bytes, "debug\n");
}

// ---- programs that would rather not be tested

TEST(PythonApart, ObjectsThatClaimToBeEqualAreNot) {
  for (const char* liar :
       {"class L(int):\n  __eq__ = lambda a, b: True\ndef f():\n  return L(7)\n",
        "class L:\n  __eq__ = lambda a, b: True\ndef f():\n  return L()\n",
        "class L:\n  __class__ = int\n  __eq__ = lambda a, b: True\ndef f():\n  return L()\n",
        "class L(list):\n  __eq__ = lambda a, b: True\ndef f():\n  return [L()]\n"}) {
    EXPECT_THAT(judged(liar, "assert f() == 3"), StartsWith("wrong_answer")) << liar;
    EXPECT_THAT(judged(liar, "assert [3] == f()"), StartsWith("wrong_answer")) << liar;
  }
}

TEST(PythonApart, AnObjectWithoutAValueFormIsAsTrueAsItSays) {
  EXPECT_EQ(judged("import re\ndef f(x):\n  return re.match('a', x)\n",
                   "assert f('abc')\nassert not f('b')\nassert f('a') is not None"),
            "accepted");
  EXPECT_THAT(judged("class L:\n  def __bool__(self):\n    raise ValueError\n"
                     "def f():\n  return L()\n",
                     "assert f()"),
              StartsWith("runtime_error"));
}

TEST(PythonApart, LeavingBeforeTheEndIsNotAccepted) {
  for (const char* leave : {"import os; os._exit(0)", "import os; os.execv('/bin/true', ['true'])",
                            "import os; os.kill(os.getpid(), 9)"}) {
    const std::string in_function = std::string("def f():\n  ") + leave + "\n";
    EXPECT_THAT(judged(in_function, "assert f() == 1"), StartsWith("runtime_error")) << leave;
    EXPECT_THAT(judged(std::string(leave) + "\n", "assert f() == 1"), StartsWith("runtime_error"))
        << leave;
    EXPECT_THAT(judged(in_function, "try:\n  f()\nexcept BaseException:\n  pass\n"),
                StartsWith("runtime_error"))
        << leave;
  }
  EXPECT_EQ(judged("def f():\n  exit(0)\n", "try:\n  f()\nexcept Exception:\n  pass\n"),
            "runtime_error: raised SystemExit");
}

TEST(PythonApart, AnExpectedSystemExitIsAnException) {
  EXPECT_EQ(judged("def f():\n  raise SystemExit(3)\n",
                   "try:\n  f()\n  assert False\nexcept SystemExit as e:\n  assert e.code == 3\n"),
            "accepted");
}

TEST(PythonApart, TestsThatAskNothingStillNeedAProgramThatLoads) {
  EXPECT_THAT(judged("raise ValueError('no')\n", "if False:\n  f()\n"),
              StartsWith("runtime_error: exit code 1: \"ValueError: no\""));
}

TEST(PythonApart, NonsenseInPlaceOfAnswersIsARuntimeError) {
  const std::string say = "import os\ndef say(b):\n  os.write(6, b)\n";
  const std::string frame = "def frame(b):\n  say(len(b).to_bytes(4, 'big') + b)\n";
  for (const char* nonsense :
       {"say(b'passed ' + b'0' * 32)", "say(b'\\xff' * 8)", "frame(b'{')", "frame(b'7')",
        "frame(b'{}')", "frame(b'{\"value\":{\"$ref\":9},\"changed\":[]}')",
        "frame(b'{\"value\":{\"$no\":1},\"changed\":[]}')",
        "frame(b'{\"value\":1,\"changed\":[[0,{}]]}')", "frame(b'[' * 100000)",
        "frame(b'{\"raised\":[[\"print\"],[]],\"changed\":[]}')",
        "frame(b'{\"value\":{\"$array\":[\"O\",[1],\"AAAAAAAAAAA=\"]},\"changed\":[]}')",
        "frame(b'{\"value\":' + b'1' * 200000 + b',\"changed\":[]}')", "os.close(6)"}) {
    const std::string code = say + frame + "def f(x):\n  " + nonsense + "\n  os._exit(0)\n";
    EXPECT_THAT(judged(code, "assert f([1]) == 1"), StartsWith("runtime_error")) << nonsense;
  }
}

TEST(PythonApart, NoAnswerIsTakenForTheProgramsBeingReady) {
  EXPECT_THAT(judged("import os\n"
                     "b = b'{\"value\":1,\"changed\":[]}'\n"
                     "os.write(6, len(b).to_bytes(4, 'big') + b)\nos._exit(0)\n",
                     "assert f() == 1"),
              StartsWith("runtime_error"));
}

TEST(PythonApart, TheSubmissionFindsNeitherTestsNorTester) {
  const std::string code =
      "import os, sys, gc\n"
      "def f():\n"
      "  seen = repr(dict(os.environ)) + repr(sys.argv) + repr(list(sys.modules))\n"
      "  for folder, _, names in os.walk('.'):\n"
      "    for name in names:\n      seen += name + open(os.path.join(folder, name)).read()\n"
      "  seen += repr([x for x in gc.get_objects() if type(x) in (dict, list, tuple)])\n"
      "  return '-'.join(['zebra', 'crossing']) in seen or 'python_' + 'tester.py' in "
      "os.listdir('.farm')\n";

  EXPECT_EQ(judged(code, "word = 'zebra-crossing'\nassert f() is False"), "accepted");
}

// ---- tests that do not fit, and tests that are broken

TEST(PythonApart, WhatNeedsMoreThanValuesRunsInOneProcessAndSaysWhy) {
  EXPECT_EQ(objection_to("assert f(1)(2) == 3"), "they call what the function returns");
  EXPECT_EQ(objection_to("g = f(1)\nassert g(2) == 3"), "they call what the function returns");
  EXPECT_EQ(objection_to("f(1, lambda x: x)"), "they give it a function");
  EXPECT_EQ(objection_to("def g(x):\n  return x\nf(g)"),
            "they give it what is no plain value: function");
  EXPECT_EQ(objection_to("f(int)"), "they give it what is no plain value: type");
  EXPECT_EQ(objection_to("x = [1]\nassert f(x) is x"), "they ask for identity");
  EXPECT_EQ(objection_to("import inspect\nassert f(1)"), "they import inspect");
  EXPECT_EQ(objection_to("from unittest.mock import patch\nassert f(1)"), "they import patch");
  EXPECT_EQ(objection_to("import random\nrandom.seed(1)\nf()"), "they use .seed");
  EXPECT_EQ(objection_to("assert f(1) and f.__doc__ is None"), "they use .__doc__");
  EXPECT_EQ(objection_to("print(f(1), f.cache)"), "they use .cache of an object");
  EXPECT_EQ(objection_to("f(1).push(2)"), "they use .push of an object");
  EXPECT_EQ(objection_to("assert f(open('x'))"), "they use open");
  EXPECT_EQ(objection_to("assert other(f(1))"),
            "they use other, which only the submission defines");
  EXPECT_EQ(objection_to("f(Node(1))", "class Node:\n  def __init__(self, x):\n    self.x = x\n"),
            "they use classes of the prompt");
  EXPECT_EQ(objection_to("def f(x):\n  return x\nassert f(1) == 1"), "they define f themselves");
  EXPECT_EQ(objection_to("assert True"), "they never call f");
  EXPECT_EQ(objection_to("assert f(1)", "import asyncio\n"), "the prompt imports asyncio");
  EXPECT_EQ(objection_to("r = f(1)\nassert r.x == 2"), "they use .x of an object");
  EXPECT_EQ(objection_to("for g in f(1):\n  assert g(2) == 3"),
            "they call what the function returns");
  EXPECT_EQ(objection_to("assert f(1)", "import hashlib\n"), "apart");
  EXPECT_EQ(objection_to("assert f(1) is not None and type(f(1)) is int and f(True) is True"),
            "apart");
  EXPECT_EQ(objection_to(
                "import random\nrng = random.Random(3)\nx = rng.randint(1, 9)\nassert f(x) == x"),
            "apart");
}

TEST(PythonApart, DatesCrossAsTheyAre) {
  const std::string code =
      "import datetime\n"
      "def f(day):\n"
      "  return day + datetime.timedelta(days=1)\n";

  EXPECT_EQ(objection_to("import datetime\nassert f(datetime.date(2020, 2, 28))"), "apart");
  EXPECT_EQ(judged(code,
                   "from datetime import date, datetime\n"
                   "assert f(date(2020, 2, 28)) == date(2020, 2, 29)\n"
                   "assert repr(f(datetime(2020, 2, 28, 1, 2, 3, 4))) == "
                   "repr(datetime(2020, 2, 29, 1, 2, 3, 4)) and f(date.min).year == 1\n"),
            "accepted");
}

TEST(PythonApart, AProgramThatEndsWithExitIsLoaded) {
  EXPECT_EQ(judged("import sys\ndef f():\n  return 1\nsys.exit(0)\n", "assert f() == 1"),
            "accepted");
  EXPECT_THAT(judged("import sys\ndef f():\n  return 1\nsys.exit(3)\n", "assert f() == 1"),
              StartsWith("runtime_error"));
}

TEST(PythonApart, NoAnswerOfTheSubmissionTalksTheTestsIntoItsProcess) {
  const std::string tests = "x = f(1)\nassert f(x) == 3";
  for (const char* answer : {"object()", "lambda: 3", "int"}) {
    const EvaluationResult result =
        result_of(std::string("def f(x):\n  return ") + answer + "\n", tests);
    EXPECT_EQ(result.integrity, Integrity::kIsolated) << answer;
    EXPECT_EQ(result.verdict, Verdict::kRuntimeError) << answer;
  }
}

TEST(PythonApart, TestsThatFailByThemselvesAreTheRequestsFault) {
  for (const char* tests : {"assert f(1) ==", "import no_such_library_at_all, math\nassert f(1)",
                            "assert 1 == 2\nf(1)", "x = 1 / 0\nf(1)"}) {
    const EvaluationResult result = result_of("def f(x):\n  return 1\n", tests);
    const bool rejected = result.verdict == Verdict::kRejected;
    EXPECT_TRUE(rejected || result.integrity == Integrity::kSentinel) << tests << told(result);
    if (rejected) {
      EXPECT_THAT(told(result), StartsWith("rejected: /evaluation/tests: "));
    }
  }
  EXPECT_THAT(told(result_of("def f(x):\n  return 1\n", "assert f(1) ==")),
              HasSubstr("SyntaxError: invalid syntax"));
}

TEST(PythonApart, TestsThatMustRunApartAndCannotAreRefused) {
  EvaluationRequest request = request_of("python", "def f(x):\n  return x\n",
                                         assert_tests("x = [1]\nassert f(x) is x", "f"));
  request.policy.min_integrity = Integrity::kIsolated;

  EXPECT_THAT(told(evaluate_plainly(request)),
              StartsWith("rejected: /policy/min_integrity: 'isolated' is asked for and these tests "
                         "yield 'sentinel': they ask for identity"));
}

}  // namespace
}  // namespace farm::evaluate
