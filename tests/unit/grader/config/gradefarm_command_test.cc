#include <gmock/gmock.h>

#include "grader/config/config.h"
#include "tests/unit/grader/config/invocation_of.h"

namespace farm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename Options>
Options options_of(const Invocation& invocation) {
  auto parsed = parse_gradefarm(invocation);
  if (!parsed) {
    ADD_FAILURE() << parsed.error().text();
    return {};
  }
  auto* options = std::get_if<Options>(&*parsed);
  if (options == nullptr) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return *options;
}

std::string text_of(const Invocation& invocation) {
  const auto parsed = parse_gradefarm(invocation);
  if (!parsed) return "refused: " + parsed.error().text();
  const auto* shown = std::get_if<ShowText>(&*parsed);
  return shown == nullptr ? "accepted" : shown->text;
}

TEST(GradeCommand, NeedsAFileAndABrokerOrEmbedded) {
  const auto embedded = options_of<GradeOptions>(invocation_of("grade in.jsonl --embedded"));
  EXPECT_EQ(embedded.input, "in.jsonl");
  EXPECT_EQ(embedded.out, "-");
  EXPECT_TRUE(embedded.embedded);
  EXPECT_EQ(embedded.kafka.brokers, "");
  EXPECT_EQ(embedded.kafka.broker_kind, BrokerKind::kEmbedded);
  EXPECT_EQ(embedded.grader.program, "/opt/farm/bin/gradefarm-grader");
  EXPECT_EQ(embedded.grader.workers, 6);

  const auto remote = options_of<GradeOptions>(invocation_of("grade - --brokers a:1"));
  EXPECT_EQ(remote.input, "-");
  EXPECT_FALSE(remote.embedded);
  EXPECT_EQ(remote.kafka.brokers, "a:1");

  EXPECT_EQ(text_of(invocation_of("grade")),
            "refused: FILE is required; see gradefarm grade --help");
  EXPECT_EQ(
      text_of(invocation_of("grade -")),
      "refused: no broker is given: use --embedded, --brokers HOST:PORT or GRADEFARM_BROKERS");
}

TEST(GradeCommand, EmbeddedAndBrokersExcludeEachOtherUnlessOneIsStronger) {
  EXPECT_EQ(text_of(invocation_of("grade - --embedded --brokers a:1")),
            "refused: --embedded and --brokers exclude each other");
  EXPECT_TRUE(
      options_of<GradeOptions>(invocation_of("grade - --embedded", {{"GRADEFARM_BROKERS", "a:1"}}))
          .embedded);
  EXPECT_FALSE(options_of<GradeOptions>(
                   invocation_of("grade - --brokers a:1", {{"GRADEFARM_EMBEDDED", "true"}}))
                   .embedded);
}

TEST(GradeCommand, TakesEverythingByFlag) {
  const auto options = options_of<GradeOptions>(
      invocation_of("grade --brokers a:1 --out res.jsonl --trainer run-17 --pool gpu --blob-dir /b "
                    "--timeout 1h --resubmit-after 5s "
                    "--max-outstanding 1MiB --progress never --grader /x/grader --python /py "
                    "--workers 2 in.jsonl"));

  EXPECT_EQ(options.input, "in.jsonl");
  EXPECT_EQ(options.out, "res.jsonl");
  EXPECT_EQ(options.trainer, "run-17");
  EXPECT_EQ(options.pool, "gpu");
  EXPECT_EQ(options.blob_dir, "/b");
  EXPECT_EQ(options.timeout, Milliseconds{3'600'000});
  EXPECT_EQ(options.resubmit_after, Milliseconds{5000});
  EXPECT_EQ(options.max_outstanding, mib(1));
  EXPECT_EQ(options.progress, GradeOptions::Progress::kNever);
  EXPECT_EQ(options.grader.program, "/x/grader");
  EXPECT_EQ(options.grader.python, "/py");
  EXPECT_EQ(options.grader.workers, 2);
}

TEST(GradeCommand, AnOperandMayFollowARepeatableFlag) {
  const auto options =
      options_of<GradeOptions>(invocation_of("grade --brokers a:1 --kafka-property x=1 in.jsonl"));

  EXPECT_EQ(options.input, "in.jsonl");
  EXPECT_EQ(options.kafka.properties.size(), 1U);
}

