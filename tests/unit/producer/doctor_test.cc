#include "producer/command/doctor.h"

#include <gmock/gmock.h>

#include "producer/command/status.h"

namespace farm::command {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(JudgeTopic, OfAHealthyClusterIsReady) {
  const auto lines = judge_topic({"grading.requests.cpu", 16, 3},
                                 {{"max.message.bytes", "1048588"}, {"min.insync.replicas", "2"}});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].state, CheckState::kReady);
  EXPECT_THAT(lines[0].detail, HasSubstr("16 partitions, replication 3"));
}

TEST(JudgeTopic, ThatTakesNoLargeRecordsIsFailing) {
  const auto lines = judge_topic({"t", 1, 3}, {{"max.message.bytes", "65536"}});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].state, CheckState::kFailing);
  EXPECT_THAT(lines[0].remedy, HasSubstr("max.message.bytes=1052672"));
}

TEST(JudgeTopic, ThatWantsMoreReplicasThanItHasIsFailing) {
  const auto lines = judge_topic({"t", 1, 1}, {{"min.insync.replicas", "2"}});
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].state, CheckState::kFailing);
  EXPECT_FALSE(lines[1].blocks()) << "one copy alone is a warning";
}

TEST(JudgeTopic, OneCopyIsAWarningWhereItMatters) {
  const std::map<std::string, std::string> settings = {{"min.insync.replicas", "1"}};
  EXPECT_THAT(judge_topic({"grading.requests.cpu", 1, 1}, settings), SizeIs(2));
  EXPECT_THAT(judge_topic({"grading.status", 1, 1}, settings), SizeIs(1));
  EXPECT_THAT(judge_topic({"grading.replies.canary", 1, 1}, settings), SizeIs(1));
}

TEST(JudgeTopic, OfABrokerThatTellsNothingIsReady) {
  const auto lines = judge_topic({"t", 4, 1}, {});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].state, CheckState::kReady);
}

TEST(CheckText, SaysWhatToDoWhereSomethingIsToBeDone) {
  EXPECT_EQ(check_text({"sandbox", CheckState::kReady, true, "full", ""}),
            "ready    sandbox: full\n");
  EXPECT_EQ(check_text({"clock", CheckState::kMissing, false, "drifts", "run chrony"}),
            "missing  clock: drifts (optional)\n         → run chrony\n");
}

GraderStatus grader() {
  GraderStatus status;
  status.grader = "host-7";
  status.pool = "cpu";
  status.started_unix_ms = 0;
  status.sent_unix_ms = 3'600'000 * 3;
  status.ready = true;
  status.conditions = "ok  kafka\n";
  status.slots = 2;
  status.graded = 99;
  status.partitions = 4;
  return status;
}

TEST(StatusTable, ShowsSlotsWhatRunsAndWaits) {
  GraderStatus status = grader();
  status.running = {{1, "step-1/0", "run-17", "cpp", status.sent_unix_ms - 1500}};
  status.waits = {10, Milliseconds(12), Milliseconds(40), Milliseconds(1200)};
  EXPECT_EQ(status_table({{"host-7", {status, status.sent_unix_ms}}}, status.sent_unix_ms),
            "GRADER  POOL  STATE  BUSY  PARTITIONS  GRADED  WAIT p50/p95/max  UP\n"
            "host-7  cpu   ready  1/2   4           99      12 ms/40 ms/1 s   3 h\n"
            "  slot 1  cpp  run-17  step-1/0  1 s\n"
            "1 grader, 1 of 2 slots busy\n");
}

TEST(StatusTable, SaysWhyAGraderIsNotReadyAndWhenOneWentSilent) {
  GraderStatus status = grader();
  status.ready = false;
  status.conditions = "not ready  canary: 3 in a row failed\nok  kafka\n";
  const std::string table =
      status_table({{"host-7", {status, status.sent_unix_ms}}}, status.sent_unix_ms);
  EXPECT_THAT(table, HasSubstr("not ready  0/2"));
  EXPECT_THAT(table, HasSubstr("\n  not ready  canary: 3 in a row failed\n"));
  EXPECT_THAT(table, Not(HasSubstr("ok  kafka")));
  EXPECT_THAT(
      status_table({{"host-7", {status, status.sent_unix_ms}}}, status.sent_unix_ms + 20'000),
      HasSubstr("silent 20 s"));
}

TEST(StatusTable, LetsNoIdCommandTheTerminal) {
  GraderStatus status = grader();
  status.running = {{0, "\x1b[2J\nfake", "t\r", "l", 0}};
  const std::string table =
      status_table({{"host-7", {status, status.sent_unix_ms}}}, status.sent_unix_ms);
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(table, Not(HasSubstr("\r")));
  EXPECT_THAT(table, HasSubstr("?[2J?fake"));
}

}  // namespace
}  // namespace farm::command
