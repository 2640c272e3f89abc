// Every *.json under grader/languages becomes tests of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "grader/languages/placeholders.h"
#include "grader/languages/registry.h"
#include "tests/support/paths.h"

namespace farm::languages {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const fs::path kDirectory = test::source_dir() / "grader" / "languages";

std::vector<std::string> data_files() {
  std::vector<std::string> stems;
  for (const auto& entry : fs::directory_iterator(kDirectory)) {
    if (entry.path().extension() == ".json") stems.push_back(entry.path().stem());
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

class LanguageFile : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::ifstream file(kDirectory / (GetParam() + ".json"));
    const std::string content{std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>()};
    auto decoded = decode_language(content);
    ASSERT_TRUE(decoded) << decoded.error().text();
    language_ = *decoded;
  }
  LanguageDefinition language_;
};

TEST_P(LanguageFile, IsNamedByItsId) { EXPECT_EQ(language_.id, GetParam()); }

TEST_P(LanguageFile, TestsItselfWithAnAnswerThatNeedsItsInput) {
  EXPECT_NE(language_.self_test.stdin_bytes, "");
  EXPECT_NE(language_.self_test.stdout_bytes, "");
  EXPECT_THAT(language_.self_test.source, Not(HasSubstr(language_.self_test.stdout_bytes)));
}

TEST_P(LanguageFile, RunsProgramsByPathAndWithoutALookUp) {
  std::vector<std::vector<std::string>> commands = {language_.run.command,
                                                    language_.version_command};
  if (language_.compile) {
    commands.insert(commands.end(), language_.compile->commands.begin(),
                    language_.compile->commands.end());
  }
  for (const auto& command : commands) {
    const auto argv = expand(command, {.source = language_.source_name});

    ASSERT_TRUE(argv) << argv.error().text();
    EXPECT_THAT(argv->front(), AnyOf(StartsWith("/"), StartsWith("./")));
  }
}

TEST_P(LanguageFile, CompilesToWhatItRuns) {
  if (!language_.compile) {
    EXPECT_THAT(language_.run.command, Contains(HasSubstr("{source}")));
    return;
  }
  EXPECT_THAT(language_.compile->commands.front(), Contains(HasSubstr("{source}")));
  for (const auto& output : language_.compile->outputs) {
    const bool of_any_name = output.front() == '*';
    EXPECT_THAT(language_.run.command, Contains(HasSubstr(of_any_name ? "{main_class}" : output)));
  }
}

TEST_P(LanguageFile, ItsOwnNameMarksItsFencedBlocks) {
  EXPECT_THAT(language_.fence_names, Contains(GetParam()));
}

TEST_P(LanguageFile, ServesPlainRuns) { EXPECT_TRUE(serves(language_, "run")); }

INSTANTIATE_TEST_SUITE_P(DataFiles, LanguageFile, testing::ValuesIn(data_files()),
                         [](const auto& file) { return file.param; });

TEST(LanguageFiles, LoadTogether) {
  const auto registry = Registry::load(kDirectory);

  ASSERT_TRUE(registry) << registry.error().text();
  EXPECT_EQ(registry->ids(), data_files());
}

TEST(LanguageFiles, HoldTheFirstLanguages) {
  EXPECT_THAT(data_files(), AllOf(Contains("bash"), Contains("cpp"), Contains("python"),
                                  Contains("java"), Contains("typescript")));
}

}  // namespace
}  // namespace farm::languages
