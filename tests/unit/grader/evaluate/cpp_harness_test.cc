// harness/cpp_call.h and harness/cpp_assert_main.cc with the real compiler. Each test compiles, so
// there are few, and what can share a program does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/plain_evaluation.h"

namespace farm::evaluate {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Call {
  std::string args;
  std::string expected;
};

EvaluationResult call(const std::string& code, const std::string& entry_point,
                      const std::vector<Call>& calls,
                      std::optional<FunctionCall::Signature> signature = std::nullopt) {
  FunctionCall evaluation;
  evaluation.entry_point = entry_point;
  evaluation.signature = std::move(signature);
  for (const Call& one : calls) {
    evaluation.cases.push_back({std::get<Value::List>(decode_value(one.args).value().data).items,
                                {},
                                decode_value(one.expected).value()});
  }
  EvaluationRequest request = request_of("cpp", code, std::move(evaluation));
  request.policy.run_all_cases = true;
  return evaluate_plainly(request);
}

std::string judged(const std::string& code, const std::string& tests,
                   const std::string& prompt = "") {
  AssertTests evaluation = assert_tests(tests);
  evaluation.prompt = prompt;
  EvaluationRequest request = request_of("cpp", code, std::move(evaluation));
  request.submission.continues_prompt = !prompt.empty();
  return told(evaluate_plainly(request));
}

// ---- function_call

TEST(CppCall, CallsAFunctionAndCompiledOnceServesEveryCase) {
  const EvaluationResult result = call(
      "#include <cstdio>\nint add(int a, const int& b) { printf(\"debug\\n\"); return a + b; "
      "}\nint main() { return 3; }\n",
      "add", {{"[1, 2]", "3"}, {"[2, 2]", "5"}, {"[1, 3000000000]", "0"}, {"[1]", "0"}});

  EXPECT_EQ(result.cases.at(0).verdict, Verdict::kAccepted) << told(result);
  EXPECT_EQ(result.cases[0].stdout_bytes, "debug\n");
  EXPECT_EQ(result.cases[1].verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(result.cases[2].verdict, Verdict::kRuntimeError);
  EXPECT_THAT(result.cases[2].stderr_bytes,
              HasSubstr("does not fit its parameter: a number 3000000000"));
  EXPECT_THAT(result.cases[3].stderr_bytes,
              HasSubstr("the function takes 2 arguments and the case has 1"));
}

TEST(CppCall, CallsAMethodWithNonConstReferencesOfNestedTypes) {
  const std::string code = R"(
#include <map>
#include <optional>
#include <string>
#include <vector>
using namespace std;
class Solution {
 public:
  map<string, vector<double>> f(vector<vector<int>>& grid, string s, pair<char, bool> p, optional<unsigned long long> u) {
    grid[0][0] += 1;
    return {{s, {double(grid[0][0]), 0.1}}, {string(1, p.first), {p.second ? 1.0 : 0.0, u ? 2.5 : -1e300 * 1e10}}};
  }
};)";

  const EvaluationResult result =
      call(code, "Solution.f",
           {{R"([[[1, 2], []], "é\n\"", ["c", true], {"$int": "18446744073709551615"}])",
             R"({"é\n\"": [2, 0.1], "c": [1, 2.5]})"},
            {R"([[[1]], "", {"$tuple": ["c", false]}, null])",
             R"({"": [2, 0.1], "c": [0, {"$float": "-inf"}]})"}});

  EXPECT_EQ(told(result), "accepted");
}

TEST(CppCall, ValuesOfManyKindsComeBack) {
  const std::string code = R"(
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>
std::tuple<bool, unsigned long, float, std::set<int>, std::unordered_map<int, std::string>, std::vector<bool>, long long> f(
    const std::vector<std::string>& words) {
  return {words.size() == 2, ~0ul, 0.1f, {3, 1, 3}, {{1, words[0]}}, {true, false}, -5};
})";

  EXPECT_EQ(
      told(call(
          code, "f",
          {{R"([["a", "b"]])",
            R"([true, {"$int": "18446744073709551615"}, 0.1, {"$set": [1, 3]}, {"$dict": [[1, "a"]]}, [true, false], -5])"}})),
      "accepted");
}

