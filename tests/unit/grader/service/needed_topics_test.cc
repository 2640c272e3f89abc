#include "grader/service/needed_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::service {
namespace {

using ::testing::IsSupersetOf;
using ::testing::Pair;

const kafka::TopicSpec& named(const std::vector<kafka::TopicSpec>& all, const std::string& name) {
  for (const auto& spec : all) {
    if (spec.name == name) return spec;
  }
  static const kafka::TopicSpec none;
  ADD_FAILURE() << "no topic " << name;
  return none;
}

TEST(NeededTopics, HaveAsManyReplicasAsTheBrokersWant) {
  const auto topics = needed_topics("cpu", true);

  EXPECT_EQ(topics.size(), 8U);
  for (const auto& spec : topics)
    EXPECT_EQ(spec.replication, kafka::TopicSpec::kBrokerDefault) << spec.name;
}

TEST(NeededTopics, RequestsAndCancelsAreTimedByWhoPublishesThem) {
  const auto topics = needed_topics("cpu", false);

  for (const char* name : {"grading.requests.cpu", "grading.requests.cpu.high",
                           "grading.requests.cpu.low", "grading.cancels"}) {
    EXPECT_EQ(named(topics, name).config.at("message.timestamp.type"), "CreateTime") << name;
  }
}

TEST(NeededTopics, WhatGradersPublishIsTimedByTheBrokers) {
  const auto topics = needed_topics("cpu", true);

  for (const char* name :
       {"grading.dead-letters", "grading.replies.canary", "grading.status", "grading.bad-cases"}) {
    EXPECT_EQ(named(topics, name).config.at("message.timestamp.type"), "LogAppendTime") << name;
  }
}

TEST(NeededTopics, CancelsAreRemovedSoonAfterTheyMeanNothing) {
  const auto topics = needed_topics("cpu", false);

  EXPECT_EQ(named(topics, "grading.cancels").partitions, 1);
  EXPECT_THAT(named(topics, "grading.cancels").config,
              IsSupersetOf({Pair("retention.ms", "3600000"), Pair("segment.ms", "600000")}));
}

}  // namespace
}  // namespace farm::service
