#include "grader/service/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::service {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(Forwarding, CountsTheGradersThatHandedItOn) {
  EXPECT_EQ(forwards_of({}), 0);
  EXPECT_EQ(forwards_of({{"forwarded", "2"}}), 2);
  for (const char* const nonsense : {"", "x", "-1", "2 ", "99999999999"})
    EXPECT_EQ(forwards_of({{"forwarded", nonsense}}), 0) << nonsense;
}

TEST(Forwarding, KeepsWhatCameWithTheRequestAndCountsOneMore) {
  const kafka::Headers before = {{"kafka_replyTopic", "grading.replies.run"},
                                 {"kafka_replyPartition", std::string("\0\0\0\3", 4)},
                                 {"request_id", "r-1"},
                                 {"attempt", "2"},
                                 {"deadline_unix_ms", "17"},
                                 {"forwarded", "1"}};

  EXPECT_THAT(headers_forwarded(before, *reply_address_of(before)),
              UnorderedElementsAre(Pair("kafka_replyTopic", "grading.replies.run"),
                                   Pair("kafka_replyPartition", "3"), Pair("request_id", "r-1"),
                                   Pair("attempt", "2"), Pair("deadline_unix_ms", "17"),
                                   Pair("forwarded", "2")));
}

TEST(Forwarding, IsAnsweredToWhomeverTheAddressNames) {
  const kafka::Headers before = {{"kafka_replyTopic", "grading.replies.run"},
                                 {"kafka_replyPartition", "3"},
                                 {"kafka_correlationId", "of the first"}};
  const ReplyAddress second = {"grading.replies.run-2", -1, {}};

  const kafka::Headers made = headers_forwarded(before, second);

  EXPECT_THAT(made, Contains(Pair("kafka_replyTopic", "grading.replies.run-2")));
  EXPECT_THAT(made, Not(Contains(Key("kafka_replyPartition"))));
  EXPECT_THAT(made, Not(Contains(Key("kafka_correlationId"))));
}

TEST(Forwarding, GoesToAPartitionOfAnotherGrader) {
  for (std::uint64_t draw = 0; draw < 10; ++draw) {
    const std::int32_t partition = partition_elsewhere(4, {0, 2}, draw);
    EXPECT_TRUE(partition == 1 || partition == 3) << partition;
  }
}

TEST(Forwarding, GoesAnywhereWhereAllPartitionsAreOurs) {
  EXPECT_EQ(partition_elsewhere(2, {0, 1}, 7), -1);
}

}  // namespace
}  // namespace farm::service