TEST(CppCall, ContainersOfEveryShapeGoInAndOut) {
  const std::string code = R"(
#include <array>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
using namespace std;
tuple<array<int, 2>, deque<string>, optional<pair<int, string>>, multiset<int>, unordered_set<char>, list<bool>,
      map<pair<int, int>, int>>
f(array<int, 2> a, deque<string> b, optional<pair<int, string>> c, const list<bool>& d, map<pair<int, int>, int> e,
  tuple<int, double, string>& t) {
  e[{9, 9}] = get<0>(t);
  return {a, b, c, {1, 1, 2}, {'a'}, d, e};
})";
  const std::string args =
      R"([[1, 2], ["x", "y"], {"$tuple": [1, "z"]}, [true, false], {"$dict": [[{"$tuple": [1, 2]}, 3]]}, [7, 0.5, "s"]])";
  const std::string expected =
      R"([[1, 2], ["x", "y"], [1, "z"], {"$set": [1, 2]}, {"$set": ["a"]}, [true, false],
          {"$dict": [[{"$tuple": [1, 2]}, 3], [{"$tuple": [9, 9]}, 7]]}])";

  EXPECT_EQ(told(call(code, "f", {{args, expected}})), "accepted");
}

TEST(CppCall, ASignatureChoosesAmongOverloadsAndTemplates) {
  const std::string code =
      "#include <string>\nint f(int a) { return a; }\ndouble f(double a) { return a / 2; }\n"
      "template <typename T> T twice(T x) { return x + x; }\n";

  EXPECT_EQ(told(call(code, "f", {{"[1]", "0.5"}}, FunctionCall::Signature{{"double"}, "double"})),
            "accepted");
  EXPECT_EQ(told(call(code, "twice", {{R"(["ab"])", R"("abab")"}},
                      FunctionCall::Signature{{"std::string"}, "std::string"})),
            "accepted");
}

TEST(CppCall, TheHarnessBringsNoNamesThatTheProgramDidNotAskFor) {
  const std::string code = R"(
#include <iostream>
#define int long long
using namespace std;
int map[4], list, set, deque, array, optional, y1, j0, link, pipe, access;
int read() { return 2; }
signed write(int x) { return x; }
int f(int a) { ios::sync_with_stdio(false); cout << "shown"; y1 = map[1] = list = a; return write(y1) + read(); }
)";
  const EvaluationResult result = call(code, "f", {{"[1]", "3"}});

  EXPECT_EQ(told(result), "accepted");
  EXPECT_EQ(result.cases.at(0).stdout_bytes, "shown");
}

TEST(CppCall, ExceptionsAndExitsReturnNoValue) {
  const std::string code =
      "#include <cstdlib>\n#include <stdexcept>\n"
      "int f(int how) { if (how == 0) std::exit(0); throw std::runtime_error(\"boom\"); }\n";

  const EvaluationResult result = call(code, "f", {{"[0]", "1"}, {"[1]", "1"}});

  EXPECT_EQ(result.cases.at(0).message, "ended without returning a value");
  EXPECT_EQ(result.cases.at(1).verdict, Verdict::kRuntimeError);
  EXPECT_THAT(result.cases.at(1).stderr_bytes, HasSubstr("boom"));
}

TEST(CppCall, ATypeWithoutAValueFormIsACompileErrorThatSaysSo) {
  const EvaluationResult result =
      call("struct P { int x; };\nP f() { return {1}; }\n", "f", {{"[]", "1"}});

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_THAT(result.compile->stderr_bytes, HasSubstr("has no value form"));
}

// ---- assert

// Left whole: not a straight line.
constexpr const char* kTests =
    "#undef NDEBUG\n#include <assert.h>\nint main() { for (int i = 1; i < 3; ++i) assert(add(i, 2) "
    "== "
    "i + 2); }\n";
constexpr const char* kLine =
    "int main() { auto candidate = add; assert(candidate((1), (2)) == (3)); }\n";
constexpr const char* kAdd = "int add(int a, int b) { return a + b; }\n";
constexpr const char* kWrongAdd = "int add(int a, int b) { return a - b; }\n";

TEST(CppAssert, TestsThatHoldAreAcceptedAlsoWithoutAReturnInMain) {
  const EvaluationResult result = evaluate_plainly(request_of("cpp", kAdd, assert_tests(kTests)));

  EXPECT_EQ(told(result), "accepted");
  EXPECT_EQ(result.integrity, Integrity::kSentinel);
}

