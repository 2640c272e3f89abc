// Compilers that stay, against the same compilers started for each program: the same outcome for
// honest programs, for wrong ones, and for those that want to spoil the next.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grader/evaluate/plan.h"
#include "grader/evaluate/resident_compilers.h"
#include "grader/languages/registry.h"
#include "grader/sandbox/resident.h"
#include "grader/service/self_test.h"
#include "tests/sandbox/sandbox_fixture.h"
#include "tests/support/paths.h"

namespace farm::sandbox {
namespace {

namespace fs = std::filesystem;
using evaluate::Program;
using ::testing::HasSubstr;

struct Source {
  std::string name;
  std::string text;
};

// One ctest entry (tests/sandbox/CMakeLists.txt): compilers take seconds to get ready.
class ResidentCompilersTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: sandbox tests need root";
    start(Isolation::kFull);
    auto registry = languages::Registry::load(test::source_dir() / "grader/languages");
    ASSERT_TRUE(registry) << registry.error().text();
    registry_ = std::make_unique<languages::Registry>(std::move(*registry));
    tools_.sandbox = sandbox_.get();
    tools_.settings.languages = registry_.get();
    tools_.settings.isolation = Isolation::kFull;
    tools_.settings.limits.maxima.compile_cpu = Milliseconds(120'000);
    residents_ = std::make_unique<evaluate::ResidentCompilers>([this](const std::string&,
                                                                      RunSpec spec) {
      return std::make_unique<LinuxResident>(*forkserver_, 2 + residents_made_++, std::move(spec));
    });
  }

  // Skips the test where the language's toolchain is not installed.
  void needs(const std::string& language) {
    auto alone = languages::Registry::create({*registry_->find(language)});
    ASSERT_TRUE(alone);
    const auto statuses = service::test_languages(*alone, tools_);
    if (!statuses.front().available)
      GTEST_SKIP() << "SKIPPED: " << language << ": " << statuses.front().problem;
  }

  Program program_of(const std::string& language, const std::string& text) {
    EvaluationRequest request;
    request.submission.language = language;
    request.submission.code = text;
    request.evaluation = RunOnly();
    request.limits.compile_cpu = Milliseconds(60'000);
    auto plan = evaluate::make_plan(request, tools_.settings);
    EXPECT_TRUE(plan) << plan.error().text();
    return plan ? std::move(plan->submission) : Program();
  }

  bool stands_by(const Program& program) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60) * slowness();
    if (!residents_->stands_by(program.language)) (void)residents_->compile(program);
    while (!residents_->stands_by(program.language)) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  // The names of all corpus programs of the language, and what they hold.
  static std::vector<Source> corpus(const std::string& language, const std::string& file) {
    std::vector<Source> sources;
    for (const auto& one : fs::directory_iterator(test::source_dir() / "tests/corpus" / language)) {
      if (fs::exists(one.path() / file))
        sources.push_back({one.path().filename(), content_of(one.path() / file)});
    }
    return sources;
  }

  static Source hostile(const std::string& name) {
    return {name, content_of(test::source_dir() / "tests/conformance/hostile" / name)};
  }

  static std::string times(int count, const std::string& line) {
    std::string text;
    for (int i = 0; i < count; ++i) text += line;
    return text;
  }

  // Both ways, one after the other by the same resident.
  void compare(const std::string& language, const std::vector<Source>& sources) {
    ASSERT_FALSE(sources.empty());
    for (const Source& source : sources) {
      SCOPED_TRACE(source.name);
      const Program program = program_of(language, source.text);
      ASSERT_TRUE(program.compile && program.resident);
      ASSERT_TRUE(stands_by(program));
      const auto resident = residents_->compile(program);
      const auto cold = sandbox_->run(*program.compile);
      ASSERT_TRUE(cold) << cold.error().text();
      ASSERT_TRUE(resident) << "it did not answer; alone: " << cold->exit_code.value_or(-1) << " "
                            << cold->stderr_bytes;
      EXPECT_EQ(resident->exit_code, cold->exit_code);
      EXPECT_EQ(resident->stderr_bytes, cold->stderr_bytes);
      EXPECT_EQ(resident->stdout_bytes, cold->stdout_bytes);
      EXPECT_EQ(resident->isolation, cold->isolation);
      if (cold->exit_code != 0) continue;
      ASSERT_EQ(resident->files.size(), cold->files.size());
      for (const auto& [path, file] : cold->files) {
        ASSERT_TRUE(resident->files.contains(path)) << path;
        EXPECT_TRUE(resident->files.at(path).content == file.content) << path;
      }
    }
    EXPECT_EQ(residents_made_, 1) << "one compiler did it all";
  }

