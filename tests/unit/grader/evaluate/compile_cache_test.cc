#include "grader/evaluate/compile_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/unit/grader/evaluate/requests.h"

namespace farm::evaluate {
namespace {

namespace fs = std::filesystem;
using farm::testing::exited;
using farm::testing::FakeSandbox;
using farm::testing::killed;

sandbox::RunOutcome compiler_made(const std::string& program) {
  sandbox::RunOutcome outcome = exited(0, "", "a warning\n");
  outcome.cpu = Microseconds(1'500'000);
  outcome.files["program"].content = program;
  return outcome;
}

bool compiles(const sandbox::RunSpec& spec) { return !spec.fetch.empty(); }

class CompileCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "compiled-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::unique_ptr<CompileCache> open(const std::string& toolchain = "g++ 12",
                                     Bytes max = mib(1)) const {
    os::CappedDirectorySettings settings;
    settings.path = root_ / "programs";
    settings.max_bytes = max;
    settings.is_ours = CompileCache::is_entry_name;
    return std::make_unique<CompileCache>(os::CappedDirectory::open(std::move(settings)).value(),
                                          toolchain);
  }

  // Grades a C++ program whose compiler says `outcome`, and which prints "3".
  EvaluationResult grade(CompileCache& cache, Expected<sandbox::RunOutcome> outcome,
                         const std::string& source = "int main() {}") {
    FakeSandbox sandbox;
    sandbox.always([&](const sandbox::RunSpec& spec) -> Expected<sandbox::RunOutcome> {
      if (!compiles(spec)) return exited(0, "3\n");
      ++compilations_;
      return outcome;
    });
    Tools tools = tools_with(sandbox);
    tools.compile_cache = &cache;
    EvaluationResult result =
        evaluate(request_of("cpp", source, io_cases({{"1 2\n", "3\n"}})), tools);
    last_specs_ = sandbox.specs();
    return result;
  }

  std::vector<fs::path> entries() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(root_ / "programs"))
      found.push_back(entry.path());
    return found;
  }

  fs::path root_;
  int compilations_ = 0;
  std::vector<sandbox::RunSpec> last_specs_;
};

TEST_F(CompileCacheTest, TheSameSourceIsCompiledOnceAndTheResultSaysSo) {
  const auto cache = open();
  const EvaluationResult first = grade(*cache, compiler_made("elf"));
  const EvaluationResult second = grade(*cache, compiler_made("other"));

  EXPECT_EQ(compilations_, 1);
  EXPECT_EQ(first.verdict, Verdict::kAccepted);
  EXPECT_EQ(second.verdict, Verdict::kAccepted);
  EXPECT_FALSE(first.compile->cached);
  EXPECT_TRUE(second.compile->cached);
  EXPECT_EQ(second.compile->cpu, Milliseconds(1500)) << "as measured when it was compiled";
  EXPECT_EQ(second.compile->stderr_bytes, "a warning\n");
  EXPECT_EQ(file_of(last_specs_.back(), "program"), "elf");
  const CompileCacheNumbers numbers = cache->numbers();
  EXPECT_EQ(numbers.hits, 1);
  EXPECT_EQ(numbers.misses, 1);
  EXPECT_EQ(numbers.failures, 0);
  EXPECT_GT(numbers.used.count, 0);
}

TEST_F(CompileCacheTest, GradersThatShareTheDirectoryShareWhatIsCompiled) {
  grade(*open(), compiler_made("elf"));
  EXPECT_TRUE(grade(*open(), compiler_made("elf")).compile->cached);
}

TEST_F(CompileCacheTest, AnotherSourceOrToolchainIsCompiled) {
  grade(*open(), compiler_made("elf"));
  EXPECT_FALSE(grade(*open(), compiler_made("elf"), "int main() { }").compile->cached);
  EXPECT_FALSE(grade(*open("g++ 13"), compiler_made("elf")).compile->cached);
}