TEST(CppAssert, AFailedAssertionIsAWrongAnswerThatNamesTheTest) {
  const std::string told_text = judged(kWrongAdd, kTests);

  EXPECT_THAT(told_text, StartsWith("wrong_answer"));
  EXPECT_THAT(told_text, HasSubstr("tests.cpp:3"));
}

TEST(CppAssert, TestsThatThrowAreARuntimeErrorWithTheirText) {
  EXPECT_EQ(judged("#include <stdexcept>\n" + std::string(kWrongAdd),
                   "int main(int argc, char* argv[]) { if (add(1, 2) != 3) throw "
                   "std::runtime_error(\"case 0\"); return 0; }"),
            "runtime_error: exit code 1: \"uncaught exception: case 0\"");
}

TEST(CppAssert, TestsMayCloseTheFunctionThatTheSubmissionLeftOpen) {
  EXPECT_EQ(judged("  return a + b;",
                   "}\nint main() { auto candidate = add; assert(candidate(1, 2) == (3)); }\n",
                   "#include <cassert>\nint add(int a, int b) {\n"),
            "accepted");
}

TEST(CppAssert, AMainOfTheSubmissionIsIgnored) {
  EXPECT_EQ(judged(kAdd + std::string("int main() { return 5; }\n"), kTests), "accepted");
  EXPECT_THAT(
      judged(kWrongAdd + std::string("int main(int, char**) { return 0; }\n#define main other\n"),
             kTests),
      StartsWith("wrong_answer"));
}

TEST(CppAssert, DiagnosticsNameTheSubmissionsOwnLines) {
  EXPECT_THAT(judged("int add(int a, int b) {\n  return nowhere;\n}\n", kTests),
              HasSubstr("main.cpp:2"));
}

TEST(CppAssert, LeavingBeforeMainReturnsIsNotAccepted) {
  const std::string headers = "#include <csignal>\n#include <cstdlib>\n#include <unistd.h>\n";
  const std::string wrong = kWrongAdd;
  const std::string exits[] = {
      headers + "struct X { X() { _exit(0); } } x;\n" + wrong,
      headers + "__attribute__((constructor)) static void z() { _exit(0); }\n" + wrong,
      headers + "int add(int, int) { exit(0); }\n",
  };
  for (const std::string& code : exits) {
    EXPECT_EQ(judged(code, kTests), "runtime_error: ended before the tests completed") << code;
  }
}

TEST(CppAssert, MacrosOfTheSubmissionDoNotReachTheTests) {
  const std::string io = "#include <stdexcept>\n";
  EXPECT_THAT(judged(std::string("#include <cassert>\n#undef assert\n#define assert(x) ((void)0)\n"
                                 "#define __assert_fail(...) ((void)0)\n") +
                         kWrongAdd,
                     kTests),
              StartsWith("wrong_answer"));
  EXPECT_THAT(
      judged(io + kWrongAdd + "#define if(x) if (false)\n#define check(a, b) true\n",
             "bool check(int a, int b);\nbool check(int a, int b) { return a == b; }\n"
             "int main() { if (!check(add(1, 2), 3)) throw std::runtime_error(\"case 0\"); }\n"),
      StartsWith("runtime_error: exit code 1"));
}

TEST(CppAssert, AHandlerOfSigabrtHasNoSay) {
  EXPECT_THAT(
      judged(std::string("#include <csignal>\n#include <unistd.h>\nvoid leave(int) { _exit(0); }\n"
                         "auto installed = signal(SIGABRT, leave);\n") +
                 kWrongAdd,
             kTests),
      StartsWith("wrong_answer"));
}

TEST(CppAssert, ReplacingWhatTheHarnessDefinesDoesNotLink) {
  for (const char* symbol : {"extern \"C\" void __assert_fail(const char*, const char*, unsigned, "
                             "const char*) noexcept { for (;;) {} }\n",
                             "extern \"C\" int __wrap_main() { return 0; }\n"}) {
    EXPECT_THAT(judged(std::string("#include <cassert>\n") + symbol + kWrongAdd, kTests),
                AllOf(StartsWith("compile_error"), HasSubstr("multiple definition")))
        << symbol;
  }
}

