#include <gmock/gmock.h>

#include "grader/config/config.h"
#include "tests/unit/grader/config/invocation_of.h"

namespace farm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

GraderConfig config_of(const Invocation& invocation) {
  auto parsed = parse_grader(invocation);
  if (!parsed) {
    ADD_FAILURE() << parsed.error().text();
    return {};
  }
  auto* config = std::get_if<GraderConfig>(&*parsed);
  if (config == nullptr) {
    ADD_FAILURE() << "text instead of a configuration";
    return {};
  }
  return *config;
}

std::string text_of(const Invocation& invocation) {
  const auto parsed = parse_grader(invocation);
  if (!parsed) return "refused: " + parsed.error().text();
  const auto* shown = std::get_if<ShowText>(&*parsed);
  return shown == nullptr ? "accepted" : shown->text;
}

TEST(GraderConfig, NeedsNothingButABroker) {
  const GraderConfig config = config_of(invocation_of("--brokers kafka:9092"));

  EXPECT_EQ(config.kafka.brokers, "kafka:9092");
  EXPECT_EQ(config.kafka.broker_kind, BrokerKind::kApache);
  EXPECT_EQ(config.pool, "cpu");
  EXPECT_EQ(config.group, "gradefarm-cpu");
  EXPECT_EQ(config.workers, 6);
  EXPECT_EQ(config.metrics_address, "127.0.0.1:9464");
  EXPECT_EQ(config.python, "/usr/bin/python3");
  EXPECT_EQ(config.drain_timeout, Milliseconds{30'000});
  EXPECT_EQ(config.canary_interval, Milliseconds{60'000});
  EXPECT_EQ(config.isolation, std::nullopt) << "as root full, else reduced";
  EXPECT_EQ(config.sandbox_uid_base, 60600U);
  EXPECT_EQ(config.config_file, "");
  EXPECT_EQ(text_of(invocation_of("")),
            "refused: no broker is given: use --brokers HOST:PORT or GRADEFARM_BROKERS");
}

TEST(GraderConfig, APoolMustNotBeAnotherOnesLane) {
  EXPECT_THAT(text_of(invocation_of("--brokers a:1 --pool cpu.high")),
              HasSubstr("cpu.high would be a lane"));
}

TEST(GraderConfig, ChecksTheHostWithoutABroker) {
  EXPECT_TRUE(config_of(invocation_of("--check")).check);
  EXPECT_FALSE(config_of(invocation_of("--brokers a:1")).check);
}

TEST(GraderConfig, TakesEverythingByFlag) {
  const GraderConfig config =
      config_of(invocation_of("--brokers a:1,b:2 --broker-kind embedded --pool gpu --group g "
                              "--instance-id host-1 --workers 3 --metrics off "
                              "--blob-dir /blobs --languages-dir /languages "
                              "--python /venv/bin/python --drain-timeout 2m --canary-interval 0s "
                              "--answer-cache 1MiB --result-cache 2MiB --result-cache-window 5m "
                              "--compile-cache 0 --compile-cache-dir /cache "
                              "--sandbox-uid-base 70000 --log-level debug --log-format json "
                              "--kafka-property x=1 --kafka-property y=2=3"));

  EXPECT_EQ(config.kafka.brokers, "a:1,b:2");
  EXPECT_EQ(config.kafka.broker_kind, BrokerKind::kEmbedded);
  EXPECT_THAT(config.kafka.properties, ElementsAre(Pair("x", "1"), Pair("y", "2=3")));
  EXPECT_EQ(config.pool, "gpu");
  EXPECT_EQ(config.group, "g");
  EXPECT_EQ(config.instance_id, "host-1");
  EXPECT_EQ(config.workers, 3);
  EXPECT_EQ(config.metrics_address, std::nullopt);
  EXPECT_EQ(config.blob_dir, "/blobs");
  EXPECT_EQ(config.languages_dir, "/languages");
  EXPECT_EQ(config.python, "/venv/bin/python");
  EXPECT_EQ(config.drain_timeout, Milliseconds{120'000});
  EXPECT_EQ(config.canary_interval, Milliseconds{0});
  EXPECT_EQ(config.answer_cache, mib(1));
  EXPECT_EQ(config.result_cache, mib(2));
  EXPECT_EQ(config.result_cache_window, Milliseconds{300'000});
  EXPECT_EQ(config.compile_cache, Bytes{0});
  EXPECT_EQ(config.compile_cache_dir, "/cache");
  EXPECT_EQ(config.sandbox_uid_base, 70000U);
  EXPECT_EQ(config.log.level, monitoring::LogLevel::kDebug);
  EXPECT_EQ(config.log.format, monitoring::LogFormat::kJson);
}

TEST(GraderConfig, BadCasesAreOffUntilTheyHaveAPlace) {
  const GraderConfig off = config_of(invocation_of("--brokers a:1"));
  EXPECT_EQ(off.bad_cases.directory, "");
  EXPECT_EQ(off.bad_cases.filter, "fault:farm,total_wall");
  EXPECT_EQ(off.bad_cases.max_bytes, gib(1));
  EXPECT_FALSE(off.bad_cases_topic);

  const GraderConfig on = config_of(
      invocation_of("--brokers a:1 --bad-cases /d --bad-cases-topic --bad-cases-filter sample:0.5 "
                    "--bad-cases-max-bytes 1MiB"));
  EXPECT_EQ(on.bad_cases.directory, "/d");
  EXPECT_EQ(on.bad_cases.filter, "sample:0.5");
  EXPECT_EQ(on.bad_cases.max_bytes, mib(1));
  EXPECT_TRUE(on.bad_cases_topic);
}

TEST(GraderConfig, SaveBadCasesOfIcipMeansADirectoryOfItsOwnAndIsWeakerThanOurs) {
  const auto directory = [](const std::string& flags, const std::string& said) {
    return config_of(invocation_of("--brokers a:1 " + flags, {{"SAVE_BAD_CASES", said}}))
        .bad_cases.directory;
  };
  EXPECT_EQ(directory("", "true"), "/var/lib/gradefarm/bad-cases");
  EXPECT_EQ(directory("", "false"), "");
  EXPECT_EQ(directory("--bad-cases /d", "true"), "/d");
}

TEST(GraderConfig, FlagsWinOverEnvironmentOverFile) {
  const std::map<std::string, std::string> files = {
      {"farm.toml",
       "brokers = \"file:1\"\npool = \"file\"\nworkers = 1\n[kafka]\nsasl.username = \"u\"\n"}};

  const GraderConfig config =
      config_of(invocation_of("--config farm.toml --workers 3",
                              {{"GRADEFARM_POOL", "env"}, {"GRADEFARM_WORKERS", "2"}}, files));

  EXPECT_EQ(config.config_file, "farm.toml");
  EXPECT_EQ(config.kafka.brokers, "file:1");
  EXPECT_EQ(config.pool, "env");
  EXPECT_EQ(config.group, "gradefarm-env");
  EXPECT_EQ(config.workers, 3);
  EXPECT_THAT(config.kafka.properties, ElementsAre(Pair("sasl.username", "u")));
}

TEST(GraderConfig, TheFileCanBeNamedByTheEnvironment) {
  const GraderConfig config = config_of(invocation_of("", {{"GRADEFARM_CONFIG", "/etc/farm.toml"}},
                                                      {{"/etc/farm.toml", "brokers = \"f:1\""}}));

  EXPECT_EQ(config.kafka.brokers, "f:1");
}

TEST(GraderConfig, EveryMaximumReachesItsField) {
  const LimitMaxima maxima =
      config_of(
          invocation_of(
              "--brokers a:1 --max-compile-cpu 1ms --max-compile-memory 2 --max-run-cpu 3ms "
              "--max-run-wall 4ms --max-total-wall 5ms --max-memory 6 --max-stack 7 --max-output 8 "
              "--max-return-output 9 --max-processes 10 --max-open-files 11 --max-tmpfs 12 "
              "--max-tmpfs-inodes 13"))
          .maxima;

  EXPECT_EQ(maxima.compile_cpu, Milliseconds{1});
  EXPECT_EQ(maxima.compile_memory, Bytes{2});
  EXPECT_EQ(maxima.run_cpu, Milliseconds{3});
  EXPECT_EQ(maxima.run_wall, Milliseconds{4});
  EXPECT_EQ(maxima.total_wall, Milliseconds{5});
  EXPECT_EQ(maxima.memory, Bytes{6});
  EXPECT_EQ(maxima.stack, Bytes{7});
  EXPECT_EQ(maxima.output, Bytes{8});
  EXPECT_EQ(maxima.return_output, Bytes{9});
  EXPECT_EQ(maxima.processes, 10);
  EXPECT_EQ(maxima.open_files, 11);
  EXPECT_EQ(maxima.tmpfs, Bytes{12});
  EXPECT_EQ(maxima.tmpfs_inodes, 13);
}

TEST(GraderConfig, RefusalsSayWhatAndWhere) {
  EXPECT_EQ(text_of(invocation_of("--brokers a:1 --worker 3")),
            "refused: unknown option '--worker' (did you mean '--workers'?); see gradefarm-grader "
            "--help");
  EXPECT_EQ(text_of(invocation_of("--workers")),
            "refused: --workers needs a value; see gradefarm-grader --help");
  EXPECT_EQ(text_of(invocation_of("--brokers a:1 surplus")),
            "refused: nothing is expected at 'surplus'; see gradefarm-grader --help");
  EXPECT_EQ(text_of(invocation_of("--brokers a:1 --workers -1")),
            "refused: --workers: '-1' is not a whole number");
  EXPECT_EQ(text_of(invocation_of("--brokers a:1", {{"GRADEFARM_WORKERS", "x"}})),
            "refused: GRADEFARM_WORKERS: 'x' is not a whole number");
  EXPECT_EQ(text_of(invocation_of("--config missing.toml")),
            "refused: --config: open missing.toml: No such file or directory");
  EXPECT_EQ(text_of(invocation_of("--config a.toml", {}, {{"a.toml", "workres = 1"}})),
            "refused: a.toml:1: unknown key 'workres'; did you mean 'workers'?");
}

TEST(GraderConfig, NeverShowsTheValueOfABadProperty) {
  EXPECT_EQ(text_of(invocation_of("--brokers a:1 --kafka-property hunter2")),
            "refused: --kafka-property: a property is not of the form NAME=VALUE");
}

TEST(GraderConfig, HelpNamesEveryOptionAndVersionTheVersion) {
  const std::string help = text_of(invocation_of("--help"));
  for (const char* part : {"--brokers HOST:PORT", "--drain-timeout DURATION", "[30s]",
                           "apache|embedded", "GRADEFARM_"}) {
    EXPECT_THAT(help, HasSubstr(part));
  }
  EXPECT_EQ(text_of(invocation_of("--version")),
            "gradefarm-grader " + std::string(version()) + '\n');
  EXPECT_THAT(version(), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(GraderConfig, HelpIsShownWhateverElseIsWrong) {
  EXPECT_THAT(text_of(invocation_of("--help", {{"GRADEFARM_WORKERS", "x"}})),
              StartsWith("Takes evaluation requests"));
}

TEST(GraderConfig, TheIcipVariablesAreUnderstood) {
  const GraderConfig config = config_of(invocation_of(
      "--brokers a:1", {{"WORKERS", "4"}, {"MAX_MEM", "2097152"}, {"HOST", "::"}, {"PORT", "1"}}));

  EXPECT_EQ(config.workers, 4);
  EXPECT_EQ(config.maxima.memory, gib(2));
}

TEST(GraderConfig, CarriesWarningsForTheLog) {
  EXPECT_THAT(config_of(invocation_of("--brokers a:1", {{"GRADEFARM_BROKER", "b:1"}})).warnings,
              ElementsAre(HasSubstr("GRADEFARM_BROKERS")));
}

}  // namespace
}  // namespace farm::config
