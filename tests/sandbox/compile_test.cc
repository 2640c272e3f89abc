// What makes compiling fast, with the real compiler in the real sandbox: that it is used, and that
// it changes nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "grader/evaluate/compile_cache.h"
#include "grader/evaluate/evaluate.h"
#include "grader/evaluate/plan.h"
#include "grader/evaluate/precompiled_headers.h"
#include "grader/languages/registry.h"
#include "grader/service/self_test.h"
#include "tests/sandbox/sandbox_fixture.h"
#include "tests/support/paths.h"

namespace farm::sandbox {
namespace {

namespace fs = std::filesystem;
using evaluate::PrecompiledHeaders;
using ::testing::HasSubstr;
using ::testing::Not;

// One ctest entry (tests/sandbox/CMakeLists.txt): its headers, which take seconds, are made once.
class CompileTest : public SandboxFixture {
 protected:
  static void SetUpTestSuite() {
    std::string name = fs::temp_directory_path() / "compile-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  static void TearDownTestSuite() { fs::remove_all(directory_); }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: sandbox tests need root";
    const auto made = PrecompiledHeaders::make_directory(headers_directory(), 0);
    ASSERT_TRUE(made) << made.error().text();
    settings_.root.readable_as[PrecompiledHeaders::kShownAt] = headers_directory();
    start(Isolation::kFull);
    auto registry = languages::Registry::load(test::source_dir() / "grader/languages");
    ASSERT_TRUE(registry) << registry.error().text();
    registry_ = std::make_unique<languages::Registry>(std::move(*registry));
    tools_.sandbox = sandbox_.get();
    tools_.settings.languages = registry_.get();
    tools_.settings.isolation = Isolation::kFull;
    tools_.settings.limits.maxima.compile_cpu = Milliseconds(60'000) * slowness();
  }

  static fs::path headers_directory() { return directory_ / "headers"; }

  void provide_headers() {
    const PrecompiledHeaders headers(headers_directory(), "stamp");
    const auto provided = headers.provide(*registry_->find("cpp"), "version", tools_);
    ASSERT_TRUE(provided) << provided.error().text();
    ASSERT_THAT(*provided, HasSubstr(PrecompiledHeaders::kShownAt));
    tools_.settings.precompiled["cpp"] = *provided;
  }

  static EvaluationRequest request(const std::string& code, Evaluation evaluation) {
    EvaluationRequest request;
    request.request_id = "r";
    request.trainer = "t";
    request.submission.language = "cpp";
    request.submission.code = code;
    request.limits.compile_cpu = Milliseconds(60'000);
    request.evaluation = std::move(evaluation);
    return request;
  }
  static EvaluationRequest adds(const std::string& code) {
    StdinStdout evaluation;
    evaluation.cases.push_back({"1 2\n", "3\n"});
    return request(code, evaluation);
  }

  // What GCC says of the headers that it read for a request.
  std::string headers_read(const EvaluationRequest& asked) {
    auto plan = evaluate::make_plan(asked, tools_.settings);
    EXPECT_TRUE(plan) << plan.error().text();
    EXPECT_EQ(plan->submission.precompiled, tools_.settings.precompiled.at("cpp"));
    RunSpec spec = evaluate::with_headers(*plan->submission.compile, plan->submission.precompiled);
    spec.commands.front().insert(spec.commands.front().end(), {"-H", "-Winvalid-pch"});
    const RunOutcome outcome = run(spec);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.stderr_bytes;
    return outcome.stderr_bytes;
  }
  // The mark of a precompiled header that was taken. Source: GCC manual, -H.
  std::string taken() const {
    return "! " + tools_.settings.precompiled.at("cpp") + "/bits/stdc++.h.gch\n";
  }

  inline static fs::path directory_;
  std::unique_ptr<languages::Registry> registry_;
  evaluate::Tools tools_;
};

constexpr const char* kAdds =
    "#include <bits/stdc++.h>\n"
    "int main() { int a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }\n";

TEST_F(CompileTest, AProgramThatBeginsWithAPrecompiledHeaderTakesIt) {
  provide_headers();
  EXPECT_THAT(headers_read(adds(kAdds)), HasSubstr(taken()));
  EXPECT_EQ(evaluate::evaluate(adds(kAdds), tools_).verdict, Verdict::kAccepted);
}

TEST_F(CompileTest, TheHeaderMayBeIncludedAgain) {
  provide_headers();
  const std::string twice = std::string(kAdds) + "#include <bits/stdc++.h>\n";
  EXPECT_THAT(headers_read(adds(twice)), HasSubstr(taken()));
  EXPECT_EQ(evaluate::evaluate(adds(twice), tools_).verdict, Verdict::kAccepted);
}

TEST_F(CompileTest, SoDoFunctionCallsAndTestsOfSuchPrograms) {
  provide_headers();
  const std::string code = "#include <bits/stdc++.h>\nint add(int a, int b) { return a + b; }\n";
  FunctionCall call;
  call.entry_point = "add";
  call.cases.push_back(
      {{Value{std::int64_t{1}}, Value{std::int64_t{2}}}, {}, Value{std::int64_t{3}}});
  EXPECT_THAT(headers_read(request(code, call)), HasSubstr(taken()));
  EXPECT_EQ(evaluate::evaluate(request(code, call), tools_).verdict, Verdict::kAccepted);

  AssertTests equal;
  equal.tests = "int main() { assert(add(1, 2) == (3)); }\n";
  EXPECT_THAT(headers_read(request(code, equal)), HasSubstr(taken()));
  EXPECT_EQ(evaluate::evaluate(request(code, equal), tools_).verdict, Verdict::kAccepted);

  AssertTests loop;
  loop.tests = "int main() { for (int i = 0; i < 3; ++i) assert(add(i, i) == 2 * i); }\n";
  EXPECT_THAT(headers_read(request(code, loop)), HasSubstr(taken()));
  EXPECT_EQ(evaluate::evaluate(request(code, loop), tools_).verdict, Verdict::kAccepted);

  AssertTests apart = loop;
  apart.prompt = "#include <cmath>\n#include <bits/stdc++.h>\nint add(int a, int b) {\n";
  EvaluationRequest continued = request("  return a + b;\n}\n", apart);
  continued.submission.continues_prompt = true;
  const std::string read = headers_read(continued);
  const std::size_t first = read.find(taken());
  ASSERT_NE(first, std::string::npos) << read;
  EXPECT_NE(read.find(taken(), first + 1), std::string::npos)
      << "tests and submission are two translation units";
  EXPECT_EQ(evaluate::evaluate(continued, tools_).verdict, Verdict::kAccepted);
}

// Programs that are tried with the header first, and what might show that they were.
const std::map<std::string, std::string>& programs() {
  static const std::string all = "#include <bits/stdc++.h>\n";
  static const std::string main =
      "int main() { int a, b; std::cin >> a >> b; std::cout << a + b; }\n";
  static const std::map<std::string, std::string> programs = {
      {"has mistakes, some of them in templates",
       all + "struct Unordered {};\n"
             "int main() { std::set<Unordered> set; set.insert(Unordered()); int y = \"text\"; "
             "none(); }\n"},
      {"has a mistake in a template, and the header in its third line",
       "\n// All.\n" + all + "struct U {};\nint main() { std::set<U> set; set.insert(U()); }\n"},
      {"is warned of what the header says, which is in its second line",
       "// All.\n" + all + "std::auto_ptr<int> old;\n" + main},
      {"defines int after", all + "#define int long long\nsigned " + main.substr(4)},
      {"asks for optimisation and a target after",
       all + "#pragma GCC optimize(\"O3\")\n#pragma GCC target(\"sse4.2\")\n" + main}};
  return programs;
}

TEST_F(CompileTest, TheyChangeNoVerdictNoWordAndNoOutput) {
  for (const auto& [what, code] : programs()) {
    SCOPED_TRACE(what);
    tools_.settings.precompiled.clear();
    const auto without = evaluate::evaluate(adds(code), tools_);
    provide_headers();
    const auto with = evaluate::evaluate(adds(code), tools_);
    EXPECT_EQ(with.verdict, without.verdict);
    EXPECT_EQ(with.message, without.message);
    ASSERT_TRUE(with.compile);
    EXPECT_EQ(with.compile->stderr_bytes, without.compile->stderr_bytes);
    EXPECT_THAT(with.compile->stderr_bytes, Not(HasSubstr("/farm/")));
    EXPECT_EQ(with.cases.at(0).stdout_bytes, without.cases.at(0).stdout_bytes);
    EXPECT_EQ(with.cases.at(0).exit_code, without.cases.at(0).exit_code);
  }
}

// Were they tried with it, GCC would not take it.
TEST_F(CompileTest, MacrosBeforeTheHeaderHaveTheirEffect) {
  provide_headers();
  const std::string code =
      "#define _GLIBCXX_DEBUG\n#include <bits/stdc++.h>\n"
      "int main() { std::vector<int> none; return none[1]; }\n";
  const auto plan = evaluate::make_plan(adds(code), tools_.settings);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->submission.precompiled, "");
  const auto result = evaluate::evaluate(adds(code), tools_);
  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_THAT(result.cases.at(0).stderr_bytes, HasSubstr("out-of-bounds"));
}

TEST_F(CompileTest, ThoseOfAnotherStandardAreNotTaken) {
  provide_headers();
  const auto plan = evaluate::make_plan(
      adds("#include <bits/stdc++.h>\nstatic_assert(__cplusplus > 201703L);\nint main() {}\n"),
      tools_.settings);
  ASSERT_TRUE(plan);
  RunSpec spec = evaluate::with_headers(*plan->submission.compile, plan->submission.precompiled);
  for (std::string& argument : spec.commands.front())
    if (argument.starts_with("-std=")) argument = "-std=gnu++20";
  const RunOutcome outcome = run(spec);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.stderr_bytes;
}

TEST_F(CompileTest, SubmissionsReadPrecompiledHeadersAndCannotChangeThem) {
  provide_headers();
  const RunOutcome outcome =
      run(shell("cd " + tools_.settings.precompiled["cpp"] +
                " && head -c 3 bits/stdc++.h.gch && (: >> bits/stdc++.h.gch; : > new; "
                "rm -f bits/stdc++.h.gch; mv bits gone; chmod 777 .) 2>&1"));
  EXPECT_THAT(outcome.stdout_bytes, testing::StartsWith("gpc"));
  EXPECT_TRUE(fs::exists(headers_directory()));
  const PrecompiledHeaders headers(headers_directory(), "stamp");
  const auto before = fs::last_write_time(
      headers_directory() / fs::path(tools_.settings.precompiled["cpp"]).filename() / "bits");
  provide_headers();
  EXPECT_EQ(fs::last_write_time(headers_directory() /
                                fs::path(tools_.settings.precompiled["cpp"]).filename() / "bits"),
            before)
      << "still whole, and so not made again";
}

TEST_F(CompileTest, DamagedHeadersAreMadeAgain) {
  provide_headers();
  const fs::path file = headers_directory() /
                        fs::path(tools_.settings.precompiled["cpp"]).filename() /
                        "bits/stdc++.h.gch";
  {
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(1000);
    damaged << "damage";
  }
  provide_headers();
  EXPECT_THAT(headers_read(adds(kAdds)), HasSubstr(taken()));
  EXPECT_THAT(content_of(file).substr(1000, 6), Not("damage"));
}

TEST_F(CompileTest, TheSameProgramIsCompiledOnceAndRunsTwice) {
  os::CappedDirectorySettings settings;
  settings.path = directory_ / "programs";
  settings.max_bytes = mib(64);
  settings.is_ours = evaluate::CompileCache::is_entry_name;
  settings.nobody_else_writes = true;
  evaluate::CompileCache cache(os::CappedDirectory::open(settings).value(), "toolchain");
  tools_.compile_cache = &cache;

  const auto first = evaluate::evaluate(adds(kAdds), tools_);
  const auto second = evaluate::evaluate(adds(kAdds), tools_);

  EXPECT_EQ(first.verdict, Verdict::kAccepted);
  EXPECT_EQ(second.verdict, Verdict::kAccepted);
  EXPECT_FALSE(first.compile->cached);
  EXPECT_TRUE(second.compile->cached);
  EXPECT_EQ(second.compile->cpu, first.compile->cpu);
  EXPECT_EQ(second.compile->exit_code, first.compile->exit_code);
  EXPECT_EQ(second.compile->stdout_bytes, first.compile->stdout_bytes);
  EXPECT_EQ(second.compile->stderr_bytes, first.compile->stderr_bytes);
  EXPECT_EQ(second.cases.at(0).stdout_bytes, first.cases.at(0).stdout_bytes);
  EXPECT_EQ(second.isolation, first.isolation);
  EXPECT_EQ(second.message, first.message);
}

TEST_F(CompileTest, ALinkerThatTheHostHasLinksProgramsAndTheirTests) {
  const auto statuses = service::test_languages(
      languages::Registry::create({*registry_->find("cpp")}).value(), tools_, nullptr);
  ASSERT_TRUE(statuses.at(0).available) << statuses[0].problem;
  if (statuses[0].linker.empty()) GTEST_SKIP() << "SKIPPED: only the compiler's own linker is here";
  const auto linked = languages::Registry::create({statuses[0].definition}).value();
  tools_.settings.languages = &linked;
  AssertTests tests;
  tests.tests = "int main() { for (int i = 0; i < 3; ++i) assert(add(i, i) == 2 * i); }\n";
  const std::string code = "#include <vector>\nint add(int a, int b) { return a + b; }\n";
  EXPECT_EQ(evaluate::evaluate(request(code, tests), tools_).verdict, Verdict::kAccepted);
}

}  // namespace
}  // namespace farm::sandbox
