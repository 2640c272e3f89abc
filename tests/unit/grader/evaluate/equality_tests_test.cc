#include "grader/evaluate/equality_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grader/evaluate/bash_harness.h"
#include "grader/evaluate/cpp_literal.h"

namespace farm::evaluate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The literal in the JSON of schemas/value.h, or "no literal".
std::string read(std::string_view literal) {
  const std::optional<Value> value = parse_cpp_literal(literal);
  return value ? encode_value(*value) : "no literal";
}

// The expected values, or "left whole".
std::string apart(std::string_view language, std::string_view tests) {
  const auto found = equality_tests(language, tests);
  return found ? encode_value(Value{Value::List{found->expected}}) : "left whole";
}

std::string cpp_main(const std::string& body) { return "int main() {\n" + body + "}\n"; }

TEST(CppLiteral, ReadsWhatTranslatorsWrite) {
  EXPECT_EQ(read("(true)"), "true");
  EXPECT_EQ(read(" ( -3 ) "), "-3");
  EXPECT_EQ(read("(long)7L"), "7");
  EXPECT_EQ(read("(\"a\\n\\\"\" \"b\")"), "\"a\\n\\\"b\"");
  EXPECT_EQ(read("'x'"), "\"x\"");
  EXPECT_EQ(read("(std::vector<long>({(long)1, (long)2}))"), "[1,2]");
  EXPECT_EQ(read("vector<string>{\"a\", \"b\",}"), "[\"a\",\"b\"]");
  EXPECT_EQ(read("(std::vector<std::vector<long>>({std::vector<long>({1}), {2, 3}}))"),
            "[[1],[2,3]]");
  EXPECT_EQ(read("(std::vector<float>())"), "[]");
  EXPECT_EQ(read("(std::make_tuple(0, \"a\"))"), "{\"$tuple\":[0,\"a\"]}");
  EXPECT_EQ(read("(std::optional<long>(4))"), "4");
  EXPECT_EQ(read("std::nullopt"), "null");
  EXPECT_EQ(read("(std::map<std::string,long>({{\"a\", 1}}))"),
            encode_value(*parse_cpp_literal("std::map<string, long>{{\"a\", 1}}")));
}

TEST(CppLiteral, AFloatIsWhatAFloatShows) {
  EXPECT_EQ(read("0.1f"), "0.1");
  EXPECT_EQ(read("(std::vector<float>({(float)123.456789}))"), "[123.45679]");
  EXPECT_EQ(read("123.456789"), "123.456789");
}

TEST(CppLiteral, KnowsWhatItDoesNotKnow) {
  for (const char* text :
       {"", "f(1)", "x", "1 + 1", "(int)2.5", "0x10", "std::vector<int>(3, 0)", "{1, 2}",
        "99999999999999999999", "R\"(x)\"", "\"\\x41\"", "Union_long_string(1)", "(1", "1)"}) {
    EXPECT_EQ(read(text), "no literal") << text;
  }
}

TEST(EqualityTests, MultiPlOfCppIsTakenApart) {
  const auto found = equality_tests(
      "cpp",
      "}\nint main() {\n    auto candidate = add;\n"
      "    assert(candidate((1), (2)) == (33));\n"
      "    assert(candidate((\"== ?; if\")) == (std::vector<long>({(long)44})));\n}\n");

  ASSERT_TRUE(found);
  EXPECT_EQ(encode_value(Value{Value::List{found->expected}}), "[33,[44]]");
  EXPECT_THAT(found->emitting, AllOf(HasSubstr("auto candidate = add;"),
                                     HasSubstr("farm_call::emit(candidate((1), (2)));"),
                                     HasSubstr("farm_call::emit(candidate((\"== ?; if\")));"),
                                     Not(HasSubstr("33")), Not(HasSubstr("44"))));
}

TEST(EqualityTests, MbxpOfCppIsTakenApart) {
  EXPECT_EQ(apart("cpp",
                  "\ntemplate <typename T> bool compare(T a, T b){ \n    return a == b; \n}\n\n"
                  "int main(int argc, char* argv[]) {\n    bool x0 = isNotPrime(2);\n"
                  "    if (!(compare(x0, false))) {\n        throw runtime_error(\"0 did not "
                  "pass\");\n    }\n"
                  "\n    return 0;\n}\n"),
            "[false]");
}

TEST(EqualityTests, CppThatIsMoreThanAStraightLineIsLeftWhole) {
  for (const std::string& body :
       {std::string("for (int i = 0; i < 3; ++i) assert(f(i) == 1);\n"),
        std::string("if (x) assert(f(1) == 1);\n"),
        std::string("assert(f(1) == 1 && f(2) == 2);\n"), std::string("assert(f(1) == g(1));\n"),
        std::string("assert(abs(f(1) - 2) < 1e-4);\n"), std::string("assert(f(1));\n"),
        std::string("return 0 * 7;\nassert(f(1) == 1);\n"),
        std::string("exit(0);\nassert(f(1) == 1);\n"),
        std::string("assert(f([](int x) { return x; }) == 1);\n"),
        std::string("#define f(x) 1\nassert(f(1) == 1);\n"), std::string("assert(f(1) != 1);\n"),
        std::string("f(1);\n"),
        std::string("assert(issame(f(1), {1}) == true); do f(2); while (0);\n")}) {
    EXPECT_EQ(apart("cpp", cpp_main(body)), "left whole") << body;
  }
  EXPECT_EQ(apart("cpp", "int g() { return 1; }\n" + cpp_main("assert(f(1) == 1);\n")),
            "left whole");
}

