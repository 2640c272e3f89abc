#include "schemas/check_line.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

TEST(CheckLine, ComesBackAsItWas) {
  for (const CheckState state : {CheckState::kReady, CheckState::kMissing, CheckState::kFailing}) {
    const CheckLine line{"language: \"x\"", state, false, "de\ntail", "remedy"};
    const auto back = decode_check_line(encode_check_line(line));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(encode_check_line(*back), encode_check_line(line));
    EXPECT_EQ(back->state, state);
    EXPECT_EQ(encode_check_line(line).find('\n'), std::string::npos);
  }
}

TEST(CheckLine, BlocksWhenFailingAndWhenARequiredThingIsMissing) {
  EXPECT_FALSE((CheckLine{"", CheckState::kReady, true, "", ""}).blocks());
  EXPECT_FALSE((CheckLine{"", CheckState::kMissing, false, "", ""}).blocks());
  EXPECT_TRUE((CheckLine{"", CheckState::kMissing, true, "", ""}).blocks());
  EXPECT_TRUE((CheckLine{"", CheckState::kFailing, false, "", ""}).blocks());
}

TEST(CheckLine, OtherLinesAreRefused) {
  for (const char* text :
       {"", "hello", "[]", "{}",
        R"({"check":"a","state":"fine","required":true,"detail":"","remedy":""})",
        R"({"check":"a","state":"ready","required":1,"detail":"","remedy":""})"})
    EXPECT_FALSE(decode_check_line(text)) << text;
}

}  // namespace
}  // namespace farm
