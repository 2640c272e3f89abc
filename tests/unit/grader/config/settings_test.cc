#include "grader/config/settings.h"

#include <gmock/gmock.h>

namespace farm::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Environment = std::map<std::string, std::string>;

Expected<Settings> merge(const std::vector<GivenFlag>& flags, const Environment& environment,
                         std::vector<FileEntry> entries = {}, Program program = Program::kGrader) {
  return Settings::merge(program, flags, environment, ConfigFile{"farm.toml", std::move(entries)});
}

std::string refusal(const Expected<Settings>& merged) {
  return merged ? "accepted" : merged.error().text();
}

TEST(Settings, StrongerSourcesWin) {
  const GivenFlag flag{"workers", {"1"}};
  const std::pair<const std::string, std::string> ours{"GRADEFARM_WORKERS", "2"};
  const FileEntry entry{"workers", "3", 1};
  const std::pair<const std::string, std::string> icip{"WORKERS", "4"};

  EXPECT_EQ(merge({flag}, {ours, icip}, {entry})->text("workers"), "1");
  EXPECT_EQ(merge({}, {ours, icip}, {entry})->text("workers"), "2");
  EXPECT_EQ(merge({}, {icip}, {entry})->text("workers"), "3");
  EXPECT_EQ(merge({}, {icip})->text("workers"), "4");
  EXPECT_EQ(merge({}, {})->text("workers"), "auto");
}

TEST(Settings, KnowWhereATextCameFrom) {
  EXPECT_EQ(merge({{"pool", {"a"}}}, {})->setting("pool").where, "--pool");
  EXPECT_EQ(merge({}, {{"GRADEFARM_POOL", "a"}})->setting("pool").where, "GRADEFARM_POOL");
  EXPECT_EQ(merge({}, {}, {{"pool", "a", 7}})->setting("pool").where, "farm.toml:7: pool");
  EXPECT_EQ(merge({}, {})->setting("pool").source, Source::kDefault);
}

TEST(Settings, ARefusedValueNamesItsSource) {
  EXPECT_EQ(refusal(merge({{"workers", {"x"}}}, {})), "--workers: 'x' is not a whole number");
  EXPECT_EQ(refusal(merge({}, {{"GRADEFARM_WORKERS", "x"}})),
            "GRADEFARM_WORKERS: 'x' is not a whole number");
  EXPECT_EQ(refusal(merge({}, {}, {{"workers", "x", 7}})),
            "farm.toml:7: workers: 'x' is not a whole number");
  EXPECT_EQ(refusal(merge({}, {{"WORKERS", "x"}})), "WORKERS: 'x' is not a whole number");
  EXPECT_EQ(refusal(merge({}, {{"MAX_MEM", "1GB"}})), "MAX_MEM: '1GB' is not a whole number of KB");
}

TEST(Settings, AWeakSourceIsCheckedEvenIfItIsOverruled) {
  EXPECT_EQ(refusal(merge({{"workers", {"1"}}}, {{"GRADEFARM_WORKERS", "x"}})),
            "GRADEFARM_WORKERS: 'x' is not a whole number");
}

TEST(Settings, AnEmptyVariableCountsAsUnset) {
  EXPECT_EQ(merge({}, {{"GRADEFARM_WORKERS", ""}, {"WORKERS", ""}})->text("workers"), "auto");
}

TEST(Settings, MaxMemIsInKilobytes) {
  EXPECT_EQ(merge({}, {{"MAX_MEM", "1048576"}})->size("max_memory"), gib(1));
  EXPECT_EQ(merge({}, {{"MAX_MEM", "unlimited"}})->setting("max_memory").source, Source::kDefault);
  EXPECT_EQ(merge({}, {{"MAX_MEM", "1"}, {"GRADEFARM_MAX_MEMORY", "2GiB"}})->size("max_memory"),
            gib(2));
}

TEST(Settings, AnUnknownKeyInTheFileIsRefusedWithTheLikelyOne) {
  EXPECT_EQ(refusal(merge({}, {}, {{"workres", "1", 3}})),
            "farm.toml:3: unknown key 'workres'; did you mean 'workers'?");
  EXPECT_EQ(refusal(merge({}, {}, {{"quux", "1", 3}})), "farm.toml:3: unknown key 'quux'");
  EXPECT_EQ(refusal(merge({}, {}, {{"config", "/other.toml", 3}})),
            "farm.toml:3: unknown key 'config'");
  EXPECT_EQ(refusal(merge({}, {}, {{"kafka_property", "a=b", 3}})),
            "farm.toml:3: unknown key 'kafka_property'");
}

TEST(Settings, OptionsOfOtherProgramsMayStandInASharedFileButMustBeGood) {
  EXPECT_TRUE(merge({}, {{"GRADEFARM_PARTITIONS", "4"}}, {{"partitions", "4", 1}}));
  EXPECT_EQ(refusal(merge({}, {}, {{"partitions", "x", 1}})),
            "farm.toml:1: partitions: 'x' is not a whole number");
}

TEST(Settings, PropertiesAreMergedByName) {
  const auto merged = merge(
      {{"kafka_property", {"a=flag", "d=flag"}}}, {{"GRADEFARM_KAFKA_PROPERTY", "b=env\na=env\n"}},
      {{"kafka.a", "file", 1}, {"kafka.b", "file", 2}, {"kafka.c", "file", 3}});

  EXPECT_THAT(merged->properties(), ElementsAre(Pair("a", "flag"), Pair("b", "env"),
                                                Pair("c", "file"), Pair("d", "flag")));
}

TEST(Settings, TheLastOfSeveralFlagsCounts) {
  EXPECT_EQ(merge({{"pool", {"a", "b"}}}, {})->text("pool"), "b");
}

TEST(Settings, WarnOfVariablesThatLookMisspelt) {
  const auto merged = merge({}, {{"GRADEFARM_WORKRES", "4"},
                                 {"GRADEFARM_SERVICE_HOST", "10.0.0.1"},
                                 {"GRADEFARM_PORT", "tcp://10.0.0.1:80"},
                                 {"GRADEFARM_PARTITIONS", "4"},
                                 {"PATH", "/bin"}});

  EXPECT_THAT(merged->warnings(), ElementsAre("the environment variable GRADEFARM_WORKRES has no "
                                              "effect; did you mean GRADEFARM_WORKERS?"));
  EXPECT_THAT(merge({}, {{"GRADEFARM_WORKERS", "4"}})->warnings(), IsEmpty());
}

TEST(SettingsDeathTest, AskingForAnotherProgramsOptionIsABug) {
  const auto merged = merge({}, {});

  EXPECT_DEATH(static_cast<void>(merged->text("partitions")), "assertion failed");
}

}  // namespace
}  // namespace farm::config
