#include "schemas/plain_json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace farm {
namespace {

std::string again(std::string_view json) {
  const auto value = decode_plain_json(json);
  return value ? encode_plain_json(*value) : value.error().what;
}

TEST(PlainJson, IsWrittenAsItWasRead) {
  const std::string json =
      R"({"a":[1,-2,1.5,true,false,null,"x"],"$tuple":[1],"b":{},"$x":{"$y":"é"},"c":[]})";
  EXPECT_EQ(again(json), json);
}

TEST(PlainJson, KeepsIntegersOfAnyLengthAndTellsThemFromFloats) {
  EXPECT_EQ(again("[123456789012345678901234567890,1.0,1e3]"),
            "[123456789012345678901234567890,1.0,1000.0]");
}

TEST(PlainJson, OfAMemberGivenTwiceTheLastCounts) {
  const auto value = decode_plain_json(R"({"a": 1, "a": 2})");
  ASSERT_TRUE(value);
  EXPECT_EQ(std::get<std::int64_t>(find_member(*value, "a")->data), 2);
  EXPECT_EQ(find_member(*value, "b"), nullptr);
  EXPECT_EQ(find_member(Value{std::int64_t{1}}, "a"), nullptr);
}

TEST(PlainJson, RefusesWhatIsNoJsonWithThePlace) {
  EXPECT_NE(again("{\"a\": ").find("at byte"), std::string::npos);
  EXPECT_NE(again("\"\xff\"").find("UTF-8"), std::string::npos);
  EXPECT_NE(again("1 2").find("not JSON"), std::string::npos);
}

TEST(PlainJson, IsBoundedInDepthAndInValues) {
  EXPECT_EQ(decode_plain_json(std::string(300, '['), {200, 1000}).error().what,
            "not JSON: nested more than 200 deep at byte 200");
  EXPECT_EQ(decode_plain_json("[1,2,3]", {200, 2}).error().what, "more than 2 values");
}

TEST(PlainJson, WhatJsonCannotSayIsNull) {
  EXPECT_EQ(encode_plain_json(Value{std::numeric_limits<double>::infinity()}), "null");
  EXPECT_EQ(encode_plain_json(Value{Value::Tuple{{Value{true}}}}), "[true]");
  EXPECT_EQ(encode_plain_json(Value{std::string("\xff")}), "\"\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace farm
