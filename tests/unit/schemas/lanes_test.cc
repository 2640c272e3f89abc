#include "schemas/lanes.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

TEST(Lanes, EachPriorityHasATopicOfThePool) {
  EXPECT_EQ(lane_topic("cpu", Priority::kNormal), "grading.requests.cpu");
  EXPECT_EQ(lane_topic("cpu", Priority::kHigh), "grading.requests.cpu.high");
  EXPECT_EQ(lane_topic("gpu", Priority::kLow), "grading.requests.gpu.low");
}

TEST(Lanes, ThePriorityIsThatOfTheTopLevel) {
  EXPECT_EQ(peek_priority(R"({"priority":"high"})"), Priority::kHigh);
  EXPECT_EQ(peek_priority(R"({"priority" : "low", "x": 1})"), Priority::kLow);
  EXPECT_EQ(peek_priority(R"({"metadata":{"priority":"high"}})"), Priority::kNormal);
  EXPECT_EQ(peek_priority(R"({"submission":{"code":"\"priority\":\"high\""}})"), Priority::kNormal);
}

TEST(Lanes, APoolMustNotBeAnotherOnesLane) {
  EXPECT_TRUE(names_a_lane("cpu.high"));
  EXPECT_TRUE(names_a_lane("cpu.low"));
  EXPECT_FALSE(names_a_lane("cpu"));
  EXPECT_FALSE(names_a_lane("cpu-high"));
  EXPECT_FALSE(names_a_lane("cpu.higher"));
}

TEST(Lanes, WhatCannotBeReadIsNormal) {
  for (const char* text : {"", "{", R"({"priority":1})", R"({"priority":"urgent"})",
                           R"({"priority":null})", R"(["priority"])"})
    EXPECT_EQ(peek_priority(text), Priority::kNormal) << text;
}

}  // namespace
}  // namespace farm
