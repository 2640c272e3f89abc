#include "schemas/json_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "schemas/json.h"

namespace farm::json {
namespace {

using namespace std::string_literals;

std::string failure_of(std::string_view text, std::size_t max_depth = 64) {
  const auto message = read_message(text, max_depth);
  return message ? "" : message.error().what;
}

// The document written out again.
std::string compact(std::string_view text) {
  const auto message = read_message(text, 64);
  EXPECT_TRUE(message.has_value()) << text;
  if (!message) return "";
  Buffer buffer;
  Writer writer(buffer);
  message->document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

TEST(ReadJson, ReadsEveryKindOfValue) {
  EXPECT_EQ(
      compact(" { \"a\" : [ 1 , -2 , 1.5 , true , false , null , \"x\" , { } , [ ] ] } \r\n\t"),
      "{\"a\":[1,-2,1.5,true,false,null,\"x\",{},[]]}");
  EXPECT_EQ(compact("7"), "7");
}

TEST(ReadJson, DecodesEscapes) {
  EXPECT_EQ(compact(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00\u0000")"),
            R"("\"\\/\b\f\n\r\tAé€😀\u0000")");
}

TEST(ReadJson, IntegersKeepEveryDigit) {
  EXPECT_EQ(compact("[9223372036854775807,-9223372036854775808]"),
            "[9223372036854775807,-9223372036854775808]");
  EXPECT_EQ(compact("9223372036854775808"), R"({"$int":"9223372036854775808"})");
  const std::string digits = "-1" + std::string(5000, '0');
  EXPECT_EQ(compact(digits), R"({"$int":")" + digits + R"("})");
}

TEST(ReadJson, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "[1 2]",
                           "{\"a\" 1}",
                           "]",
                           "}",
                           "[}",
                           "{]",
                           ",",
                           ":",
                           "nul",
                           "nulll",
                           "True",
                           "NaN",
                           "Infinity",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x10",
                           "1_0",
                           "'a'",
                           "\"",
                           "\"a",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\u-123\"",
                           "\"\n\"",
                           "\"\x01\"",
                           "// x\n1",
                           "1 /* x */",
                           "1 2",
                           "{}{}",
                           "\xEF\xBB\xBF{}"}) {
    EXPECT_NE(failure_of(text), "") << text;
  }
}

TEST(ReadJson, RefusesBytesThatAreNotUtf8AndLoneSurrogates) {
  for (const std::string& text :
       {"\"\xFF\""s, "\"\xC0\x80\""s, "\"\xED\xA0\x80\""s, "{\"\x80\":1}"s, "\"\\ud800\""s,
        "\"\\ud800x\""s, "\"\\ud800\\n\""s, "\"\\ud800\\ud800\""s, "\"\\udc00\""s}) {
    EXPECT_NE(failure_of(text), "") << text;
  }
}

TEST(ReadJson, ANulByteDoesNotEndTheText) {
  EXPECT_EQ(failure_of("{}\0 garbage"s), "/: not JSON: something follows the JSON text at byte 2");
  EXPECT_NE(failure_of("\"a\0b\""s), "");
  EXPECT_NE(failure_of("[1,\0]"s), "");
}

TEST(ReadJson, NamesTheByteWhereItStopped) {
  EXPECT_EQ(failure_of("[1, 2, x]"), "/: not JSON: expected a value at byte 7");
  EXPECT_EQ(failure_of("{\"a\":1 \"b\":2}"), "/: not JSON: expected , or } at byte 7");
}

TEST(ReadJson, TooSmallAFloatIsZeroAndTooLargeAnError) {
  EXPECT_EQ(compact("[1e-400]"), "[0.0]");
  EXPECT_NE(failure_of("1e400"), "");
  EXPECT_NE(failure_of("-1e400"), "");
}

TEST(ReadJson, DepthIsBoundedBeforeMemoryIs) {
  EXPECT_EQ(failure_of(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_EQ(failure_of(std::string(65, '[') + std::string(65, ']')),
            "/: not JSON: nested more than 64 deep at byte 64");
  EXPECT_NE(failure_of(std::string(10'000'000, '[')), "");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_NE(failure_of(objects), "");
}

TEST(ReadMessage, MetadataIsCopiedWithItsOwnDigitsAndLeftOutOfTheDocument) {
  const auto message = read_message(
      R"({"x":{"metadata":1},"metadata":{ "a" : 1.10, "b":[1e999, 12345678901234567890123, -0.0,"é",null,true] }})",
      64);
  ASSERT_TRUE(message.has_value());

  EXPECT_EQ(message->metadata,
            R"({"a":1.10,"b":[1e999,12345678901234567890123,-0.0,"é",null,true]})");
  EXPECT_TRUE(message->document["metadata"].ObjectEmpty());
  EXPECT_EQ(message->document["x"]["metadata"].GetInt(), 1);
}

TEST(CompactObject, TakesOneObjectOnly) {
  EXPECT_EQ(compact_object(" {\"a\" : 1.0}\n"), "{\"a\":1.0}");
  for (const char* text : {"", "[]", "1", "null", "{", "{}{}", "\"{}\""}) {
    EXPECT_EQ(compact_object(text), std::nullopt) << text;
  }
}

TEST(DuplicateName, IsFoundAmongFewAndAmongMany) {
  for (const int count : {2, 24, 25, 1000}) {
    rapidjson::Document document(rapidjson::kObjectType);
    for (int i = 0; i < count; ++i) {
      document.AddMember(Node(std::to_string(i).c_str(), document.GetAllocator()), Node(0),
                         document.GetAllocator());
    }
    EXPECT_EQ(duplicate_name(document).data(), nullptr) << count;
    document.AddMember("1", Node(0), document.GetAllocator());
    EXPECT_EQ(duplicate_name(document), "1") << count;
  }
}

TEST(DuplicateName, MayBeTheEmptyName) {
  rapidjson::Document document;
  document.Parse(R"({"":1,"":2})");
  EXPECT_NE(duplicate_name(document).data(), nullptr);
}

TEST(Show, IsShortAndOnOneLine) {
  EXPECT_EQ(show("a\n\"b\""), R"("a\n\"b\"")");
  const std::string long_text = show(std::string(63, 'x') + "éé" + std::string(1000, 'x'));
  EXPECT_EQ(long_text, "\"" + std::string(63, 'x') + "\"… (1067 bytes)");
}

TEST(Violation, APointerCannotMakeALogLineLongOrTwo) {
  const std::string what = violation("/a\nb/" + std::string(2000, 'x'), "rule").what;
  EXPECT_LT(what.size(), 600U);
  EXPECT_EQ(what.find('\n'), std::string::npos);
}

TEST(DoubleText, StaysAFloatAndReadsBackExactly) {
  EXPECT_EQ(double_text(1), "1.0");
  EXPECT_EQ(double_text(-0.0), "-0.0");
  EXPECT_EQ(double_text(0.1), "0.1");
  EXPECT_EQ(double_text(1e300), "1e+300");
  EXPECT_EQ(std::stod(double_text(1.0 / 3)), 1.0 / 3);
}

}  // namespace
}  // namespace farm::json
