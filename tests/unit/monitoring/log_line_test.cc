#include "monitoring/log_line.h"

#include <gmock/gmock.h>

#include <chrono>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

namespace farm::monitoring {
namespace {

using namespace std::string_view_literals;
using testing::Eq;
using testing::HasSubstr;
using testing::Not;

std::string text_of(std::string_view message, const std::vector<Field>& fields = {}) {
  return text_line(message, fields);
}
std::string json_of(std::string_view message, const std::vector<Field>& fields = {}) {
  return json_members(message, fields);
}

TEST(TextLine, ShowsMessageAndFieldsInOrder) {
  EXPECT_THAT(text_of("request done",
                      {{"request_id", "r-1"}, {"cases", 3}, {"cached", true}, {"score", 0.5}}),
              Eq("request done request_id=r-1 cases=3 cached=true score=0.5"));
}

TEST(TextLine, QuotesValuesThatWouldReadAsSeveral) {
  EXPECT_THAT(text_of("m", {{"a", "x y"}, {"b", "k=v"}, {"c", ""}, {"d", "say \"hi\""}}),
              Eq(R"(m a="x y" b="k=v" c="" d="say \"hi\"")"));
}

TEST(TextLine, ShowsDurationsAsWholeMilliseconds) {
  EXPECT_THAT(text_of("m", {{"wait_ms", std::chrono::seconds(2)},
                            {"run_ms", std::chrono::microseconds(1999)}}),
              Eq("m wait_ms=2000 run_ms=1"));
}

TEST(TextLine, TakesTheWidestIntegers) {
  EXPECT_THAT(text_of("m", {{"a", std::numeric_limits<std::int64_t>::min()},
                            {"b", std::numeric_limits<std::uint64_t>::max()}}),
              Eq("m a=-9223372036854775808 b=18446744073709551615"));
}

TEST(TextLine, KeepsLettersOfAllAlphabets) {
  EXPECT_THAT(text_of("größer 東京 🙂"), Eq("größer 東京 🙂"));
}

TEST(TextLine, EscapesBackslashesSoThatEscapesCannotBeFaked) {
  EXPECT_THAT(text_of(R"(a\nb)"), Eq(R"(a\\nb)"));
}

TEST(JsonMembers, HoldMessageAndTypedFields) {
  EXPECT_THAT(json_of("done", {{"id", "r"}, {"n", -1}, {"ok", false}, {"x", 1.5}}),
              Eq(R"("message":"done","id":"r","n":-1,"ok":false,"x":1.5)"));
}

TEST(JsonMembers, EscapeQuotesAndBackslashes) {
  EXPECT_THAT(json_of("m", {{"a", R"(","level":"error\)"}}),
              Eq(R"("message":"m","a":"\",\"level\":\"error\\")"));
}

TEST(JsonMembers, RenameFieldsThatTheLineHasAlready) {
  EXPECT_THAT(json_of("m", {{"level", "x"}, {"time", "y"}, {"message", "z"}}),
              Eq(R"("message":"m","level_":"x","time_":"y","message_":"z")"));
}

TEST(JsonMembers, ShowNumbersThatJsonLacksAsText) {
  EXPECT_THAT(json_of("m", {{"a", std::numeric_limits<double>::infinity()}}),
              Eq(R"("message":"m","a":"inf")"));
}

TEST(JsonMembers, ReplaceBytesThatAreNotUtf8) {
  EXPECT_THAT(json_of("a\xff\xc3(\xed\xa0\x80"),
              Eq("\"message\":\"a\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD\""));
}

// Bytes that end a line somewhere, steer a terminal, hide text or break a decoder.
struct Hostile {
  std::string_view name;
  std::string_view bytes;

  friend void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }
};

class HostileText : public testing::TestWithParam<Hostile> {};

TEST_P(HostileText, LeavesOnePrintableLine) {
  const std::string bytes(GetParam().bytes);
  const std::string hostile = "before" + bytes + "after";

  for (const std::string& line : {text_of(hostile), text_of("m", {{hostile, hostile}}),
                                  json_of(hostile), json_of("m", {{hostile, hostile}})}) {
    EXPECT_THAT(line, HasSubstr("before"));
    EXPECT_THAT(line, HasSubstr("after"));
    EXPECT_THAT(line, Not(HasSubstr(bytes))) << line;
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
  }
}

constexpr Hostile kHostile[] = {
    {"LineFeed", "\n"},
    {"CarriageReturn", "\r"},
    {"Nul", "\0"sv},
    {"Colour", "\x1b[31m"},
    {"TerminalTitle", "\x1b]0;title\x07"},
    {"Delete", "\x7f"},
    {"Backspaces", "\x08\x08"},
    {"C1ControlSequence", "\u009b31m"},
    {"LineSeparator", "\u2028"},
    {"ParagraphSeparator", "\u2029"},
    {"RightToLeftOverride", "\u202e"},
    {"DirectionalIsolate", "\u2066"},
    {"LoneByte", "\xff"},
    {"OverlongLineFeed", "\xc0\x8a"},
    {"CutSequence", "\xe2\x80"},
    {"BeyondUnicode", "\xf4\x90\x80\x80"},
};
INSTANTIATE_TEST_SUITE_P(LogLine, HostileText, testing::ValuesIn(kHostile),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(LogLine, LongValuesAreCutAtACharacterAndCounted) {
  const std::string text = std::string(kMaxLogValueBytes - 1, 'x') + "ü" + std::string(100, 'y');

  EXPECT_THAT(json_of("m", {{"a", text}}),
              Eq("\"message\":\"m\",\"a\":\"" + std::string(kMaxLogValueBytes - 1, 'x') +
                 "…(+102 bytes)\""));
  EXPECT_LT(text_of(std::string(1 << 20, '\n')).size(), 3 * kMaxLogValueBytes);
}

TEST(LogWords, AreReadAsTheyAreWritten) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_EQ(parse_log_level(word(level)), level);
  }
  for (const LogFormat format : {LogFormat::kAuto, LogFormat::kText, LogFormat::kJson}) {
    EXPECT_EQ(parse_log_format(word(format)), format);
  }
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
  EXPECT_EQ(parse_log_format("xml"), std::nullopt);
}

}  // namespace
}  // namespace farm::monitoring
