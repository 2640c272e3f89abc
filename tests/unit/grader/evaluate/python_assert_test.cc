// harness/python_assert.py with the real interpreter: tests that do not fit a process of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/plain_evaluation.h"

namespace farm::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Tests with it need one process (harness/python_fit.py).
const std::string kTogether = "\nimport gc\n";

std::string judged(const std::string& code, const std::string& tests,
                   const std::string& entry_point = "") {
  return told(
      evaluate_plainly(request_of("python", code, assert_tests(tests + kTogether, entry_point))));
}

constexpr const char* kAdd = "def add(a, b):\n  return a + b\n";
constexpr const char* kWrongAdd = "def add(a, b):\n  return a - b\n";
constexpr const char* kCheck =
    "def check(candidate):\n  assert candidate(1, 2) == 3\n  assert candidate(2, 2) == 4\n";

TEST(PythonAssert, TestsThatHoldAreAccepted) {
  const EvaluationResult result = evaluate_plainly(
      request_of("python", kAdd, assert_tests("assert add(1, 2) == 3" + kTogether)));

  EXPECT_EQ(told(result), "accepted");
  EXPECT_EQ(result.integrity, Integrity::kSentinel);
}

TEST(PythonAssert, AFailedAssertionIsAWrongAnswer) {
  EXPECT_THAT(judged(kWrongAdd, "assert add(1, 2) == 3, 'sum'"),
              StartsWith("wrong_answer: an assertion failed"));
}

TEST(PythonAssert, CheckIsCalledWithTheEntryPointWhereTheTestsDoNotCallIt) {
  EXPECT_EQ(judged(kAdd, kCheck, "add"), "accepted");
  EXPECT_THAT(judged(kWrongAdd, kCheck, "add"), StartsWith("wrong_answer"));
}

TEST(PythonAssert, CheckIsNotCalledTwice) {
  const std::string tests = std::string("calls = 0\n") +
                            "def check(candidate):\n  global calls\n  calls += 1\n" +
                            "  assert calls == 1 and candidate(1, 2) == 3\n" + "check(add)\n";

  EXPECT_EQ(judged(kAdd, tests, "add"), "accepted");
}

TEST(PythonAssert, AnExceptionOfTheSubmissionIsARuntimeErrorWithBothTracebacks) {
  const EvaluationResult result =
      evaluate_plainly(request_of("python", "def add(a, b):\n  return nowhere\n",
                                  assert_tests("assert add(1, 2) == 3" + kTogether)));

  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_THAT(result.cases[0].stderr_bytes, HasSubstr("File \"tests.py\", line 1"));
  EXPECT_THAT(result.cases[0].stderr_bytes, HasSubstr("File \"main.py\", line 2, in add"));
  EXPECT_THAT(result.cases[0].stderr_bytes, Not(HasSubstr(".farm")));
}

TEST(PythonAssert, ExpectedExceptionsAndMutatedArgumentsWork) {
  const std::string code =
      "def pop(xs):\n  if not xs:\n    raise ValueError('empty')\n  return xs.pop()\n";
  const std::string tests =
      "xs = [1, 2]\nassert pop(xs) == 2 and xs == [1]\n"
      "try:\n  pop([])\n  assert False\nexcept ValueError:\n  pass\n";

  EXPECT_EQ(judged(code, tests), "accepted");
}

TEST(PythonAssert, TheProgramRunsAsMainAndCanBePickledAndInspected) {
  const std::string code =
      "import pickle, dataclasses\n"
      "@dataclasses.dataclass\nclass P:\n  x: int\n"
      "def copy(p):\n  return pickle.loads(pickle.dumps(p))\n"
      "assert __name__ == '__main__'\n";

  EXPECT_EQ(judged(code, "assert copy(P(3)) == P(3)"), "accepted");
}

TEST(PythonAssert, TheSubmissionContinuesThePromptAndStopsAtAStopToken) {
  AssertTests evaluation = assert_tests(kCheck + kTogether, "add");
  evaluation.prompt = "def add(a, b):\n";
  evaluation.stop_tokens = {"\ndef "};
  EvaluationRequest request = request_of("python", "  return a + b\ndef nonsense(:\n", evaluation);
  request.submission.continues_prompt = true;

  EXPECT_EQ(told(evaluate_plainly(request)), "accepted");
}

// ---- programs that would rather not be tested

TEST(PythonAssert, LeavingBeforeTheEndIsNotAccepted) {
  for (const char* leave : {"raise SystemExit(0)", "import os; os._exit(0)", "exit(0)",
                            "import os; os.execv('/bin/true', ['true'])"}) {
    const std::string in_function = std::string("def add(a, b):\n  ") + leave + "\n";
    EXPECT_EQ(judged(in_function, kCheck, "add"), "runtime_error: ended before the tests completed")
        << leave;
    EXPECT_THAT(judged(std::string(leave) + "\n", kCheck, "add"), StartsWith("runtime_error"))
        << leave;
  }
}

TEST(PythonAssert, HooksThatTurnAFailureIntoSuccessAreNotAccepted) {
  const std::string excepthook = "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\n";
  const std::string atexit = "import atexit, os\natexit.register(lambda: os._exit(0))\n";
  for (const std::string& hook : {excepthook, atexit}) {
    EXPECT_THAT(judged(hook + kWrongAdd, kCheck, "add"), StartsWith("wrong_answer")) << hook;
  }
}