TEST(GradeCommand, ATrainerIsPartOfATopicName) {
  EXPECT_THAT(text_of(invocation_of("grade - --embedded --trainer a/b")),
              HasSubstr("--trainer: 'a/b' is not a name"));
}

TEST(UpCommand, HasDefaultsForEverything) {
  const auto options = options_of<UpOptions>(invocation_of("up"));

  EXPECT_EQ(options.pool, "cpu");
  EXPECT_EQ(options.grader.workers, 6);
  EXPECT_EQ(options.metrics_address, "127.0.0.1:9464");
  EXPECT_EQ(options.drain_timeout, Milliseconds{30'000});
  EXPECT_EQ(options_of<UpOptions>(invocation_of("up --metrics off --workers 1")).metrics_address,
            std::nullopt);
  EXPECT_EQ(options.http_address, std::nullopt);
  EXPECT_EQ(options_of<UpOptions>(invocation_of("up --http 127.0.0.1:80")).http_address,
            "127.0.0.1:80");
  EXPECT_EQ(options.gateway, "/opt/farm/bin/gradefarm-gateway");
}

TEST(TopicsCommand, CreatesAndDescribes) {
  const auto create = options_of<TopicsOptions>(invocation_of(
      "topics create --brokers a:1 --pools cpu,gpu --trainers t1,t2 --partitions 4 --replication 3 "
      "--retention 12h"));
  EXPECT_EQ(create.action, TopicsOptions::Action::kCreate);
  EXPECT_THAT(create.pools, ElementsAre("cpu", "gpu"));
  EXPECT_THAT(create.trainers, ElementsAre("t1", "t2"));
  EXPECT_EQ(create.partitions, 4);
  EXPECT_EQ(create.replication, 3);
  EXPECT_EQ(create.retention, Milliseconds{43'200'000});

  const auto describe = options_of<TopicsOptions>(invocation_of("topics describe --brokers a:1"));
  EXPECT_EQ(describe.action, TopicsOptions::Action::kDescribe);
  EXPECT_THAT(describe.pools, ElementsAre("cpu"));
  EXPECT_THAT(describe.trainers, IsEmpty());
}

TEST(TopicsCommand, RefusesOtherActions) {
  EXPECT_EQ(text_of(invocation_of("topics drop --brokers a:1")),
            "refused: 'drop' is none of: create, describe; see gradefarm topics --help");
}

TEST(ReplayCommand, TakesFilesAndABrokerOrEmbedded) {
  const auto embedded = options_of<ReplayOptions>(invocation_of("replay a.json b.json --embedded"));
  EXPECT_THAT(embedded.files, ElementsAre("a.json", "b.json"));
  EXPECT_TRUE(embedded.embedded);
  EXPECT_EQ(embedded.grader.workers, 6);

  const auto remote = options_of<ReplayOptions>(
      invocation_of("replay --brokers a:1 --timeout 5s --pool gpu --blob-dir /b a.json"));
  EXPECT_THAT(remote.files, ElementsAre("a.json"));
  EXPECT_EQ(remote.kafka.brokers, "a:1");
  EXPECT_EQ(remote.timeout, Milliseconds{5000});
  EXPECT_EQ(remote.pool, "gpu");

  EXPECT_THAT(text_of(invocation_of("replay --embedded")), HasSubstr("FILE is required"));
  EXPECT_THAT(text_of(invocation_of("replay a.json")), HasSubstr("no broker is given"));
}

TEST(BadCasesCommand, NeedsADirectoryAndABroker) {
  const auto options = options_of<CollectOptions>(invocation_of(
      "bad-cases --out dumps --brokers a:1 --until-idle 10s --bad-cases-max-bytes 5MiB"));
  EXPECT_EQ(options.out, "dumps");
  EXPECT_EQ(options.kafka.brokers, "a:1");
  EXPECT_EQ(options.until_idle, Milliseconds{10'000});
  EXPECT_EQ(options.max_bytes, mib(5));

  EXPECT_EQ(text_of(invocation_of("bad-cases --brokers a:1")),
            "refused: no directory is given: use --out DIR");
  EXPECT_THAT(text_of(invocation_of("bad-cases --out d")), HasSubstr("no broker is given"));
}

TEST(ReportCommand, TakesAFileAndWhatToBreakDownBy) {
  using By = ReportOptions::By;
  const auto options =
      options_of<ReportOptions>(invocation_of("report - --png r.png --by step,trainer"));
  EXPECT_EQ(options.input, "-");
  EXPECT_EQ(options.png, "r.png");
  EXPECT_THAT(options.by, ElementsAre(By::kStep, By::kTrainer));

  EXPECT_THAT(options_of<ReportOptions>(invocation_of("report r.jsonl")).by,
              ElementsAre(By::kTrainer, By::kStep, By::kGroup));
  EXPECT_EQ(text_of(invocation_of("report - --by problem")),
            "refused: --by: 'problem' is none of: trainer, step, group");
}

TEST(UpCommand, PassesBadCasesOn) {
  const auto options = options_of<UpOptions>(
      invocation_of("up --bad-cases /d --bad-cases-filter not_run --bad-cases-max-bytes 1MiB"));
  EXPECT_EQ(options.bad_cases.directory, "/d");
  EXPECT_EQ(options.bad_cases.filter, "not_run");
  EXPECT_EQ(options.bad_cases.max_bytes, mib(1));
}

TEST(Gradefarm, NeedsAKnownCommand) {
  EXPECT_EQ(text_of(invocation_of("")), "refused: a command is required; see gradefarm --help");
  EXPECT_EQ(text_of(invocation_of("gradee x")),
            "refused: unknown command 'gradee'; see gradefarm --help");
}

TEST(Gradefarm, ACommandHasOnlyItsOwnOptions) {
  EXPECT_EQ(text_of(invocation_of("up --partitions 3")),
            "refused: unknown option '--partitions'; see gradefarm up --help");
  EXPECT_EQ(text_of(invocation_of("grade - --embeded")),
            "refused: unknown option '--embeded' (did you mean '--embedded'?); see gradefarm grade "
            "--help");
}

TEST(Gradefarm, ShowsHelpForEachCommandAndItsVersion) {
  EXPECT_THAT(text_of(invocation_of("--help")), HasSubstr("topics"));
  EXPECT_THAT(text_of(invocation_of("grade --help")),
              HasSubstr("Usage: gradefarm grade [OPTIONS] FILE"));
  EXPECT_THAT(text_of(invocation_of("topics --help")), HasSubstr("--retention DURATION"));
  EXPECT_EQ(text_of(invocation_of("--version")), "gradefarm " + std::string(version()) + '\n');
}

TEST(StatusCommand, NeedsABroker) {
  const auto options = options_of<StatusOptions>(
      invocation_of("status --brokers a:1 --broker-kind embedded --wait 9s --watch --json"));
  EXPECT_EQ(options.kafka.brokers, "a:1");
  EXPECT_EQ(options.kafka.broker_kind, BrokerKind::kEmbedded);
  EXPECT_EQ(options.wait, Milliseconds{9'000});
  EXPECT_TRUE(options.watch);
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options_of<StatusOptions>(invocation_of("status --brokers a:1")).wait,
            Milliseconds{6'000});
  EXPECT_EQ(text_of(invocation_of("status")),
            "refused: no broker is given: use --brokers HOST:PORT or GRADEFARM_BROKERS");
}

TEST(CancelCommand, IsOfATrainersStepOrOfNamedRequests) {
  const auto step = options_of<CancelOptions>(
      invocation_of("cancel --brokers a:1 --broker-kind embedded --trainer run-17 --step 0"));
  EXPECT_EQ(step.kafka.broker_kind, BrokerKind::kEmbedded);
  EXPECT_EQ(step.trainer, "run-17");
  EXPECT_EQ(step.step, 0);
  EXPECT_TRUE(step.request_ids.empty());
  const auto ids =
      options_of<CancelOptions>(invocation_of("cancel --brokers a:1 --trainer run-17 a b/c"));
  EXPECT_THAT(ids.request_ids, ElementsAre("a", "b/c"));
  EXPECT_EQ(ids.step, std::nullopt);

  const std::string unclear = "refused: give either --step N or the ids of requests";
  EXPECT_EQ(text_of(invocation_of("cancel --brokers a:1 --trainer run-17")), unclear);
  EXPECT_EQ(text_of(invocation_of("cancel --brokers a:1 --trainer run-17 --step 1 a")), unclear);
  EXPECT_EQ(text_of(invocation_of("cancel --brokers a:1 --step 1")),
            "refused: no trainer is given: use --trainer NAME, as its requests say it");
  EXPECT_EQ(text_of(invocation_of("cancel --trainer run-17 --step 1")),
            "refused: no broker is given: use --brokers HOST:PORT or GRADEFARM_BROKERS");
}

TEST(DeadLettersCommand, NamesWhatItTouches) {
  using Action = DeadLettersOptions::Action;
  EXPECT_EQ(options_of<DeadLettersOptions>(invocation_of("dead-letters list --brokers a:1")).action,
            Action::kList);
  const auto show =
      options_of<DeadLettersOptions>(invocation_of("dead-letters show 0:1 0:2 --brokers a:1"));
  EXPECT_EQ(show.action, Action::kShow);
  EXPECT_THAT(show.letters, ElementsAre("0:1", "0:2"));
  const auto all =
      options_of<DeadLettersOptions>(invocation_of("dead-letters requeue --all --brokers a:1"));
  EXPECT_EQ(all.action, Action::kRequeue);
  EXPECT_TRUE(all.all);

  EXPECT_EQ(text_of(invocation_of("dead-letters burn --brokers a:1")),
            "refused: 'burn' is none of: list, show, requeue");
  EXPECT_EQ(text_of(invocation_of("dead-letters requeue --brokers a:1")),
            "refused: give the ids of dead letters, as list shows them, or --all");
  EXPECT_EQ(text_of(invocation_of("dead-letters show --brokers a:1")),
            "refused: give the ids of dead letters, as list shows them");
  EXPECT_EQ(text_of(invocation_of("dead-letters list --all --brokers a:1")),
            "refused: --all is for requeue");
}

TEST(DoctorCommand, LooksAtTheHostAloneIfNoBrokerIsGiven) {
  const auto host = options_of<DoctorOptions>(invocation_of("doctor"));
  EXPECT_EQ(host.kafka.brokers, "");
  EXPECT_EQ(host.grader.program, "/opt/farm/bin/gradefarm-grader");
  EXPECT_EQ(host.grader.workers, 6);
  EXPECT_FALSE(host.json);

  const auto both = options_of<DoctorOptions>(
      invocation_of("doctor --brokers a:1 --pool gpu --blob-dir /blobs --python /p --json"));
  EXPECT_EQ(both.kafka.brokers, "a:1");
  EXPECT_EQ(both.pool, "gpu");
  EXPECT_EQ(both.blob_dir, "/blobs");
  EXPECT_EQ(both.grader.python, "/p");
  EXPECT_TRUE(both.json);
}

TEST(BenchCommand, TakesAnyNumberOfScenariosAndLeavesTheirLengthToThem) {
  const auto all = options_of<BenchOptions>(invocation_of("bench"));
  EXPECT_TRUE(all.scenarios.empty());
  EXPECT_FALSE(all.rounds || all.count || all.seconds || all.slots);
  EXPECT_EQ(all.kafka.brokers, "");
  EXPECT_EQ(all.grader.program, "/opt/farm/bin/gradefarm-grader");
  EXPECT_EQ(all.datasets, "/opt/farm/bin/../../../shared/datasets");

  const auto some = options_of<BenchOptions>(invocation_of(
      "bench farm soak --rounds 2 --count 9 --slots 1 --seed 7 --datasets /d --json --profile"));
  EXPECT_EQ(some.scenarios, (std::vector<std::string>{"farm", "soak"}));
  EXPECT_EQ(some.rounds, 2);
  EXPECT_EQ(some.count, 9);
  EXPECT_EQ(some.slots, 1);
  EXPECT_EQ(some.seed, 7U);
  EXPECT_EQ(some.datasets, "/d");
  EXPECT_TRUE(some.json);
  EXPECT_TRUE(some.profile);
}

}  // namespace
}  // namespace farm::config
