#include <gmock/gmock.h>

#include "grader/config/settings.h"

namespace farm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> entries_of(std::string_view toml) {
  const auto file = parse_config_file("farm.toml", toml);
  if (!file) return {file.error().text()};
  std::vector<std::string> entries;
  for (const FileEntry& entry : file->entries) {
    entries.push_back(std::to_string(entry.line) + ' ' + entry.key + '=' + entry.text);
  }
  return entries;
}

TEST(ConfigFile, ReadsScalarsWithTheirLines) {
  EXPECT_THAT(entries_of("# a comment\nworkers = 4\nmetrics = \"off\"\n\nembedded = true\n"),
              testing::UnorderedElementsAre("2 workers=4", "3 metrics=off", "5 embedded=true"));
}

TEST(ConfigFile, ReadsAnArrayOfStringsAsAList) {
  EXPECT_THAT(entries_of("pools = [\"cpu\", \"gpu\"]"), ElementsAre("1 pools=cpu,gpu"));
}

TEST(ConfigFile, ReadsPropertiesQuotedDottedOrNested) {
  EXPECT_THAT(entries_of("[kafka]\nlinger.ms = 5\n\"ssl.ca.location\" = "
                         "\"/ca\"\n[kafka.sasl]\nusername = \"u\"\n"),
              testing::UnorderedElementsAre("2 kafka.linger.ms=5", "3 kafka.ssl.ca.location=/ca",
                                            "5 kafka.sasl.username=u"));
}

TEST(ConfigFile, MayBeEmpty) { EXPECT_THAT(entries_of(""), IsEmpty()); }

TEST(ConfigFile, ShowsOtherTablesAsKeysSoThatTheyAreRefused) {
  EXPECT_THAT(entries_of("[grader]\nworkers = 4\n"), ElementsAre("1 grader="));
}

TEST(ConfigFile, NamesTheLineOfASyntaxError) {
  EXPECT_THAT(entries_of("workers = 4\npool = \n"), ElementsAre(StartsWith("farm.toml:2: ")));
  EXPECT_THAT(entries_of("a = 1\na = 2\n"), ElementsAre(StartsWith("farm.toml:2: ")));
  EXPECT_THAT(entries_of("\xff\xfe"), ElementsAre(StartsWith("farm.toml:1: ")));
}

TEST(ConfigFile, RefusesValuesThatNoOptionTakes) {
  EXPECT_THAT(entries_of("\nworkers = 1.5"),
              ElementsAre(HasSubstr("farm.toml:2: workers: give a string")));
  EXPECT_THAT(entries_of("drain_timeout = 07:32:00"),
              ElementsAre(HasSubstr("drain_timeout: give")));
  EXPECT_THAT(entries_of("pools = [1, 2]"), ElementsAre(HasSubstr("pools: give")));
  EXPECT_THAT(entries_of("pools = [\"a,b\"]"), ElementsAre(HasSubstr("pools: give")));
}

}  // namespace
}  // namespace farm::config