  std::unique_ptr<languages::Registry> registry_;
  evaluate::Tools tools_;
  std::unique_ptr<evaluate::ResidentCompilers> residents_;
  int residents_made_ = 0;
};

TEST_F(ResidentCompilersTest, JavacThatStaysSaysAndMakesWhatOneOfItsOwnDoes) {
  needs("java");
  if (IsSkipped()) return;
  std::vector<Source> sources = {
      hostile("java/shadow_classes.java"),
      hostile("java/platform_package.java"),
      hostile("java/broken_unicode.java"),
      {"many_errors", "class Main {\n" + times(3000, "  x y = z;\n") + "}\n"},
      hostile("java/processor.java")};
  const std::vector<Source> honest = corpus("java", "solution.java");
  sources.insert(sources.end(), honest.begin(), honest.end());

  compare("java", sources);
}

// Both types stand for the argument; which one does, javac decides by what it met first.
TEST_F(ResidentCompilersTest, NamesOfAnEarlierJavaProgramDecideNothingInTheNext) {
  needs("java");
  if (IsSkipped()) return;

  compare("java", {{"earlier", "class Q { int Jjj; int Iii; }"},
                   {"next",
                    "interface Iii {}\ninterface Jjj {}\nclass A implements Iii, Jjj {}\n"
                    "class B implements Iii, Jjj {}\npublic class Main {\n"
                    "  static <T> void f(T... t) { System.out.println(t.getClass()); }\n"
                    "  public static void main(String[] a) { f(new A(), new B()); }\n}\n"}});
}

// javac executes plugins that it finds; where it looks, a name without a class is an error.
TEST_F(ResidentCompilersTest, JavacLooksForNoPluginAmongTheSubmissionsFiles) {
  needs("java");
  if (IsSkipped()) return;
  EvaluationRequest request;
  request.submission.language = "java";
  request.submission.code = "public class Main { public static void main(String[] a) {} }";
  request.submission.files["META-INF/services/com.sun.source.util.Plugin"] = "Evil\n";
  request.evaluation = RunOnly();
  auto plan = evaluate::make_plan(request, tools_.settings);
  ASSERT_TRUE(plan) << plan.error().text();

  const auto outcome = sandbox_->run(*plan->submission.compile);

  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->exit_code, 0) << outcome->stderr_bytes;
  EXPECT_EQ(outcome->stderr_bytes, "");
}

TEST_F(ResidentCompilersTest, TypescriptThatStaysSaysAndMakesWhatOneOfItsOwnDoes) {
  needs("typescript");
  if (IsSkipped()) return;
  std::vector<Source> sources = {hostile("typescript/patches_the_compiler.ts"),
                                 {"many_errors", times(3000, "let a: = ;\n")}};
  const std::vector<Source> honest = corpus("typescript", "solution.ts");
  sources.insert(sources.end(), honest.begin(), honest.end());

  compare("typescript", sources);
}

TEST_F(ResidentCompilersTest, AfterABombTheNextProgramIsCompiled) {
  needs("java");
  if (IsSkipped()) return;
  const Program bomb = program_of("java", hostile("java/doubled_texts.java").text);
  const Program honest =
      program_of("java", "class Main { public static void main(String[] a) {} }");
  ASSERT_TRUE(stands_by(honest));

  EXPECT_FALSE(residents_->compile(bomb));

  ASSERT_TRUE(stands_by(honest));
  const auto outcome = residents_->compile(honest);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_TRUE(outcome->files.contains("Main.class"));
}

}  // namespace
}  // namespace farm::sandbox
