#include "grader/evaluate/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/paths.h"
#include "tests/unit/grader/evaluate/requests.h"

namespace farm::evaluate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The error's text, or "planned".
std::string refusal(const EvaluationRequest& request, const PlanSettings& with = settings()) {
  const Expected<Plan> plan = make_plan(request, with);
  if (plan) return "planned";
  EXPECT_TRUE(plan.error().request_fault());
  return plan.error().what;
}

EvaluationRequest io_request(std::string language = "python") {
  return request_of(std::move(language), "code", io_cases({{"in", "out"}}));
}

std::vector<std::string> paths(const sandbox::RunSpec& spec) {
  std::vector<std::string> list;
  for (const sandbox::InputFile& file : spec.files) list.push_back(file.path);
  return list;
}

// ---- what is refused

TEST(Plan, AnUnknownLanguageIsRefusedWithTheKnownOnes) {
  EXPECT_THAT(refusal(io_request("cobol")),
              HasSubstr("no language 'cobol'; it has: bash, cpp, python"));
}

TEST(Plan, ATypeThatTheLanguageDoesNotServeIsRefusedWithThoseThatItDoes) {
  const EvaluationRequest request = request_of("bash", "code", add_cases({{{}, integer(1)}}));

  EXPECT_THAT(refusal(request), HasSubstr("language 'bash' does not serve 'function_call' here; it "
                                          "serves: stdin_stdout, assert, run"));
}

TEST(Plan, TestSuitesAndNotebooksAreRefused) {
  EXPECT_THAT(refusal(request_of("python", "code", TestSuite{})),
              HasSubstr("does not serve 'test_suite'"));
  EXPECT_THAT(refusal(request_of("python", "code", Notebook{})),
              HasSubstr("does not serve 'notebook'"));
}

TEST(Plan, MoreIsolationThanTheGraderHasIsRefused) {
  EvaluationRequest request = io_request();
  request.policy.min_isolation = Isolation::kFull;
  PlanSettings weak = settings();
  weak.isolation = Isolation::kReduced;

  EXPECT_THAT(
      refusal(request, weak),
      HasSubstr("/policy/min_isolation: 'full' is asked for and this grader has 'reduced'"));
  EXPECT_EQ(refusal(request), "planned");
}

TEST(Plan, MoreIntegrityThanTheTypeYieldsIsRefused) {
  EvaluationRequest request = request_of("cpp", "code", assert_tests("int main() {}"));
  request.policy.min_integrity = Integrity::kIsolated;

  EXPECT_THAT(
      refusal(request),
      HasSubstr("/policy/min_integrity: 'isolated' is asked for and 'assert' yields 'sentinel'"));
}

TEST(Plan, AnotherEnvironmentThanThePinnedOneIsRefused) {
  EvaluationRequest request = io_request();
  request.environment = "sha256:ffff";
  EXPECT_THAT(refusal(request), HasSubstr("/environment"));

  request.environment = "sha256:0123";
  EXPECT_EQ(refusal(request), "planned");
}

TEST(Plan, AnEmptyListOfCasesIsRefused) {
  EXPECT_THAT(refusal(request_of("python", "code", add_cases({}))), HasSubstr("/evaluation/cases"));
}

TEST(Plan, FilesInEachOthersWayAreRefused) {
  EvaluationRequest request = io_request();
  request.submission.files["main.py/part"] = "x";

  EXPECT_THAT(refusal(request),
              HasSubstr("\"main.py\" is a file and, for \"main.py/part\", a directory"));
}

TEST(Plan, TheFarmsOwnDirectoryIsRefused) {
  for (const char* path : {".farm", ".farm/python_call.py"}) {
    EvaluationRequest request = io_request();
    request.submission.files[path] = "x";
    EXPECT_THAT(refusal(request), HasSubstr("is the farm's own")) << path;
  }
}

