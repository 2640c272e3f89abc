#include "schemas/text.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

using namespace std::string_literals;

TEST(Utf8, WellFormedTextIsRecognised) {
  for (const std::string& text :
       {""s, "ascii only, longer than eight"s, "\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s,
        "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s,
        "\xF4\x8F\xBF\xBF"s}) {
    EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(text);
    EXPECT_EQ(to_utf8(text), text);
  }
}

TEST(Utf8, IllFormedBytesAreRecognised) {
  for (const std::string& bytes :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2 "s, "\xE0\x80\x80"s,
        "\xE0\x9F\xBF"s, "\xED\xA0\x80"s, "\xED\xBF\xBF"s, "\xE2\x82"s, "\xF0\x8F\xBF\xBF"s,
        "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "12345678\x80"s, "1234567\xE2\x82"s}) {
    EXPECT_FALSE(is_utf8(bytes)) << testing::PrintToString(bytes);
    EXPECT_TRUE(is_utf8(to_utf8(bytes)));
  }
}

TEST(Utf8, EveryStrayByteBecomesOneReplacementCharacter) {
  EXPECT_EQ(to_utf8("a\xFF\xFE"
                    "b"),
            "a\uFFFD\uFFFDb");
  EXPECT_EQ(to_utf8("\xE2\x82"), "\uFFFD\uFFFD");
  EXPECT_EQ(to_utf8("\xE2\x82\xAC\xE2"), "€\uFFFD");
}

}  // namespace
}  // namespace farm