TEST(CppAssert, OperatorsOfTheSubmissionDoNotCompareForTheTests) {
  const std::string liar =
      "struct Liar { int v; operator int() const { return v; } };\n"
      "bool operator==(const Liar&, int) { return true; }\n";
  EXPECT_THAT(judged(liar + "Liar add(int, int) { return {9}; }\n", kTests),
              AllOf(StartsWith("compile_error"), HasSubstr("a number or a text")));

  const std::string prompt = "#include <vector>\nstd::vector<int> twice(int a) {\n";
  const std::string tests =
      "int main() { for (int i = 1; i < 3; ++i) assert(twice(i) == (std::vector<int>{i, i})); }\n";
  const std::string all_equal =
      "bool operator==(const std::vector<int>&, const std::vector<int>&) { return true; }\n";
  EXPECT_EQ(judged("  return {a, a};\n}\n", tests, prompt), "accepted");
  EXPECT_THAT(judged("  return {a};\n}\n" + all_equal, tests, prompt), StartsWith("wrong_answer"));
  EXPECT_THAT(judged(prompt + "  return {a};\n}\n" + all_equal, tests), StartsWith("wrong_answer"));
}

TEST(CppAssert, ResultsThatPassForNumbersOrTextsDoNotCompile) {
  const std::string tests =
      "#include <cmath>\n"
      "int main() {\n"
      "  auto candidate = half;\n"
      "  if (half(4) != 2) return 1;\n"
      "  auto&& kept = half(6);\n"
      "  assert(std::abs(candidate(3) - 1.5) < 1e-6);\n"
      "}\n";
  const std::string liar =
      "bool operator!=(L, int) { return false; }\ndouble operator-(L, double) { return 0; }\n"
      "L half(int) { return {}; }\n";
  AssertTests evaluation = assert_tests(tests);
  evaluation.entry_point = "half";
  const auto graded = [&](const std::string& code) {
    return told(evaluate_plainly(request_of("cpp", code, evaluation)));
  };

  EXPECT_EQ(graded("constexpr double half(int a) { return a / 2.0; }\n"), "accepted");
  EXPECT_THAT(graded("struct L {};\n" + liar),
              AllOf(StartsWith("compile_error"), HasSubstr("passes for a number")));
  EXPECT_THAT(graded("struct L { operator double() const { return 2; } };\n"
                     "L half(int) { return {}; }\n"),
              StartsWith("compile_error"));
}

TEST(CppAssert, FunctionsThatCompareAreThoseOfTheLibrary) {
  const std::string tests =
      "#include <string>\n"
      "bool same(std::string a, std::string b) { return !(a != b); }\n"
      "int main() { assert(same(text(2), \"ab\")); }\n";
  const std::string wrong = "#include <string>\nstd::string text(int) { return \"xx\"; }\n";
  const std::string zero = "(const void*, const void*, __SIZE_TYPE__) { return 0; }\n";

  EXPECT_EQ(judged("#include <string>\nstd::string text(int) { return \"ab\"; }\n", tests),
            "accepted");
  for (const std::string& own :
       {"extern \"C\" int memcmp" + zero, "extern \"C\" __attribute__((weak)) int memcmp" + zero,
        "extern \"C\" __attribute__((used)) int liar" + zero + "asm(\".set memcmp, liar\");\n"}) {
    EXPECT_THAT(judged(wrong + own, tests), StartsWith("runtime_error")) << own;
  }
}

TEST(CppAssert, ValuesOfEqualityLinesAreComparedOutside) {
  const EvaluationResult honest = evaluate_plainly(request_of("cpp", kAdd, assert_tests(kLine)));
  EXPECT_EQ(told(honest), "accepted");
  EXPECT_EQ(honest.integrity, Integrity::kIsolated);
  EXPECT_EQ(judged(kWrongAdd, kLine), "wrong_answer: assertion 1: expected 3, got -1");
  EXPECT_THAT(judged("#include <cstdlib>\nint add(int, int) { exit(0); }\n", kLine),
              StartsWith("runtime_error: ended after 0 of 1"));
}

TEST(CppAssert, TestsThatTheSubmissionSwallowsAreNotAccepted) {
  for (const char* swallow :
       {"#if 0\n", "/*\n", "const char* s = R\"x(\n", "namespace hidden {\n"}) {
    EXPECT_THAT(judged(kWrongAdd + std::string("int main() { return 0; }\n") + swallow, kTests),
                StartsWith("compile_error"))
        << swallow;
  }
}

}  // namespace
}  // namespace farm::evaluate
