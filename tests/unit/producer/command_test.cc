// The small pure parts of the subcommands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "producer/command/cancel.h"
#include "producer/command/dead_letters.h"
#include "producer/command/embedded_farm.h"
#include "producer/command/topics.h"
#include "producer/command/up.h"

namespace farm::command {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::Pair;

TEST(GraderArguments, SayAllThatTheEmbeddedFarmDecided) {
  EmbeddedFarmOptions options;
  options.grader.workers = 3;
  options.grader.python = "/opt/python";
  options.pool = "cpu";
  options.metrics_address = "127.0.0.1:9464";
  options.drain_timeout = Milliseconds{5000};

  EXPECT_THAT(grader_arguments(options, "127.0.0.1:1", "/tmp/blobs"),
              ElementsAre("--brokers", "127.0.0.1:1", "--broker-kind", "embedded", "--pool", "cpu",
                          "--workers", "3", "--blob-dir", "/tmp/blobs", "--metrics",
                          "127.0.0.1:9464", "--python", "/opt/python", "--drain-timeout", "5000ms",
                          "--canary-interval", "0ms"));
}

TEST(GraderArguments, MetricsAreOffUnlessAskedFor) {
  const auto arguments = grader_arguments({}, "127.0.0.1:1", "/tmp/blobs");

  const auto at = std::find(arguments.begin(), arguments.end(), "--metrics");
  ASSERT_NE(at, arguments.end());
  EXPECT_EQ(*std::next(at), "off");
}

TEST(GraderArguments, NameBadCasesWhereTheyAreKept) {
  EmbeddedFarmOptions options;
  options.bad_cases = {"/dumps", "not_run", mib(1)};

  EXPECT_THAT(grader_arguments(options, "127.0.0.1:1", "/tmp/blobs"),
              testing::IsSupersetOf({"--bad-cases", "/dumps", "--bad-cases-filter", "not_run",
                                     "--bad-cases-max-bytes", "1048576"}));
}

TEST(TopicSpecs, CoverPoolsWithLanesTrainersAndTheFarmsOwn) {
  config::TopicsOptions options;
  options.pools = {"cpu", "gpu"};
  options.trainers = {"run-17"};
  options.partitions = 12;
  options.replication = 3;
  options.retention = Milliseconds{60'000};

  std::vector<std::string> names;
  for (const auto& spec : topic_specs(options)) {
    names.push_back(spec.name);
    EXPECT_EQ(spec.replication, 3) << spec.name;
  }

  EXPECT_THAT(
      names,
      ElementsAre("grading.requests.cpu", "grading.requests.cpu.high", "grading.requests.cpu.low",
                  "grading.requests.gpu", "grading.requests.gpu.high", "grading.requests.gpu.low",
                  "grading.replies.run-17", "grading.replies.canary", "grading.status",
                  "grading.blobs", "grading.cancels", "grading.bad-cases", "grading.dead-letters"));
}

TEST(TopicSpecs, RequestsHaveThePartitionsAndRetentionAskedFor) {
  config::TopicsOptions options;
  options.pools = {"cpu"};
  options.partitions = 12;
  options.retention = Milliseconds{60'000};

  const auto requests = topic_specs(options).front();

  EXPECT_EQ(requests.partitions, 12);
  EXPECT_EQ(requests.config.at("retention.ms"), "60000");
  EXPECT_EQ(requests.config.at("message.timestamp.type"), "CreateTime");
}

TEST(TopicSpecs, WhatGradersPublishIsTimedByTheBrokers) {
  config::TopicsOptions options;
  options.trainers = {"run-17"};
  int found = 0;
  for (const auto& spec : topic_specs(options)) {
    const auto type = spec.config.find("message.timestamp.type");
    if (type == spec.config.end() || type->second != "LogAppendTime") continue;
    ++found;
    EXPECT_FALSE(spec.name.starts_with("grading.requests.")) << spec.name;
  }
  EXPECT_EQ(found, 5) << "replies, canaries' replies, status, bad cases, dead letters";
}

TEST(TopicSpecs, CancelsAreRemovedSoonAfterTheyMeanNothing) {
  for (const auto& spec : topic_specs({})) {
    if (spec.name != "grading.cancels") continue;
    EXPECT_EQ(spec.config.at("retention.ms"), "3600000");
    EXPECT_EQ(spec.config.at("segment.ms"), "600000");
    EXPECT_EQ(spec.config.at("message.timestamp.type"), "CreateTime");
    return;
  }
  FAIL() << "no topic of cancels";
}

TEST(TopicTable, AlignsItsColumns) {
  EXPECT_EQ(topic_table({{"grading.blobs", 16, 1}, {"grading.requests.cpu", 4, 3}}),
            "TOPIC                 PARTITIONS  REPLICATION\n"
            "grading.blobs                 16            1\n"
            "grading.requests.cpu           4            3\n");
}

TEST(RestartDelay, DoublesUpToHalfAMinute) {
  EXPECT_EQ(restart_delay(1), Milliseconds{1000});
  EXPECT_EQ(restart_delay(2), Milliseconds{2000});
  EXPECT_EQ(restart_delay(5), Milliseconds{16'000});
  EXPECT_EQ(restart_delay(6), Milliseconds{30'000});
  EXPECT_EQ(restart_delay(1'000'000), Milliseconds{30'000});
}

kafka::Record letter() {
  kafka::Record record;
  record.position = {"grading.dead-letters", 0, 17, 1};
  record.key = "r1";
  record.value = "{\"request_id\": \"r1\"}";
  record.timestamp_unix_ms = 1'000;
  record.headers = {{"kafka_replyTopic", "grading.replies.run"},
                    {"request_id", "r1\n"},
                    {"error", "2 graders ended"},
                    {"original_topic", "grading.requests.cpu"},
                    {"original_partition", "3"},
                    {"original_offset", "5"},
                    {"grader", "host-1"}};
  return record;
}

TEST(DeadLetters, AreNamedByPartitionAndOffset) {
  EXPECT_EQ(parse_letter_id("0:17"), (LetterId{0, 17}));
  EXPECT_EQ(text_of(id_of(letter())), "0:17");
  for (const char* text : {"", "0", "0:", ":1", "0:1x", "-1:0", "0:-1", " 0:1", "0:1:2"})
    EXPECT_EQ(parse_letter_id(text), std::nullopt) << text;
}

TEST(DeadLetters, AreListedOnOneLineWhateverTheirHeadersHold) {
  EXPECT_EQ(letter_line(letter()),
            "0:17  1970-01-01T00:00:01.000Z  grading.requests.cpu  r1?  20 bytes  2 graders ended");
}

TEST(DeadLetters, GoBackAsTheyCame) {
  const auto record = requeued(letter());

  ASSERT_TRUE(record) << record.error().text();
  EXPECT_EQ(record->topic, "grading.requests.cpu");
  EXPECT_EQ(record->partition, -1);
  EXPECT_EQ(record->key, "r1");
  EXPECT_EQ(record->value, letter().value);
  EXPECT_THAT(record->headers, ElementsAre(Pair("kafka_replyTopic", "grading.replies.run"),
                                           Pair("request_id", "r1\n")));
}

TEST(DeadLetters, GoNowhereButToTopicsOfRequests) {
  for (const char* topic : {"", "grading.replies.run", "grading.cancels"}) {
    kafka::Record strange = letter();
    strange.headers[3].second = topic;
    EXPECT_FALSE(requeued(strange)) << topic;
  }
}

TEST(CancelRecords, ManyIdsAreSpreadOverRecords) {
  config::CancelOptions options;
  options.trainer = "run-17";
  for (int i = 0; i < 2'500; ++i) options.request_ids.push_back(std::to_string(i));

  const auto cancels = cancels_of(options);

  ASSERT_EQ(cancels.size(), 3U);
  EXPECT_EQ(cancels[0].request_ids.size(), 1'000U);
  EXPECT_EQ(cancels[2].request_ids.size(), 500U);
  EXPECT_EQ(cancels[2].request_ids.back(), "2499");
  EXPECT_EQ(cancels[2].trainer, "run-17");
}

TEST(CancelRecords, AStepIsOneRecord) {
  config::CancelOptions options;
  options.trainer = "run-17";
  options.step = 7;

  const auto cancels = cancels_of(options);

  ASSERT_EQ(cancels.size(), 1U);
  EXPECT_EQ(cancels[0].step, 7);
}

}  // namespace
}  // namespace farm::command
