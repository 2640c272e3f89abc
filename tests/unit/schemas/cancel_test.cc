#include "schemas/cancel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Cancel, OfIdsReadsBack) {
  const auto read = decode_cancel(encode_cancel({"run-17", {"a", "b \"quoted\""}, std::nullopt}));

  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->trainer, "run-17");
  EXPECT_THAT(read->request_ids, ElementsAre("a", "b \"quoted\""));
  EXPECT_EQ(read->step, std::nullopt);
}

TEST(Cancel, OfAStepReadsBack) {
  const auto read = decode_cancel(encode_cancel({"run-17", {}, 0}));

  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->step, 0);
  EXPECT_TRUE(read->request_ids.empty());
}

TEST(Cancel, MoreOrLongerIdsThanAGraderIsToRememberAreRefused) {
  Cancel cancel = {"t", std::vector<std::string>(Cancel::kMaxIds, std::string(256, 'x')), {}};
  EXPECT_TRUE(decode_cancel(encode_cancel(cancel)));
  cancel.request_ids.emplace_back("one more");
  EXPECT_THAT(decode_cancel(encode_cancel(cancel)).error().what, HasSubstr("at most 1000 ids"));

  cancel.request_ids = {std::string(257, 'x')};
  EXPECT_THAT(decode_cancel(encode_cancel(cancel)).error().what, HasSubstr("256 bytes, got 257"));
}

TEST(Cancel, UnknownMembersAreIgnored) {
  EXPECT_TRUE(decode_cancel(R"({"trainer":"t","step":3,"reason":"too late"})"));
}

TEST(Cancel, WhatNamesNoRequestsIsRefusedWithThePlace) {
  const auto refusal = [](const char* text) {
    const auto read = decode_cancel(text);
    return read ? std::string() : read.error().what;
  };
  EXPECT_THAT(refusal(R"({"step":3})"), HasSubstr("/trainer"));
  EXPECT_THAT(refusal(R"({"trainer":"t"})"), HasSubstr("neither"));
  EXPECT_THAT(refusal(R"({"trainer":"t","step":1,"request_ids":["a"]})"), HasSubstr("both"));
  EXPECT_THAT(refusal(R"({"trainer":"t","step":"1"})"), HasSubstr("/step"));
  EXPECT_THAT(refusal(R"({"trainer":"t","request_ids":"a"})"), HasSubstr("/request_ids"));
  EXPECT_THAT(refusal(R"({"trainer":"t","request_ids":[1]})"), HasSubstr("/request_ids"));
  EXPECT_THAT(refusal("[]"), HasSubstr("type object"));
}

}  // namespace
}  // namespace farm
