#include "grader/judge/display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace farm::judge {
namespace {

using testing::EndsWith;
using testing::StartsWith;
using std::string_literals::operator""s;

TEST(Quote, EscapesWhatATerminalOrALogLineWouldObey) {
  EXPECT_EQ(quote("a\n\r\t\"\\\x1b[31m\x7f\0"s), R"("a\n\r\t\"\\\x1b[31m\x7f\x00")");
}

TEST(Quote, KeepsTextInAnyScript) { EXPECT_EQ(quote("é 漢 😀"), "\"é 漢 😀\""); }

TEST(Quote, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(quote("\xC0\x80 \xED\xA0\x80 \xF5 \xE2\x82"),
            R"("\xc0\x80 \xed\xa0\x80 \xf5 \xe2\x82")");
}

TEST(Quote, EscapesInvisibleAndDirectionChangingCharacters) {
  EXPECT_EQ(quote("\u202Eab\u200B\uFEFF"), R"("\xe2\x80\xaeab\xe2\x80\x8b\xef\xbb\xbf")");
}

TEST(Quote, CutsBetweenCharacters) {
  EXPECT_EQ(quote("ééé", 3), "\"é\"…");
  EXPECT_EQ(quote("ééé", 6), "\"ééé\"");
  EXPECT_EQ(quote("abc", 2), "\"ab\"…");
}

TEST(QuoteAround, DropsWhatIsFarBefore) {
  const std::string text = std::string(1000, 'a') + "X" + std::string(1000, 'b');

  const std::string shown = quote_around(text, 1000, 20);

  EXPECT_EQ(shown, "…\"aaaaaXbbbbbbbbbbbbbb\"…");
}

TEST(QuoteAround, StartsAtACharacter) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "é";

  EXPECT_THAT(quote_around(text, 101, 20), StartsWith("…\"é"));
}

Value list(ValueList items) { return {Value::List{std::move(items)}}; }

TEST(Display, WritesValuesAsPythonDoes) {
  EXPECT_EQ(display({}), "None");
  EXPECT_EQ(display({true}), "True");
  EXPECT_EQ(display({std::int64_t{-3}}), "-3");
  EXPECT_EQ(display({BigInt{"18446744073709551616"}}), "18446744073709551616");
  EXPECT_EQ(display({4.0}), "4.0");
  EXPECT_EQ(display({0.1}), "0.1");
  EXPECT_EQ(display({1e300}), "1e+300");
  EXPECT_EQ(display({std::nan("")}), "nan");
  EXPECT_EQ(display({-std::numeric_limits<double>::infinity()}), "-inf");
  EXPECT_EQ(display({"a\n"s}), "\"a\\n\"");
  EXPECT_EQ(display({Value::Bytes{"\xFF"}}), "b\"\\xff\"");
  EXPECT_EQ(display(list({{std::int64_t{1}}, {"x"s}})), "[1, \"x\"]");
  EXPECT_EQ(display({Value::Tuple{{{std::int64_t{1}}}}}), "(1,)");
  EXPECT_EQ(display({Value::Set{}}), "set()");
  EXPECT_EQ(display({Value::Set{{{std::int64_t{1}}}}}), "{1}");
  EXPECT_EQ(display({Value::Dict{{{{"a"s}, {std::int64_t{1}}}}}}), "{\"a\": 1}");
  EXPECT_EQ(display({Value::Opaque{"Evil"}}), "<\"Evil\" object>");
}

TEST(Display, CutsLongValuesWithoutWalkingThemAll) {
  ValueList items(1000, Value{std::int64_t{12345}});

  const std::string shown = display(list(std::move(items)), 40);

  EXPECT_LT(shown.size(), 60U);
  EXPECT_THAT(shown, EndsWith("…"));
}

TEST(Display, CutsLongTextsAndNumbers) {
  EXPECT_LT(display({std::string(1000, 'a')}, 40).size(), 60U);
  EXPECT_LT(display({BigInt{std::string(1000, '9')}}, 40).size(), 60U);
  EXPECT_LT(display({Value::Opaque{std::string(1000, 'a')}}, 40).size(), 100U);
  EXPECT_LT(display(list({{std::string(30, 'a')}, {std::string(1000, '\x01')}}), 40).size(), 100U);
}

TEST(Display, CutsDeepValues) {
  Value value = list({});
  for (int i = 0; i < 200; ++i) value = list({std::move(value)});

  EXPECT_LT(display(value, 40).size(), 60U);
}

TEST(KindName, IsTheWordOfPython) {
  EXPECT_EQ(kind_name({BigInt{"1"}}), "int");
  EXPECT_EQ(kind_name({1.5}), "float");
  EXPECT_EQ(kind_name({Value::Opaque{"Evil\n"}}), "\"Evil\\n\"");
}

}  // namespace
}  // namespace farm::judge
