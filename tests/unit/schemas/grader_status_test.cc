#include "schemas/grader_status.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

TEST(GraderStatus, ComesBackAsItWas) {
  GraderStatus status;
  status.grader = "host-7";
  status.pool = "cpu";
  status.version = "0.1.0";
  status.started_unix_ms = 1'700'000'000'000;
  status.sent_unix_ms = 1'700'000'005'000;
  status.ready = true;
  status.conditions = "ok  kafka\n";
  status.slots = 2;
  status.running = {{1, "a \"quoted\" id", "run-17", "cpp", 1'700'000'004'000}};
  status.waits = {3, Milliseconds(1), Milliseconds(2), Milliseconds(4)};
  status.graded = 99;
  status.partitions = 4;
  status.languages = {"bash", "cpp"};

  const auto back = decode_grader_status(encode_grader_status(status));

  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(encode_grader_status(*back), encode_grader_status(status));
  EXPECT_EQ(back->running.at(0).request_id, "a \"quoted\" id");
  EXPECT_EQ(back->running.at(0).since_unix_ms, 1'700'000'004'000);
  EXPECT_EQ(back->waits.p95, Milliseconds(2));
  EXPECT_TRUE(back->ready);
  EXPECT_EQ(back->languages.size(), 2U);
}

TEST(GraderStatus, OfAnotherVersionIsReadAsFarAsItGoes) {
  const auto status = decode_grader_status(
      R"({"grader": "g", "slots": "many", "running": [7, {"slot": 1}], "queue_wait": [], "new": {}})");
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(status->slots, 0);
  ASSERT_EQ(status->running.size(), 1U);
  EXPECT_EQ(status->running[0].slot, 1);
  EXPECT_EQ(status->waits.count, 0);
}

TEST(GraderStatus, WithoutAGraderIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"grader": 7})", R"({"grader": ""})"})
    EXPECT_FALSE(decode_grader_status(text)) << text;
}

}  // namespace
}  // namespace farm