TEST(PythonAssert, ForgedWordsOnEveryDescriptorAreNotAccepted) {
  const std::string code =
      "import os\n"
      "def add(a, b):\n"
      "  for fd in range(1, 16):\n"
      "    try:\n      os.write(fd, b'passed ' + b'0' * 32)\n    except OSError:\n      pass\n"
      "  os._exit(0)\n";

  EXPECT_EQ(judged(code, kCheck, "add"), "runtime_error: ended before the tests completed");
}

TEST(PythonAssert, TheTestsAndTheTokenAreNotOnDiskNorInTheEnvironment) {
  const std::string code =
      "import os, sys\n"
      "seen = repr(dict(os.environ)) + repr(sys.argv) + open('/proc/self/cmdline').read()\n"
      "for folder, _, names in os.walk('.'):\n"
      "  for name in names:\n    seen += open(os.path.join(folder, name)).read()\n"
      "def leaked():\n  return 'zebra' + '-crossing' in seen\n"
      "def on_three():\n"
      "  try:\n    return os.read(3, 1)\n  except OSError:\n    return None\n";

  EXPECT_EQ(judged(code, "word = 'zebra-crossing'\nassert not leaked() and on_three() is None"),
            "accepted");
}

TEST(PythonAssert, ATraceFunctionIsGoneBeforeTheTestsRun) {
  const std::string code = std::string("import sys\nsys.settrace(lambda *a: None)\n") + kAdd;

  EXPECT_EQ(judged(code, "import sys\nassert sys.gettrace() is None and add(1, 2) == 3"),
            "accepted");
}

// Callbacks keep these tests in the submission's process.
constexpr const char* kApply =
    "assert apply(lambda x: x + 1, 2) == 3\n"
    "for left, right in [(apply(lambda x: 2 * x, 4), 8)]:\n  assert left == right\n";

TEST(PythonAssert, ObjectsThatAreEqualToEverythingAreNot) {
  EXPECT_EQ(judged("def apply(f, x):\n  return f(x)\n", kApply, "apply"), "accepted");
  for (const char* liar :
       {"class L:\n  __eq__ = lambda a, b: True\n", "class L(int):\n  __eq__ = lambda a, b: True\n",
        "class L:\n  __ne__ = lambda a, b: False\n  __eq__ = lambda a, b: 1\n",
        "from unittest.mock import ANY\nL = lambda: ANY\n"}) {
    const std::string code = std::string(liar) + "def apply(f, x):\n  return ";
    EXPECT_THAT(judged(code + "L()\n", kApply, "apply"), StartsWith("wrong_answer")) << liar;
    EXPECT_THAT(judged(code + "[L()]\n", "assert apply(lambda: 1, 2) == [3]", "apply"),
                StartsWith("wrong_answer"))
        << liar;
  }
  EXPECT_THAT(
      judged("class L:\n  __sub__ = lambda a, b: 0.0\ndef apply(f, x):\n  return L()\n",
             "assert abs(apply(lambda: 1, 2) - 3.0) < 1e-6\nassert apply(max, 2) < 9", "apply"),
      Not(StartsWith("accepted")));
}

TEST(PythonAssert, ClassesMaySayWhatTheyAreEqualTo) {
  EXPECT_EQ(judged("import functools\n"
                   "@functools.total_ordering\n"
                   "class Money:\n"
                   "  def __init__(self, n):\n    self.n = n\n"
                   "  def __eq__(self, other):\n    return self.n == getattr(other, 'n', other)\n"
                   "  def __le__(self, other):\n    return self.n <= getattr(other, 'n', other)\n"
                   "  def __sub__(self, other):\n    return max(0, self.n - other)\n",
                   "a = Money(3)\n"
                   "assert a == 3 and a == Money(3) and a != 4 and a < 5 and a > 2 and a - 9 == 0\n"
                   "assert [a, Money(4)] == [3, Money(4)] and a in [1, 3]"),
            "accepted");
}

TEST(PythonAssert, BuiltinsOfTheTestsArePythonsOwn) {
  const std::string tests = "assert abs(apply(lambda x: x, 2) - 2) < 1e-6\nassert len([1]) == 1";
  for (const char* own : {"def abs(x):\n  return 0\n", "import builtins\nbuiltins.abs = len\n"}) {
    EXPECT_EQ(judged(std::string(own) + "def apply(f, x):\n  return f(x)\n", tests, "apply"),
              "accepted")
        << own;
    EXPECT_THAT(judged(std::string(own) + "def apply(f, x):\n  return [f(x)]\n", tests, "apply"),
                Not(StartsWith("accepted")))
        << own;
  }
  EXPECT_EQ(judged("def sum(f, x):\n  return f(x)\n", "assert sum(lambda x: x, 2) == 2"),
            "accepted");
}

TEST(PythonAssert, NothingThatIsEasilyFoundIsTheToken) {
  const std::string code =
      "import gc, os, re, sys\n"
      "seen, frame = list(gc.get_objects()), sys._getframe()\n"
      "while frame:\n"
      "  seen += list(frame.f_locals.values())\n"
      "  frame = frame.f_back\n"
      "for one in seen + [part for one in seen for part in gc.get_referents(one)]:\n"
      "  for text in one if type(one) in (list, tuple) else (one,):\n"
      "    text = text.encode() if type(text) is str and text.isascii() else text\n"
      "    if type(text) in (bytes, bytearray) and re.fullmatch(b'[0-9a-f]{32}', text):\n"
      "      os.write(4, b'passed ' + text)\n"
      "      os._exit(0)\n"
      "def apply(f, x):\n  return 0\n";

  EXPECT_THAT(judged(code, kApply, "apply"), StartsWith("wrong_answer"));
}

}  // namespace
}  // namespace farm::evaluate
