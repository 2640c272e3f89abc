#include "schemas/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace farm {
namespace {

using namespace std::string_literals;

std::string refusal(std::string_view json, const ValueLimits& limits = {}) {
  const auto value = decode_value(json, limits);
  return value ? "" : value.error().what;
}

// One level of nesting, `depth` times.
std::string nested(const std::string& open, const std::string& close, std::size_t depth,
                   const std::string& core) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += core;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(DecodeValue, TellsIntsFromFloatsByTheirSpelling) {
  EXPECT_EQ(std::get<std::int64_t>(decode_value("1")->data), 1);
  EXPECT_EQ(std::get<double>(decode_value("1.0")->data), 1.0);
  EXPECT_EQ(std::get<double>(decode_value("1e3")->data), 1000.0);
  EXPECT_EQ(std::get<double>(decode_value("1E0")->data), 1.0);
  EXPECT_EQ(std::get<std::int64_t>(decode_value("-0")->data), 0);
  EXPECT_TRUE(std::signbit(std::get<double>(decode_value("-0.0")->data)));
}

TEST(DecodeValue, IntegersBeyond64BitsKeepTheirDigits) {
  EXPECT_EQ(std::get<std::int64_t>(decode_value("9223372036854775807")->data),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(std::get<std::int64_t>(decode_value("-9223372036854775808")->data),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(std::get<BigInt>(decode_value("9223372036854775808")->data).digits,
            "9223372036854775808");
  EXPECT_EQ(std::get<BigInt>(decode_value("18446744073709551615")->data).digits,
            "18446744073709551615");
  const std::string digits = "-1" + std::string(4000, '7');
  EXPECT_EQ(std::get<BigInt>(decode_value(digits)->data).digits, digits);
  EXPECT_EQ(std::get<BigInt>(decode_value("{\"$int\":\"" + digits + "\"}")->data).digits, digits);
}

TEST(DecodeValue, EqualIntegersHaveOneForm) {
  EXPECT_EQ(std::get<std::int64_t>(decode_value(R"({"$int":"0007"})")->data), 7);
  EXPECT_EQ(std::get<std::int64_t>(decode_value(R"({"$int":"-0"})")->data), 0);
  EXPECT_EQ(std::get<BigInt>(decode_value(R"({"$int":"-00018446744073709551616"})")->data).digits,
            "-18446744073709551616");
}

TEST(DecodeValue, StringsMayHoldNulAndBytesThatAreNotUtf8) {
  EXPECT_EQ(std::get<std::string>(decode_value(R"("a\u0000b")")->data), "a\0b"s);
  EXPECT_EQ(std::get<std::string>(decode_value(R"({"$str":"7aCA"})")->data), "\xED\xA0\x80");
  EXPECT_EQ(std::get<Value::Bytes>(decode_value(R"({"$bytes":""})")->data).data, "");
}

TEST(DecodeValue, RefusesTagsThatAreWrong) {
  for (const char* json : {R"({"$":1})",
                           R"({"$Tuple":[]})",
                           R"({"$tuple":1})",
                           R"({"$tuple":{"$tuple":[]}})",
                           R"({"$set":{}})",
                           R"({"$dict":{}})",
                           R"({"$dict":[1]})",
                           R"({"$dict":[[1]]})",
                           R"({"$dict":[{"$tuple":[1,2]}]})",
                           R"({"$int":1})",
                           R"({"$int":""})",
                           R"({"$int":"-"})",
                           R"({"$int":"+1"})",
                           R"({"$int":"1.0"})",
                           R"({"$int":" 1"})",
                           R"({"$float":1.5})",
                           R"({"$float":"NaN"})",
                           R"({"$bytes":"A"})",
                           R"({"$bytes":[0]})",
                           R"({"$str":"A"})",
                           R"({"$type":null})",
                           R"({"$tuple":[],"a":1})",
                           R"({"a":1,"$tuple":[]})",
                           R"({"$tuple":[],"$set":[]})",
                           R"({"a":1,"a":1})"}) {
    EXPECT_NE(refusal(json), "") << json;
  }
}

TEST(DecodeValue, NamesThePlaceOfWhatIsWrong) {
  EXPECT_EQ(refusal(R"([1,{"a":[{"$tuple":[2,{"$float":"x"}]}]}])"),
            "/1/a/0/$tuple/1: $float takes nan, inf or -inf, got \"x\"");
  EXPECT_EQ(refusal(R"({"$set":1})"), "/: $set takes an array");
  EXPECT_EQ(refusal("[1,"), "/: not JSON: expected a value at byte 3");
}

TEST(DecodeValue, DepthCountsValuesAndNotTheirTags) {
  ValueLimits limits;
  limits.max_depth = 10;
  for (const auto& [open, close] :
       {std::pair("["s, "]"s), std::pair("{\"$tuple\":["s, "]}"s), std::pair("{\"a\":"s, "}"s),
        std::pair("{\"$dict\":[[1,"s, "]]}"s), std::pair("{\"$dict\":[["s, ",1]]}"s)}) {
    EXPECT_EQ(refusal(nested(open, close, 10, "1"), limits), "") << open;
    EXPECT_NE(refusal(nested(open, close, 11, "1"), limits), "") << open;
  }
  EXPECT_NE(refusal("[" + nested("[", "]", 10, "1") + ",[]]", limits), "")
      << "the deepest child counts";
  EXPECT_EQ(refusal(nested("[", "]", 10, "{\"$int\":\"1\"}"), limits), "");
  EXPECT_NE(refusal(nested("[", "]", 10, "{\"$dict\":[]}"), limits), "");
}

TEST(DecodeValue, AHostileDepthIsRefusedAtOnce) {
  EXPECT_NE(refusal(std::string(5'000'000, '[')), "");
  EXPECT_NE(refusal(nested("{\"$dict\":[[1,", "]]}", 100'000, "1")), "");
  EXPECT_NE(refusal(nested("{\"a\":", "}", 100'000, "1")), "");
}

TEST(DecodeValue, NodesCountValuesAndNotTheirTags) {
  ValueLimits limits;
  limits.max_nodes = 7;
  EXPECT_EQ(refusal("[1,2,3,4,5,6]", limits), "");
  EXPECT_NE(refusal("[1,2,3,4,5,6,7]", limits), "");
  const char* const tagged =
      R"({"$dict":[[{"$int":"1"},{"$str":""}],[{"$set":[]},{"$tuple":[]}],[{"$bytes":""},{"$float":"nan"}]]})";
  EXPECT_EQ(refusal(tagged, limits), "");
  limits.max_nodes = 6;
  EXPECT_NE(refusal(tagged, limits), "");
  EXPECT_NE(refusal(R"({"a":1,"b":2,"c":[]})", limits), "") << "keys are values too";
}

TEST(DecodeValue, CountStopsBeforeMemoryDoes) {
  ValueLimits limits;
  limits.max_nodes = 1000;
  std::string flood = "[";
  for (int i = 0; i < 2'000'000; ++i) flood += "[],";

  EXPECT_EQ(refusal(flood, limits), "/: more than 1000 values");
}

TEST(EncodeValue, WritesFloatsThatReadBackExactly) {
  for (const double number :
       {0.0, -0.0, 1.0, 0.1, 1.0 / 3, 1e22, 1e23, 5e-324, 2.2250738585072014e-308,
        std::numeric_limits<double>::max(), 123456789012345680.0, -1e100}) {
    const std::string text = encode_value(Value{number});
    const double again = std::get<double>(decode_value(text)->data);
    EXPECT_EQ(again, number) << text;
    EXPECT_EQ(std::signbit(again), std::signbit(number)) << text;
  }
}

TEST(EncodeValue, NonFiniteFloatsAreTagged) {
  EXPECT_EQ(encode_value(Value{std::nan("")}), R"({"$float":"nan"})");
  EXPECT_EQ(encode_value(Value{-std::numeric_limits<double>::infinity()}), R"({"$float":"-inf"})");
}

TEST(EncodeValue, ADictIsPlainOnlyWhereNoReaderCanMistakeIt) {
  const auto dict = [](std::vector<std::string> keys) {
    Value::Dict made;
    for (std::string& key : keys) made.items.emplace_back(Value{std::move(key)}, Value{});
    return encode_value(Value{std::move(made)});
  };
  EXPECT_EQ(dict({}), "{}");
  EXPECT_EQ(dict({"a", ""}), R"({"a":null,"":null})");
  EXPECT_EQ(dict({"a", "$b"}), R"({"$dict":[["a",null],["$b",null]]})");
  EXPECT_EQ(dict({"a", "a"}), R"({"$dict":[["a",null],["a",null]]})");
  EXPECT_EQ(dict({"\xFF"}), R"({"$dict":[[{"$str":"/w=="},null]]})");
  EXPECT_EQ(encode_value(Value{Value::Dict{{{Value{std::int64_t{1}}, Value{true}}}}}),
            R"({"$dict":[[1,true]]})");
}

TEST(EncodeValue, TheInverseOfDecodeInStructure) {
  for (const char* json :
       {"null", "[true,false,0,-1]", R"({"$tuple":[{"$set":[{"$bytes":"AP8="}]},{"$tuple":[]}]})",
        R"({"a":{"b":{"$dict":[[{"$tuple":[1,2]},[{"$int":"-99999999999999999999"}]]]}}})",
        R"([{"$str":"7aCA"},{"$type":"generator"},{"$float":"inf"},"é\u0000"])"}) {
    EXPECT_EQ(encode_value(*decode_value(json)), json);
  }
}

}  // namespace
}  // namespace farm