TEST_F(CompileCacheTest, AProgramThatDoesNotCompileIsTriedOnce) {
  const auto cache = open();
  const auto refused = exited(1, "", "main.cpp:1: error: no\n");
  const EvaluationResult first = grade(*cache, refused);
  const EvaluationResult second = grade(*cache, refused);

  EXPECT_EQ(compilations_, 1);
  EXPECT_EQ(second.verdict, Verdict::kCompileError);
  EXPECT_EQ(second.message, first.message);
  EXPECT_EQ(second.compile->stderr_bytes, first.compile->stderr_bytes);
  EXPECT_TRUE(second.compile->cached);
}

TEST_F(CompileCacheTest, LimitsAccidentsAndFailuresOfTheFarmAreNotKept) {
  const auto cache = open();
  grade(*cache, killed(sandbox::Ending::kCpuLimit));
  grade(*cache, killed(sandbox::Ending::kCancelled));
  grade(*cache, exited(1, "", "internal compiler error: Segmentation fault"));
  grade(*cache, internal_error("the launcher died"));

  const EvaluationResult result = grade(*cache, compiler_made("elf"));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_FALSE(result.compile->cached);
}

TEST_F(CompileCacheTest, AProgramThatAsksForTheTimeIsCompiledEachTime) {
  const auto cache = open();
  const std::string source = "const char* when = __TIME__; int main() {}";
  grade(*cache, compiler_made("elf"), source);
  EXPECT_FALSE(grade(*cache, compiler_made("elf"), source).compile->cached);
  EXPECT_EQ(cache->numbers().misses, 2);
}

TEST_F(CompileCacheTest, ACorruptedEntryIsRemovedAndCompiledAgain) {
  const auto cache = open();
  grade(*cache, compiler_made("elf"));
  ASSERT_EQ(entries().size(), 1U);
  {
    std::fstream entry(entries().front(), std::ios::in | std::ios::out | std::ios::binary);
    entry.seekp(-2, std::ios::end);
    entry.put('!');
  }

  const EvaluationResult again = grade(*cache, compiler_made("elf"));

  EXPECT_EQ(again.verdict, Verdict::kAccepted);
  EXPECT_FALSE(again.compile->cached);
  EXPECT_EQ(cache->numbers().failures, 1);
  EXPECT_TRUE(grade(*cache, compiler_made("elf")).compile->cached) << "replaced by a good one";
}

TEST_F(CompileCacheTest, AnEntryThatAnotherGraderRemovedIsCompiledAgain) {
  const auto cache = open();
  grade(*cache, compiler_made("elf"));
  fs::remove(entries().at(0));
  EXPECT_FALSE(grade(*cache, compiler_made("elf")).compile->cached);
  EXPECT_EQ(cache->numbers().failures, 0);
}

TEST_F(CompileCacheTest, ItStaysWithinItsBytesAndOneProgramCannotFillIt) {
  const auto cache = open("g++ 12", kib(64));
  grade(*cache, compiler_made(std::string(8192, 'x')), "large");
  EXPECT_TRUE(entries().empty());

  for (int i = 0; i < 40; ++i)
    grade(*cache, compiler_made(std::string(3000, 'x')), "int i = " + std::to_string(i) + ";");

  EXPECT_GT(cache->numbers().used, kib(50));
  EXPECT_LE(cache->numbers().used, kib(64));
  EXPECT_TRUE(grade(*cache, compiler_made(""), "int i = 39;").compile->cached);
  EXPECT_FALSE(grade(*cache, compiler_made(""), "int i = 0;").compile->cached);
}

TEST_F(CompileCacheTest, WithADirectoryThatIsGoneProgramsAreCompiled) {
  const auto cache = open();
  fs::remove_all(root_ / "programs");
  EXPECT_EQ(grade(*cache, compiler_made("elf")).verdict, Verdict::kAccepted);
  EXPECT_GT(cache->numbers().failures, 0);
}

}  // namespace
}  // namespace farm::evaluate