TEST(Plan, FilesThatDoNotFitIntoTheWorkDirectoryAreRefused) {
  EvaluationRequest request = io_request();
  request.submission.files["big"] = std::string(70'000, 'x');
  request.limits.tmpfs = kib(64);

  EXPECT_THAT(refusal(request), HasSubstr("do not fit into tmpfs_bytes 65536"));
}

TEST(Plan, AnEntryFileThatIsNotThereIsRefused) {
  EvaluationRequest request = io_request();
  request.submission.code.reset();
  request.submission.entry_file = "app.py";

  EXPECT_THAT(refusal(request), HasSubstr("/submission/entry_file"));
}

TEST(Plan, AnEntryFileThatACompilerWouldTakeForOptionsIsRefused) {
  for (const std::string name : {"@options", "-version"}) {
    EvaluationRequest request = io_request();
    request.submission.code.reset();
    request.submission.files[name] = "print(1)";
    request.submission.entry_file = name;

    EXPECT_THAT(refusal(request), HasSubstr("begins as an option does")) << name;
  }
}

TEST(Plan, ContinuingAPromptThatDoesNotExistIsRefused) {
  EvaluationRequest request = io_request();
  request.submission.continues_prompt = true;

  EXPECT_THAT(refusal(request), HasSubstr("/submission/continues_prompt"));
}

TEST(Plan, AnEntryPointThatIsNoNameIsRefused) {
  for (const char* language : {"python", "cpp"}) {
    for (const char* name : {"", "a b", "f()", "A.b.c", "1f", "f; system(\"x\")", ".f"}) {
      FunctionCall evaluation = add_cases({{{}, integer(1)}});
      evaluation.entry_point = name;
      EXPECT_THAT(refusal(request_of(language, "code", evaluation)),
                  HasSubstr("/evaluation/entry_point"))
          << name;
    }
  }
}

TEST(Plan, ASignatureOfAnythingButTypesIsRefused) {
  FunctionCall evaluation = add_cases({{{}, integer(1)}});
  evaluation.signature = FunctionCall::Signature{{"int"}, "int>::of(nullptr)); } int x = (0"};

  EXPECT_THAT(refusal(request_of("cpp", "code", evaluation)), HasSubstr("/evaluation/signature"));
}

TEST(Plan, KeywordArgumentsInCppAreRefused) {
  FunctionCall evaluation = add_cases({{{}, integer(1)}});
  evaluation.cases[0].kwargs = {{"a", integer(1)}};

  EXPECT_THAT(refusal(request_of("cpp", "code", evaluation)),
              HasSubstr("/evaluation/cases/0/kwargs"));
}

TEST(Plan, VariablesThatChooseTheToolsAreRefused) {
  for (const char* name : {"PATH", "LD_PRELOAD", "a b", "1X"}) {
    RunOnly run;
    run.env = {{name, "x"}};
    EXPECT_THAT(refusal(request_of("bash", "code", run)), HasSubstr("/evaluation/env")) << name;
  }
}

// ---- what is planned

TEST(Plan, AnInterpretedProgramIsOneFileAndOneCommand) {
  const Plan plan = make_plan(io_request(), settings()).value();

  EXPECT_FALSE(plan.submission.compile);
  EXPECT_THAT(plan.submission.run.commands,
              ElementsAre(ElementsAre("/usr/bin/python3", "main.py")));
  EXPECT_EQ(file_of(plan.submission.run, "main.py"), "code");
  EXPECT_FALSE(plan.submission.run.use_channel);
  EXPECT_EQ(plan.integrity, Integrity::kIsolated);
  EXPECT_EQ(plan.cases.at(0).stdin_bytes, "in");
}

TEST(Plan, TheOperatorsInterpreterIsUsed) {
  PlanSettings own = settings();
  own.python = "/opt/venv/bin/python";

  EXPECT_EQ(make_plan(io_request(), own).value().submission.run.commands[0][0],
            "/opt/venv/bin/python");
  EXPECT_EQ(make_plan(request_of("python", "code", assert_tests("")), own)
                .value()
                .submission.run.commands[0][0],
            "/opt/venv/bin/python");
}

TEST(Plan, NoRunIsGivenAnExpectedOutput) {
  const Plan plan =
      make_plan(request_of("python", "code", io_cases({{"in", "EXPECTED"}})), settings()).value();

  EXPECT_THAT(describe(plan), Not(HasSubstr("EXPECTED")));
  EXPECT_THAT(paths(plan.submission.run), ElementsAre("main.py"));
}

TEST(Plan, ARunOfACompiledProgramFetchesItsProducts) {
  const Plan plan = make_plan(io_request("cpp"), settings()).value();

  ASSERT_TRUE(plan.submission.compile);
  EXPECT_THAT(plan.submission.compile->fetch, ElementsAre("program"));
  EXPECT_EQ(plan.submission.compile->profile, sandbox::Profile::kCompile);
  EXPECT_EQ(plan.submission.run.profile, sandbox::Profile::kNative);
  EXPECT_THAT(plan.submission.run.commands, ElementsAre(ElementsAre("./program")));
}

TEST(Plan, AJavaProgramIsNamedByItsTextAndItsClassesGoWhereTheyAreLookedFor) {
  LanguageDefinition language = cpp_language();
  language.id = "java";
  language.source_name = "Main.java";
  language.naming = SourceNaming::kJavaClass;
  language.compile->commands = {{"/usr/bin/javac", "{source}"}};
  language.compile->outputs = {"*.class"};
  language.run.command = {"/usr/bin/java", "{main_class}"};
  const auto languages = languages::Registry::create({language}).value();
  PlanSettings with = settings();
  with.languages = &languages;

  const Plan plan =
      make_plan(request_of("java", "package a.b; public class Answer {}", io_cases({{"", ""}})),
                with)
          .value();

  ASSERT_TRUE(plan.submission.compile);
  EXPECT_THAT(paths(*plan.submission.compile), ElementsAre("Answer.java"));
  EXPECT_THAT(plan.submission.compile->commands,
              ElementsAre(ElementsAre("/usr/bin/javac", "Answer.java")));
  EXPECT_THAT(plan.submission.compile->fetch, IsEmpty());
  EXPECT_THAT(plan.submission.compile->fetch_suffixes, ElementsAre(".class"));
  EXPECT_EQ(plan.submission.products_in, "a/b/");
  EXPECT_THAT(plan.submission.run.commands,
              ElementsAre(ElementsAre("/usr/bin/java", "a.b.Answer")));
}

TEST(Plan, ACompilerThatStaysHasItsLanguagesLimitsWhateverIsAsked) {
  LanguageDefinition language = cpp_language();
  language.compile->resident = {{"/usr/bin/compiled", "--stay"}, mib(300), 50};
  language.compile->trusted = {"java_compiler.java"};
  language.limits.compile_cpu = Milliseconds(7000);
  const auto languages = languages::Registry::create({language}).value();
  PlanSettings with = settings();
  with.languages = &languages;
  EvaluationRequest request = io_request("cpp");
  request.limits.compile_cpu = Milliseconds(1);
  request.submission.files = {{"theirs.h", ""}};

  const Plan plan = make_plan(request, with).value();

  ASSERT_TRUE(plan.submission.resident);
  const sandbox::RunSpec& resident = *plan.submission.resident;
  EXPECT_THAT(resident.commands, ElementsAre(ElementsAre("/usr/bin/compiled", "--stay")));
  EXPECT_THAT(paths(resident), ElementsAre(".farm/java_compiler.java"));
  EXPECT_EQ(resident.limits.cpu, Milliseconds(7000));
  EXPECT_EQ(resident.limits.memory, mib(300));
  EXPECT_EQ(resident.turns, 50);
  EXPECT_EQ(resident.profile, sandbox::Profile::kCompile);
}

TEST(Plan, LimitsOfTheRunAndOfTheCompilerAreApart) {
  EvaluationRequest request = io_request("cpp");
  request.limits.processes = 1;
  request.limits.memory = mib(64);
  request.limits.compile_memory = gib(1);
  request.limits.run_cpu = Milliseconds(1500);

  const Plan plan = make_plan(request, settings()).value();

  EXPECT_EQ(plan.submission.run.limits.processes, 1);
  EXPECT_EQ(plan.submission.run.limits.memory, mib(64));
  EXPECT_EQ(plan.submission.run.limits.cpu, Milliseconds(1500));
  EXPECT_GE(plan.submission.compile->limits.processes, 64);
  EXPECT_EQ(plan.submission.compile->limits.memory, gib(1));
}

TEST(Plan, TrustedFilesLieOverUntrustedOnesAndCannotBeWritten) {
  const Plan plan =
      make_plan(request_of("python", "code", add_cases({{{}, integer(1)}})), settings()).value();

  for (const sandbox::InputFile& file : plan.submission.run.files) {
    EXPECT_EQ(file.writable, !file.path.starts_with(".farm/")) << file.path;
  }
  EXPECT_TRUE(plan.submission.run.use_channel);
  EXPECT_THAT(plan.submission.run.commands,
              ElementsAre(ElementsAre("/usr/bin/python3", "-s", ".farm/python_call.py")));
}

TEST(Plan, TheCodeOfASubmissionReplacesAFileOfTheSameName) {
  EvaluationRequest request = io_request();
  request.submission.files["main.py"] = "other";

  EXPECT_EQ(file_of(make_plan(request, settings()).value().submission.run, "main.py"), "code");
}

TEST(Plan, AnEntryFileIsTheProgram) {
  EvaluationRequest request = io_request();
  request.submission.code.reset();
  request.submission.files = {{"src/app.py", "the program"}};
  request.submission.entry_file = "src/app.py";

  const Plan plan = make_plan(request, settings()).value();

  EXPECT_THAT(plan.submission.run.commands,
              ElementsAre(ElementsAre("/usr/bin/python3", "src/app.py")));
  EXPECT_EQ(file_of(plan.submission.run, "src/app.py"), "the program");
}

TEST(Plan, APromptIsContinuedAndStopTokensCutOnlyTheSubmission) {
  AssertTests tests = assert_tests("}");
  tests.prompt = "first\nSTOP\n";
  tests.stop_tokens = {"STOP"};
  EvaluationRequest request = request_of("python", "second\nSTOP third", tests);
  request.submission.continues_prompt = true;

  EXPECT_EQ(file_of(make_plan(request, settings()).value().submission.run, "main.py"),
            "first\nSTOP\nsecond\n");
}

TEST(Plan, ACompletionIsExtractedBeforeItContinuesAPrompt) {
  AssertTests tests = assert_tests("assert f() == 1", "f");
  tests.prompt = "def f():\n";
  EvaluationRequest request = request_of("python", "", tests);
  request.submission.code.reset();
  request.submission.completion = "Here:\n```python\n  return 1\n```\n";
  request.submission.continues_prompt = true;

  EXPECT_EQ(file_of(make_plan(request, settings()).value().submission.run, "main.py"),
            "def f():\n  return 1\n");
}

TEST(Plan, PythonTestsHaveARunOfTheirOwnWithNothingOfTheSubmission) {
  EvaluationRequest request =
      request_of("python", "SUBMITTED", assert_tests("assert f() == 1", "f"));
  request.limits.run_cpu = Milliseconds(1000);
  request.limits.run_wall = Milliseconds(2000);

  const Plan plan = make_plan(request, settings()).value();

  EXPECT_EQ(plan.integrity, Integrity::kIsolated);
  ASSERT_TRUE(plan.apart);
  EXPECT_THAT(plan.apart->submission.channel_input, Not(HasSubstr("assert")));
  EXPECT_EQ(file_of(plan.apart->submission, "main.py"), "SUBMITTED");
  EXPECT_EQ(plan.apart->submission.limits.cpu, Milliseconds(1000));
  EXPECT_THAT(plan.apart->tester.channel_input, HasSubstr("assert f() == 1"));
  EXPECT_EQ(file_of(plan.apart->tester, "main.py"), "(absent)");
  EXPECT_EQ(plan.apart->tester.limits.cpu, Milliseconds(1000 + 1000));
  EXPECT_EQ(plan.apart->patience, plan.apart->tester.limits.cpu);
  EXPECT_GT(plan.apart->tester.limits.wall, 4 * (Milliseconds(2000) + plan.apart->patience));
  EXPECT_FALSE(
      make_plan(request_of("cpp", "x", assert_tests("int main() {}")), settings()).value().apart);
}

TEST(Plan, CppAssertLinksTheHarnessFirstAndWrapsMain) {
  const Plan plan =
      make_plan(request_of("cpp", "int f();", assert_tests("int main() {}")), settings()).value();

  EXPECT_THAT(plan.submission.compile->commands,
              ElementsAre(ElementsAre("/usr/bin/g++", "-std=gnu++17", "-O0", "-fmax-errors=5", "-o",
                                      "program", ".farm/assert_main.cc", ".farm/assert_unit.cpp",
                                      "-Wl,--wrap=main")));
  EXPECT_THAT(paths(plan.submission.run), Not(Contains(".farm/assert_unit.cpp")));
  EXPECT_TRUE(plan.completion_token);
}

TEST(Plan, SharedCaseIsolationIsAnsweredWithAWarning) {
  EvaluationRequest request = io_request();
  request.policy.case_isolation = CaseIsolation::kShared;

  EXPECT_THAT(make_plan(request, settings()).value().warnings,
              ElementsAre(HasSubstr("/policy/case_isolation")));
  EXPECT_THAT(make_plan(io_request(), settings()).value().warnings, IsEmpty());
}

TEST(Plan, ADescriptionShowsCommandsFilesAndLimits) {
  const std::string text = describe(make_plan(io_request("cpp"), settings()).value());

  EXPECT_THAT(text, HasSubstr("stdin_stdout in cpp, 1 cases, integrity isolated"));
  EXPECT_THAT(text, HasSubstr("submission compile: /usr/bin/g++"));
  EXPECT_THAT(text, HasSubstr("file main.cpp (4 bytes)"));
  EXPECT_THAT(text, HasSubstr("submission run: ./program"));
}

// The real language files have the shape that harnesses need.
TEST(Plan, TheLanguagesOfThisFarmCarryTheHarnesses) {
  const Expected<languages::Registry> real =
      languages::Registry::load(test::source_dir() / "grader/languages");
  ASSERT_TRUE(real) << real.error().text();
  PlanSettings with = settings();
  with.languages = &*real;

  const Plan call = make_plan(request_of("cpp", "x", add_cases({{{}, integer(1)}})), with).value();
  EXPECT_THAT(call.submission.compile->commands.back(), Contains(".farm/call_main.cpp"));
  const Plan tests = make_plan(request_of("cpp", "x", assert_tests("int main() {}")), with).value();
  EXPECT_THAT(tests.submission.compile->commands.back(), Contains(".farm/assert_main.cc"));
  EXPECT_THAT(tests.submission.compile->commands.back(), Contains("-Wl,--wrap=main"));
}

}  // namespace
}  // namespace farm::evaluate
