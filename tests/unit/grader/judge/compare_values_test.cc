#include "grader/judge/compare_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace farm::judge {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Value none() { return {}; }
Value boolean(bool data) { return {data}; }
Value integer(std::int64_t data) { return {data}; }
Value big(std::string digits) { return {BigInt{std::move(digits)}}; }
Value real(double data) { return {data}; }
Value str(std::string data) { return {std::move(data)}; }
Value bytes(std::string data) { return {Value::Bytes{std::move(data)}}; }
Value list(ValueList items) { return {Value::List{std::move(items)}}; }
Value tuple(ValueList items) { return {Value::Tuple{std::move(items)}}; }
Value set(ValueList items) { return {Value::Set{std::move(items)}}; }
Value dict(ValuePairs items) { return {Value::Dict{std::move(items)}}; }
Value opaque(std::string type_name) { return {Value::Opaque{std::move(type_name)}}; }

const double kNan = std::nan("");
const double kInf = std::numeric_limits<double>::infinity();
const std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
const Comparison kExact{};
const Comparison kTolerant{.float_rel = 1e-6, .float_abs = 1e-9};
const Comparison kUnordered{.unordered = true};
const Comparison kUnorderedTolerant{.float_abs = 0.1, .unordered = true};

struct Row {
  std::string name;
  Value expected;
  Value actual;
  bool equal;
  Comparison how = {};
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

std::vector<Row> scalar_rows() {
  return {
      {"NoneAndNone", none(), none(), true},
      {"NoneAndFalse", none(), boolean(false), false},
      {"NoneAndZero", none(), integer(0), false},
      {"NoneAndEmptyStr", none(), str(""), false},
      {"NoneAndEmptyList", none(), list({}), false},
      {"TrueAndTrue", boolean(true), boolean(true), true},
      {"TrueAndFalse", boolean(true), boolean(false), false},
      {"TrueAndOne", boolean(true), integer(1), false},
      {"OneAndTrue", integer(1), boolean(true), false},
      {"OneFloatAndTrue", real(1), boolean(true), false, kTolerant},
      {"IntAndInt", integer(3), integer(3), true},
      {"IntAndOtherInt", integer(3), integer(4), false},
      {"IntAndFloat", integer(3), real(3.0), true},
      {"FloatAndInt", real(3.0), integer(3), true},
      {"IntAndNearFloat", integer(3), real(3.0000000000000004), false},
      {"IntAndStr", integer(3), str("3"), false},
      {"LargeIntAndItsRoundedFloat", integer(9007199254740993), real(9007199254740992.0), false},
      {"MaxIntAndItsRoundedFloat", integer(kMax), real(9223372036854775808.0), false},
      {"BigAndSameBig", big("18446744073709551616"), big("18446744073709551616"), true},
      {"BigAndOtherBig", big("18446744073709551616"), big("18446744073709551617"), false},
      {"BigAndNegativeBig", big("18446744073709551616"), big("-18446744073709551616"), false},
      {"BigAndExactFloat", big("18446744073709551616"), real(18446744073709551616.0), true},
      {"BigAndRoundedFloat", big("18446744073709551617"), real(18446744073709551616.0), false},
      {"BigThatIsSmallAndInt", big("5"), integer(5), true},
      {"BigAndInfinity", big(std::string(400, '9')), real(kInf), false, kTolerant},
      {"FloatAndSameFloat", real(0.1), real(0.1), true},
      {"FloatAndSumOfFloats", real(0.3), real(0.1 + 0.2), false},
      {"FloatAndSumOfFloatsTolerant", real(0.3), real(0.1 + 0.2), true, kTolerant},
      {"FloatOutsideTolerance", real(0.3), real(0.300001), false, kTolerant},
      {"ZeroAndMinusZero", real(0.0), real(-0.0), true},
      {"ToleranceForIntAndFloat", integer(1000000), real(1000000.5), true, kTolerant},
      {"ToleranceForFloatAndInt", real(1000000.5), integer(1000000), true, kTolerant},
      {"NoToleranceForTwoInts", integer(1000000000), integer(1000000001), false, kTolerant},
      {"NoToleranceForTwoBigInts", big("100000000000000000000"), big("100000000000000000001"),
       false, kTolerant},
      {"ToleranceForBigAndFloat", big("100000000000000000001"), real(1e20), true, kTolerant},
      {"NanAndNan", real(kNan), real(kNan), true},
      {"NanAndNumber", real(kNan), real(1), false, kTolerant},
      {"NumberAndNan", real(1), real(kNan), false, kTolerant},
      {"InfinityAndInfinity", real(kInf), real(kInf), true, kTolerant},
      {"InfinityAndMinusInfinity", real(kInf), real(-kInf), false, kTolerant},
      {"InfinityAndLargest", real(kInf), real(1.7e308), false, kTolerant},
      {"LargestAndInfinity", real(1.7e308), real(kInf), false, kTolerant},
      {"StrAndStr", str("a"), str("a"), true},
      {"StrAndOtherCase", str("a"), str("A"), false},
      {"StrWithNul", str(std::string("a\0b", 3)), str("a"), false},
      {"StrAndBytes", str("a"), bytes("a"), false},
      {"BytesAndStr", bytes("a"), str("a"), false},
      {"BytesAndBytes", bytes(std::string("\0\xFF", 2)), bytes(std::string("\0\xFF", 2)), true},
      {"BytesAndOtherBytes", bytes("a"), bytes("b"), false},
      {"StrAndListOfChars", str("a"), list({str("a")}), false},
      {"OpaqueAndSameOpaque", opaque("T"), opaque("T"), false},
      {"NumberAndOpaque", integer(1), opaque("int"), false, kTolerant},
      {"NoneAndOpaque", none(), opaque("NoneType"), false},
  };
}

std::vector<Row> collection_rows() {
  return {
      {"ListAndList", list({integer(1), integer(2)}), list({integer(1), integer(2)}), true},
      {"ListAndTuple", list({integer(1)}), tuple({integer(1)}), true},
      {"TupleAndList", tuple({integer(1)}), list({integer(1)}), true},
      {"NestedListAndTuple", list({tuple({integer(1)})}), tuple({list({real(1)})}), true},
      {"ListOrderCounts", list({integer(1), integer(2)}), list({integer(2), integer(1)}), false},
      {"ListPrefix", list({integer(1), integer(2)}), list({integer(1)}), false},
      {"ListSurplus", list({integer(1)}), list({integer(1), integer(2)}), false},
      {"EmptyListAndEmptySet", list({}), set({}), false},
      {"EmptyListAndEmptyDict", list({}), dict({}), false},
      {"EmptySetAndEmptyDict", set({}), dict({}), false},
      {"BoolInListIsNoInt", list({integer(1)}), list({boolean(true)}), false},
      {"OpaqueInList", list({opaque("T")}), list({opaque("T")}), false},
      {"ToleranceInsideLists", list({list({real(0.3)})}), list({list({real(0.1 + 0.2)})}), true,
       kTolerant},
      {"ToleranceInsideDicts", dict({{str("a"), real(0.3)}}), dict({{str("a"), real(0.1 + 0.2)}}),
       true, kTolerant},

      {"SetOrderMeansNothing", set({integer(1), integer(2)}), set({integer(2), integer(1)}), true},
      {"SetDuplicatesMeanNothing", set({integer(1)}), set({integer(1), integer(1)}), true},
      {"SetMissing", set({integer(1), integer(2)}), set({integer(1)}), false},
      {"SetSurplus", set({integer(1)}), set({integer(1), integer(2)}), false},
      {"SetAndList", set({integer(1)}), list({integer(1)}), false},
      {"ListAndSet", list({integer(1)}), set({integer(1)}), false},
      {"SetIntAndFloat", set({integer(1)}), set({real(1)}), true},
      {"SetBoolIsNoInt", set({integer(1)}), set({boolean(true)}), false},
      {"SetOfSets", set({set({integer(1), integer(2)}), set({})}),
       set({set({}), set({integer(2), real(1)})}), true},
      {"SetOfTuples", set({tuple({integer(1), str("a")})}), set({tuple({real(1), str("a")})}),
       true},
      {"SetWithNan", set({real(kNan), integer(1)}), set({integer(1), real(kNan)}), true},
      {"SetWithOpaque", set({opaque("T")}), set({opaque("T")}), false},
      {"SetOfMixedKinds", set({none(), str("1"), integer(1), bytes("1")}),
       set({bytes("1"), integer(1), none(), str("1")}), true},
      {"SetExactFloats", set({real(0.3)}), set({real(0.1 + 0.2)}), false},
      {"SetTolerant", set({real(0.3), real(1)}), set({real(1), real(0.1 + 0.2)}), true, kTolerant},
      {"SetTolerantStillDiffers", set({real(0.3), real(1)}), set({real(1), real(0.4)}), false,
       kTolerant},
      {"SetTolerantNested", set({tuple({real(0.3), str("b")}), tuple({real(0.1 + 0.2), str("a")})}),
       set({tuple({real(0.3), str("a")}), tuple({real(0.1 + 0.2), str("b")})}), true, kTolerant},

      {"DictOrderMeansNothing", dict({{str("a"), integer(1)}, {str("b"), integer(2)}}),
       dict({{str("b"), integer(2)}, {str("a"), integer(1)}}), true},
      {"DictOtherValue", dict({{str("a"), integer(1)}}), dict({{str("a"), integer(2)}}), false},
      {"DictMissingKey", dict({{str("a"), integer(1)}, {str("b"), integer(2)}}),
       dict({{str("a"), integer(1)}}), false},
      {"DictSurplusKey", dict({{str("a"), integer(1)}}),
       dict({{str("a"), integer(1)}, {str("b"), integer(2)}}), false},
      {"DictIntAndFloatKey", dict({{integer(1), str("a")}}), dict({{real(1), str("a")}}), true},
      {"DictBoolKeyIsNoInt", dict({{integer(1), str("a")}}), dict({{boolean(true), str("a")}}),
       false},
      {"DictStrKeyIsNoInt", dict({{integer(1), str("a")}}), dict({{str("1"), str("a")}}), false},
      {"DictTupleKeys", dict({{tuple({integer(1), integer(2)}), none()}}),
       dict({{tuple({integer(1), real(2)}), none()}}), true},
      {"DictKeysHaveNoTolerance", dict({{real(0.3), none()}}), dict({{real(0.1 + 0.2), none()}}),
       false, kTolerant},
      {"DictKeyTwice", dict({{str("a"), integer(1)}}),
       dict({{str("a"), integer(1)}, {str("a"), integer(1)}}), false},
      {"DictKeyTwiceHidesAnother", dict({{str("a"), integer(1)}, {str("b"), integer(1)}}),
       dict({{str("a"), integer(1)}, {str("a"), integer(1)}}), false},
      {"DictOpaqueKey", dict({{opaque("T"), none()}}), dict({{opaque("T"), none()}}), false},
      {"DictNanKey", dict({{real(kNan), none()}}), dict({{real(kNan), none()}}), true},
      {"DictAndListOfPairs", dict({{str("a"), integer(1)}}), list({tuple({str("a"), integer(1)})}),
       false},

      {"UnorderedPermuted", list({integer(1), integer(2), integer(2)}),
       list({integer(2), integer(1), integer(2)}), true, kUnordered},
      {"UnorderedCountsDuplicates", list({integer(1), integer(2), integer(2)}),
       list({integer(1), integer(1), integer(2)}), false, kUnordered},
      {"UnorderedTuple", tuple({integer(1), integer(2)}), list({integer(2), integer(1)}), true,
       kUnordered},
      {"UnorderedOnlyAtTheTop", list({list({integer(1), integer(2)})}),
       list({list({integer(2), integer(1)})}), false, kUnordered},
      {"UnorderedNestedLists", list({list({integer(1), integer(2)}), list({})}),
       list({list({}), tuple({integer(1), real(2)})}), true, kUnordered},
      {"UnorderedShorter", list({integer(1), integer(1)}), list({integer(1)}), false, kUnordered},
      {"UnorderedSetIsStillNoList", list({integer(1)}), set({integer(1)}), false, kUnordered},
      {"UnorderedBoolIsNoInt", list({integer(1), boolean(true)}),
       list({boolean(true), boolean(true)}), false, kUnordered},
      {"UnorderedOpaque", list({opaque("T")}), list({opaque("T")}), false, kUnordered},
      {"UnorderedOfScalars", integer(1), integer(1), true, kUnordered},
      {"UnorderedTolerant", list({real(1), real(2)}), list({real(2.05), real(0.95)}), true,
       kUnorderedTolerant},
      {"UnorderedTolerantShifted", list({real(1.0), real(1.05)}), list({real(1.0), real(0.92)}),
       true, kUnorderedTolerant},
      {"UnorderedTolerantOneTooFar", list({real(1.0), real(1.05)}), list({real(1.0), real(0.85)}),
       false, kUnorderedTolerant},
      {"UnorderedTolerantPairs", list({list({real(0.05), str("b")}), list({real(0), str("a")})}),
       list({list({real(0.06), str("a")}), list({real(0.07), str("b")})}), true,
       kUnorderedTolerant},
      {"UnorderedTolerantNeedsReassignment",
       list({list({real(0.0), real(0.0)}), list({real(0.05), real(0.05)}),
             list({real(0.1), real(0.0)})}),
       list({list({real(0.14), real(0.1)}), list({real(0.09), real(0.08)}),
             list({real(0.15), real(0.0)})}),
       true, kUnorderedTolerant},
      {"UnorderedTolerantNanAndStr", list({real(kNan), str("a"), real(1)}),
       list({real(1.01), real(kNan), str("a")}), true, kUnorderedTolerant},
  };
}

class CompareValuesRow : public testing::TestWithParam<Row> {};

TEST_P(CompareValuesRow, IsJudgedAsDocumented) {
  const Row& row = GetParam();

  const auto result = compare_values(row.expected, row.actual, row.how);

  EXPECT_EQ(result.equal, row.equal) << result.message;
  EXPECT_EQ(result.message.empty(), row.equal) << result.message;
}

const auto kRowName = [](const auto& row) { return row.param.name; };
INSTANTIATE_TEST_SUITE_P(Scalars, CompareValuesRow, testing::ValuesIn(scalar_rows()), kRowName);
INSTANTIATE_TEST_SUITE_P(Collections, CompareValuesRow, testing::ValuesIn(collection_rows()),
                         kRowName);

std::string message(const Value& expected, const Value& actual, const Comparison& how = kExact) {
  return compare_values(expected, actual, how).message;
}

TEST(CompareValues, MessageNamesThePathOfTheFirstDifference) {
  EXPECT_EQ(message(integer(3), integer(4)), "expected 3, got 4");
  EXPECT_EQ(message(list({none(), none(), dict({{str("a"), integer(3)}})}),
                    list({none(), none(), dict({{str("a"), integer(4)}})})),
            "[2][\"a\"]: expected 3, got 4");
}

TEST(CompareValues, MessageNamesKindsWhereTheyDiffer) {
  EXPECT_EQ(message(integer(3), str("3")), "expected 3 (int), got \"3\" (str)");
  EXPECT_EQ(message(integer(1), opaque("Liar")),
            "expected 1 (int), got <\"Liar\" object> (\"Liar\")");
}

TEST(CompareValues, MessageNamesMissingAndUnexpectedParts) {
  EXPECT_EQ(message(dict({{str("a"), none()}, {str("b"), none()}}), dict({{str("b"), none()}})),
            "missing key \"a\"");
  EXPECT_EQ(message(dict({{str("b"), none()}}), dict({{str("a"), none()}, {str("b"), none()}})),
            "unexpected key \"a\"");
  EXPECT_EQ(message(set({integer(1), integer(2)}), set({integer(2), integer(3)})),
            "set of 2 items expected, got 2; missing 1; unexpected 3");
  EXPECT_EQ(message(list({integer(1)}), list({})), "expected 1 items, got 0: expected [1], got []");
}

TEST(CompareValues, MessageForgetsPathsOfAFailedSearch) {
  const Value expected = list({set({tuple({real(1), str("a")})}), integer(1)});
  const Value actual = list({set({tuple({real(1.01), str("a")})}), integer(2)});

  EXPECT_EQ(message(expected, actual, {.float_abs = 0.1}), "[1]: expected 1, got 2");
}

TEST(CompareValues, MessageStaysShortForDeepAndLargeValues) {
  Value expected = integer(1);
  Value actual = str(std::string(1'000'000, '\x02'));
  for (int i = 0; i < 180; ++i) {
    expected = dict({{str(std::string(1000, 'k')), std::move(expected)}});
    actual = dict({{str(std::string(1000, 'k')), std::move(actual)}});
  }

  const std::string text = message(expected, actual);

  EXPECT_THAT(text, StartsWith("[\"kkk"));
  EXPECT_THAT(text, HasSubstr("expected 1 (int)"));
  EXPECT_LT(text.size(), 1000U);
}

ValueList numbers(std::int64_t count, std::int64_t factor) {
  ValueList items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back(integer(i * factor % count));
  return items;
}

TEST(CompareValues, LargeCollectionsAreComparedInFull) {
  constexpr std::int64_t kCount = 20'011;  // prime: a factor permutes
  ValueList other = numbers(kCount, 7);
  other.back() = integer(-1);

  EXPECT_TRUE(compare_values(list(numbers(kCount, 1)), list(numbers(kCount, 1)), kExact).equal);
  EXPECT_TRUE(compare_values(list(numbers(kCount, 1)), list(numbers(kCount, 7)), kUnordered).equal);
  EXPECT_FALSE(compare_values(list(numbers(kCount, 1)), list(other), kUnordered).equal);
  EXPECT_TRUE(compare_values(set(numbers(kCount, 1)), set(numbers(kCount, 7)), kExact).equal);
  EXPECT_FALSE(compare_values(set(numbers(kCount, 1)), set(other), kExact).equal);
}

TEST(CompareValues, LargeUnorderedListsOfFloatsMatchWithinTheTolerance) {
  ValueList expected, actual;
  for (int i = 0; i < 10'000; ++i) expected.push_back(real(i));
  for (int i = 10'000; i-- > 0;) actual.push_back(real(i + 0.05));

  EXPECT_TRUE(compare_values(list(expected), list(actual), kUnorderedTolerant).equal);
  actual.front() = real(-1);
  EXPECT_FALSE(compare_values(list(expected), list(actual), kUnorderedTolerant).equal);
}

TEST(CompareValues, SearchWithoutEndIsGivenUpAndSaid) {
  ValueList expected, actual;
  for (int i = 0; i < 6000; ++i) {
    expected.push_back(list({real(i * 1e-6), integer(i)}));
    actual.push_back(list({real(i * 1e-6 + 1e-7), integer(-i - 1)}));
  }

  const auto result = compare_values(list(expected), list(actual), kUnorderedTolerant);

  EXPECT_FALSE(result.equal);
  EXPECT_THAT(result.message, HasSubstr("gave up"));
}

TEST(CompareValues, NestedSetsWithToleranceDoNotExplode) {
  const auto nest = [](double shift) {
    Value value = real(1 + shift);
    for (int depth = 0; depth < 60; ++depth) {
      value = set({tuple({std::move(value), integer(depth)}), tuple({real(2 + shift), str("x")})});
    }
    return value;
  };

  EXPECT_TRUE(compare_values(nest(0), nest(0.01), {.float_abs = 0.1}).equal);
  EXPECT_FALSE(compare_values(nest(0), nest(0.2), {.float_abs = 0.1}).equal);
}

// One-to-one in any order, by trying all of them.
bool some_permutation_matches(const ValueList& expected, ValueList actual, const Comparison& how) {
  std::vector<std::size_t> order(actual.size());
  std::iota(order.begin(), order.end(), 0U);
  do {
    bool all = true;
    for (std::size_t i = 0; all && i < order.size(); ++i) {
      all = compare_values(expected[i], actual[order[i]], how).equal;
    }
    if (all) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

TEST(CompareValues, TolerantMatchingAgreesWithTryingEveryPermutation) {
  std::mt19937 random(20240521);
  const auto tenths = [&] { return real(static_cast<double>(random() % 8) / 20); };
  const auto item = [&]() -> Value {
    switch (random() % 4) {
      case 0:
        return tenths();
      case 1:
        return integer(static_cast<std::int64_t>(random() % 2));
      default:
        return list({tenths(), tenths()});
    }
  };
  const Comparison item_how{.float_abs = 0.101};
  Comparison list_how = item_how;
  list_how.unordered = true;
  int equal = 0;
  for (int round = 0; round < 3000; ++round) {
    ValueList expected, actual;
    for (std::size_t n = 1 + random() % 5; n > 0; --n) {
      expected.push_back(item());
      actual.push_back(random() % 4 == 0 ? item() : expected.back());
    }
    for (Value& value : actual) {
      if (auto* pair = std::get_if<Value::List>(&value.data)) pair->items[random() % 2] = tenths();
    }
    std::shuffle(actual.begin(), actual.end(), random);

    const bool brute = some_permutation_matches(expected, actual, item_how);

    ASSERT_EQ(compare_values(list(expected), list(actual), list_how).equal, brute)
        << "round " << round;
    equal += brute;
  }
  EXPECT_GT(equal, 300);
  EXPECT_LT(equal, 2700);
}

Value random_value(std::mt19937& random, int depth) {
  const auto small = [&] { return static_cast<std::int64_t>(random() % 5); };
  switch (random() % (depth > 0 ? 10 : 6)) {
    case 0:
      return none();
    case 1:
      return boolean(small() > 2);
    case 2:
      return integer(small());
    case 3:
      return real(static_cast<double>(small()) / 2);
    case 4:
      return str(std::string(static_cast<std::size_t>(small()), 'a'));
    case 5:
      return bytes(std::string(static_cast<std::size_t>(small()), 'a'));
    default:
      break;
  }
  ValueList items;
  ValuePairs pairs;
  for (std::int64_t n = small(); n > 0; --n) {
    items.push_back(random_value(random, depth - 1));
    pairs.emplace_back(integer(n), random_value(random, depth - 1));
  }
  switch (random() % 4) {
    case 0:
      return list(std::move(items));
    case 1:
      return tuple(std::move(items));
    case 2:
      return set(std::move(items));
    default:
      return dict(std::move(pairs));
  }
}

// The same value written in another order, with tuples for lists and floats for ints.
Value rewritten(const Value& value, std::mt19937& random) {
  const auto rewrite_all = [&](ValueList items) {
    for (Value& item : items) item = rewritten(item, random);
    return items;
  };
  if (const auto* number = std::get_if<std::int64_t>(&value.data))
    return real(static_cast<double>(*number));
  if (const auto* items = std::get_if<Value::List>(&value.data))
    return tuple(rewrite_all(items->items));
  if (const auto* items = std::get_if<Value::Tuple>(&value.data))
    return list(rewrite_all(items->items));
  if (const auto* items = std::get_if<Value::Set>(&value.data)) {
    ValueList shuffled = rewrite_all(items->items);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    return set(std::move(shuffled));
  }
  if (const auto* items = std::get_if<Value::Dict>(&value.data)) {
    ValuePairs shuffled = items->items;
    for (auto& [key, held] : shuffled) {
      key = rewritten(key, random);
      held = rewritten(held, random);
    }
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    return dict(std::move(shuffled));
  }
  return value;
}

TEST(CompareValues, EqualityIsSymmetricAndBlindToSpelling) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    const Value a = random_value(random, 4);
    const Value b = random_value(random, 2);

    ASSERT_EQ(message(a, rewritten(a, random)), "") << "round " << round;
    ASSERT_EQ(compare_values(a, b, kExact).equal, compare_values(b, a, kExact).equal)
        << "round " << round;
  }
}

}  // namespace
}  // namespace farm::judge
