#include "grader/service/reply_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::service {
namespace {

using ::testing::HasSubstr;

kafka::Headers with(std::string key, std::string value) {
  return {{"kafka_replyTopic", "grading.replies.run-1"}, {std::move(key), std::move(value)}};
}

TEST(ReplyAddress, PartitionIsReadAsTextAndAsFourBytes) {
  EXPECT_EQ(reply_address_of(with("kafka_replyPartition", "3"))->partition, 3);
  EXPECT_EQ(reply_address_of(with("kafka_replyPartition", std::string("\0\0\1\2", 4)))->partition,
            258);
  EXPECT_EQ(reply_address_of(with("other", "x"))->partition, -1);
}

TEST(ReplyAddress, NonsensicalPartitionIsRefused) {
  for (const std::string value : {"", "-1", "x", "3 ", "\xff\xff\xff\xff", "99999999999"}) {
    EXPECT_FALSE(reply_address_of(with("kafka_replyPartition", value))) << value;
  }
}

TEST(ReplyAddress, CorrelationIdIsEchoedVerbatim) {
  const std::string binary("\0\1\xfe\xff", 4);
  const auto address = reply_address_of(with("kafka_correlationId", binary));

  ASSERT_TRUE(address);
  ASSERT_EQ(address->echoed.size(), 1U);
  EXPECT_EQ(address->echoed[0].second, binary);
}

TEST(ReplyAddress, MissingTopicIsSaid) {
  const auto address = reply_address_of({});

  ASSERT_FALSE(address);
  EXPECT_THAT(address.error().what, HasSubstr("kafka_replyTopic is missing"));
}

TEST(ReplyAddress, OnlyTopicsForRepliesAreAnswered) {
  for (const std::string topic : {"grading.requests.cpu", "grading.replies.", "grading.replies",
                                  "x", "grading.replies.a/b", "grading.dead-letters"}) {
    const auto address = reply_address_of({{"kafka_replyTopic", topic}});
    ASSERT_FALSE(address) << topic;
    EXPECT_THAT(address.error().what, HasSubstr("grading.replies."));
  }
}

}  // namespace
}  // namespace farm::service
