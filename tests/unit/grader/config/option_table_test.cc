#include "grader/config/option_table.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "grader/config/values.h"
#include "tests/support/paths.h"

namespace farm::config {
namespace {

TEST(OptionTable, IsTheTableOfConfigurationMd) {
  std::ifstream document(test::source_dir() / "grader/config/CONFIGURATION.md");
  ASSERT_TRUE(document);
  std::string rows;
  std::set<std::string> legacy;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `--")) rows += line + '\n';
    if (line.starts_with("| `") && !line.starts_with("| `--"))
      legacy.insert(line.substr(3, line.find('`', 3) - 3));
  }

  EXPECT_EQ(rows, option_table_markdown());
  std::set<std::string> understood;
  for (const OptionSpec& option : option_table()) {
    if (!option.legacy_environment.empty()) understood.emplace(option.legacy_environment);
  }
  EXPECT_EQ(legacy, understood);
}

TEST(OptionTable, EveryDefaultIsAValueOfItsOption) {
  for (const OptionSpec& option : option_table()) {
    if (option.default_text.empty()) continue;
    const auto checked = check_value(option, option.default_text);
    EXPECT_TRUE(checked) << option.name << ": " << checked.error().what;
  }
}

TEST(OptionTable, EveryRowIsCompleteAndUnique) {
  std::set<std::string_view> names;
  for (const OptionSpec& option : option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name << " stands there twice";
    EXPECT_NE(option.programs, 0U) << option.name;
    EXPECT_TRUE(option.help.ends_with('.')) << option.name;
    EXPECT_EQ(option.kind == ValueKind::kChoice, !option.choices.empty()) << option.name;
    EXPECT_EQ(option.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
        << option.name;
  }
}

TEST(OptionTable, OneNameYieldsAllSpellings) {
  const OptionSpec& option = *find_option("blob_dir");

  EXPECT_EQ(flag_of(option), "--blob-dir");
  EXPECT_EQ(environment_of(option), "GRADEFARM_BLOB_DIR");
  EXPECT_EQ(file_key_of(option), "blob_dir");
  EXPECT_EQ(find_option("blob-dir"), nullptr);
}

TEST(Nearest, FindsTyposAndNothingFarFetched) {
  const std::vector<std::string> names = {"workers", "pool", "pools", "out"};

  EXPECT_EQ(nearest("workres", names), "workers");
  EXPECT_EQ(nearest("worker", names), "workers");
  EXPECT_EQ(nearest("pol", names), "pool");
  EXPECT_EQ(nearest("abc", names), "");
  EXPECT_EQ(nearest("", names), "");
}

}  // namespace
}  // namespace farm::config
