#include "schemas/topics.h"

#include <gtest/gtest.h>

namespace farm::topics {
namespace {

TEST(Topics, NamesAreBuiltFromTheirVariablePart) {
  EXPECT_EQ(requests("cpu"), "grading.requests.cpu");
  EXPECT_EQ(replies("run-17"), "grading.replies.run-17");
}

TEST(Topics, LegalNamesAreThoseThatKafkaTakes) {
  EXPECT_TRUE(is_legal_topic("a.B_9-x"));
  EXPECT_TRUE(is_legal_topic(std::string(249, 'a')));
  EXPECT_TRUE(is_legal_topic("..."));
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string(250, 'a'),
        std::string("a/b"), std::string("a b"), std::string("é"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_legal_topic(name)) << name;
  }
}

TEST(Topics, GradersPublishOnlyBelowReplies) {
  EXPECT_TRUE(is_reply_topic("grading.replies.run-17"));
  for (const char* name : {"grading.replies.", "grading.replies", "grading.requests.cpu",
                           "grading.dead-letters", "x.grading.replies.a", "grading.replies.a/b"}) {
    EXPECT_FALSE(is_reply_topic(name)) << name;
  }
}

TEST(Topics, ANamePartFitsIntoEveryTopicThatBearsIt) {
  EXPECT_TRUE(is_legal_name_part(std::string(232, 't')));
  EXPECT_FALSE(is_legal_name_part(std::string(233, 't')));
  EXPECT_FALSE(is_legal_name_part(""));
  EXPECT_FALSE(is_legal_name_part("a:b"));
}

}  // namespace
}  // namespace farm::topics
