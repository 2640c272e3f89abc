// harness/bash_assert.sh and harness/bash_call.sh with the real shell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/plain_evaluation.h"

namespace farm::evaluate {
namespace {

using ::testing::StartsWith;

// Taken apart.
const std::string kLines =
    "candidate() {\n    add \"$@\"\n}\n\nset -e\nrun_test() {\n"
    "    [[ $(candidate \"1\" \"2\") = \"3\" ]]\n    [[ $(candidate \"5\" \"7\") = \"12\" "
    "]]\n}\n\nrun_test\n";
// Left whole.
const std::string kLoop =
    "set -e\nfor i in 1 2; do\n  got=$(add \"$i\" 2)\n  [[ $got = \"$((i + 2))\" ]]\ndone\n";
const std::string kAdd = "add() {\n    echo $(($1 + $2))\n}\n";

EvaluationResult graded(const std::string& code, const std::string& tests) {
  return evaluate_plainly(request_of("bash", code, assert_tests(tests)));
}
std::string judged(const std::string& code, const std::string& tests) {
  return told(graded(code, tests));
}

TEST(BashAssert, RightFunctionsPassBothKindsOfTests) {
  const std::string programs[] = {
      kAdd, "#!/bin/bash\nset -euo pipefail\n" + kAdd + "echo example: $(add 1 1)\n[ $# -eq 0 ]\n",
      "add() { echo $(($1 + $2)); exit 0; }\n",  // leaves $(...) only
  };
  for (const std::string& code : programs) {
    EXPECT_EQ(judged(code, kLines), "accepted") << code;
    EXPECT_EQ(judged(code, kLoop), "accepted") << code;
  }
  // In [[ $(f) = … ]] the status of f does not count.
  EXPECT_EQ(judged("function add { echo $(($1 + $2)); [[ $1 = 0 ]]; }\n", kLines), "accepted");
  EXPECT_EQ(graded(kAdd, kLines).integrity, Integrity::kIsolated);
  EXPECT_EQ(graded(kAdd, kLoop).integrity, Integrity::kSentinel);
}

TEST(BashAssert, TestsMayCloseTheFunctionThatTheSubmissionLeftOpen) {
  AssertTests tests = assert_tests("}\n" + kLines);
  tests.prompt = "#!/bin/bash\nadd() {\n";
  EvaluationRequest request = request_of("bash", "    echo $(($1 + $2))", tests);
  request.submission.continues_prompt = true;

  EXPECT_EQ(told(evaluate_plainly(request)), "accepted");
}

TEST(BashAssert, AWrongFunctionIsAWrongAnswer) {
  EXPECT_EQ(judged("add() { echo 3; }\n", kLines),
            "wrong_answer: assertion 2: expected \"12\", got \"3\"");
  EXPECT_THAT(judged("add() { echo 3; }\n", kLoop), StartsWith("wrong_answer"));
  EXPECT_THAT(judged("", kLines), StartsWith("wrong_answer"));
}

TEST(BashAssert, NothingThatAShellCanBeToldReachesTheTests) {
  for (const char* trick :
       {"exit 0", "trap 'exit 0' EXIT ERR DEBUG", "exec true", "set() { :; }; readonly -f set",
        "run_test() { :; }; readonly -f run_test", "cat > /dev/null << NEVER", "set -n", ": '",
        "if false; then", "shopt -s extdebug; trap false DEBUG; set -T", "readonly got i",
        "alias [[=true"}) {
    const std::string code = "add() { echo 9; }\n" + std::string(trick) + "\n";
    EXPECT_THAT(judged(code, kLines), StartsWith("wrong_answer")) << trick;
    EXPECT_THAT(judged(code, kLoop), StartsWith("wrong_answer")) << trick;
  }
}

}  // namespace
}  // namespace farm::evaluate