const std::string kBash =
    "}\n\ncandidate() {\n    add \"$@\"\n}\n\nset -e\nrun_test() {\n"
    "    [[ $(candidate \"1\" \"2\") = \"3\" ]]\n    [[ $(candidate \"a)\" \"\") = "
    "\"\\\"x\\\"\n$\" ]]\n}\n\nrun_test\n";

TEST(EqualityTests, MultiPlOfBashIsTakenApart) {
  std::string tests = kBash;
  tests.replace(tests.find("\n$\""), 3, "\ny\"");  // a literal of two lines
  const auto found = equality_tests("bash", tests);

  ASSERT_TRUE(found);
  EXPECT_EQ(encode_value(Value{Value::List{found->expected}}), "[\"3\",\"\\\"x\\\"\\ny\"]");
  EXPECT_THAT(found->emitting, AllOf(HasSubstr("farm_value \"$(candidate \"1\" \"2\")\"\n"),
                                     HasSubstr("\nrun_test\n"), Not(HasSubstr("[["))));
}

TEST(EqualityTests, BashThatIsMoreThanAStraightLineIsLeftWhole) {
  EXPECT_EQ(apart("bash", kBash), "left whole");  // "$" in a literal
  const std::string one = "[[ $(f \"1\") = \"2\" ]]\n";
  EXPECT_EQ(apart("bash", "set -e\n" + one), "[\"2\"]");
  const std::vector<std::string> whole = {one,
                                          "set -e\nif true; then\n" + one + "fi\n",
                                          "set -e\nt() {\n" + one + "}\n",
                                          "set -e\nt() {\n" + one + "}\nt\nt\n",
                                          "set -e\nexit 0\n" + one,
                                          "set -e\n[[ $(f \"$x\") = \"2\" ]]\n",
                                          "set -e\n[[ $(f $(g)) = \"2\" ]]\n",
                                          "set -e\n[[ $(f 1 | head) = \"2\" ]]\n",
                                          "set -e\n[[ $(f \"1\") = 2* ]]\n",
                                          "set -e\n[[ $(f \"1\") != \"2\" ]]\n",
                                          "set -e\n" + one + "[[ 1 = 1 ]]\n",
                                          "set -e\n" + one + "}\n"};
  for (const std::string& tests : whole) EXPECT_EQ(apart("bash", tests), "left whole") << tests;
}

TEST(EqualityTests, OtherLanguagesAreLeftWhole) {
  EXPECT_EQ(apart("python", cpp_main("assert(f(1) == 1);\n")), "left whole");
}

// ---- what comes out

sandbox::RunOutcome emitted(std::string bytes) {
  sandbox::RunOutcome outcome;
  outcome.exit_code = 0;
  outcome.channel_bytes = std::move(bytes);
  return outcome;
}

Judgement judged(const std::string& bytes, Classification classification = {}) {
  EqualityTests tests;
  tests.expected = {Value{std::int64_t{3}}, Value{true}};
  return judge_emitted(tests, emitted(bytes), classification);
}

TEST(JudgeEmitted, EveryValueHasToBeThereAndEqual) {
  const std::string nul(1, '\0');

  EXPECT_EQ(judged("3" + nul + "true" + nul).verdict, Verdict::kAccepted);
  EXPECT_EQ(judged("3" + nul + "1" + nul).verdict, Verdict::kAccepted);  // as C++ has it
  EXPECT_EQ(judged("3" + nul + "false" + nul).verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(judged("3" + nul).verdict, Verdict::kRuntimeError);
  EXPECT_EQ(judged("3" + nul + "true").verdict, Verdict::kRuntimeError);
  EXPECT_EQ(judged("3" + nul + "true" + nul + "x").verdict, Verdict::kRuntimeError);
  EXPECT_EQ(judged("passed" + nul + "true" + nul).verdict, Verdict::kRuntimeError);
  EXPECT_EQ(judged("").verdict, Verdict::kRuntimeError);
}

TEST(JudgeEmitted, TheExitStatusMayVetoAndLimitsMayToo) {
  const std::string right = std::string("3\0true\0", 7);

  EXPECT_EQ(judged(right, {Verdict::kRuntimeError, "exit code 1", false}).verdict,
            Verdict::kRuntimeError);
  EXPECT_EQ(judged(right, {Verdict::kTimeLimit, "too slow", false}).verdict, Verdict::kTimeLimit);
}

// ---- bash's own script

TEST(BashTests, NamesOfTheSubmissionCallItAndTheTestsKeepTheirs) {
  AssertTests evaluation;
  evaluation.entry_point = "add";
  evaluation.prompt = "#!/bin/bash\nhelper() {\n :\n}\nfunction other {\n";
  evaluation.tests = "}\ncandidate() {\n    sum \"$@\"\n}\n";
  const std::string script = bash_tests(evaluation, "it's.sh", evaluation.tests);

  for (const char* name : {"add", "helper", "other", "sum"}) {
    EXPECT_THAT(script,
                HasSubstr("function " + std::string(name) + " { farm_call " + name + " \"$@\"; }"));
  }
  EXPECT_THAT(script,
              AllOf(HasSubstr("'it'\\''s.sh'"), HasSubstr("\ncandidate() {\n    sum \"$@\"\n}\n")));
}

}  // namespace
}  // namespace farm::evaluate
