#include "grader/judge/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace farm::judge {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(ParseFinite, TakesDecimalNumbersOnly) {
  const std::vector<std::pair<std::string, std::optional<double>>> rows = {
      {"0", 0},
      {"-1.5", -1.5},
      {"+2", 2},
      {".5", 0.5},
      {"5.", 5},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1e-3", 0.001},
      {"1e308", 1e308},
      {"1e-400", 0},
      {"0.0001e-399", 0},
      {"", {}},
      {"+", {}},
      {"1 ", {}},
      {" 1", {}},
      {"1e400", {}},
      {"-1e400", {}},
      {"0x1p3", {}},
      {"1_0", {}},
      {"nan", {}},
      {"inf", {}},
      {"1.2.3", {}},
      {"1e5.0", {}},
      {"--1", {}},
      {"1e99999999999999999999", {}},
      {"1f", {}},
      {"1e-99999999999999999999", 0},
      {"12\xC2\xB2", {}},
      {".e1", {}},
  };
  for (const auto& [text, value] : rows) EXPECT_EQ(parse_finite(text), value) << '"' << text << '"';
}

TEST(ParseFinite, LongTextsOverflowByTheirDigits) {
  EXPECT_EQ(parse_finite(std::string(500, '9')), std::nullopt);
  EXPECT_EQ(parse_finite("0." + std::string(500, '0') + "1"), 0);
  EXPECT_EQ(parse_finite(std::string(500, '9') + "e-499"), 10.0);
  EXPECT_EQ(parse_finite(std::string(500, '0') + "1"), 1.0);
}

TEST(NumberOrder, IsExactBetweenIntegersAndDoubles) {
  const std::int64_t two53 = std::int64_t{1} << 53;
  const auto max = std::numeric_limits<std::int64_t>::max();
  const auto min = std::numeric_limits<std::int64_t>::min();

  EXPECT_EQ(order(two53, std::ldexp(1.0, 53)), std::weak_ordering::equivalent);
  EXPECT_EQ(order(two53 + 1, std::ldexp(1.0, 53)), std::weak_ordering::greater);
  EXPECT_EQ(order(max, std::ldexp(1.0, 63)), std::weak_ordering::less);
  EXPECT_EQ(order(min, -std::ldexp(1.0, 63)), std::weak_ordering::equivalent);
  EXPECT_EQ(order(std::int64_t{1}, 1.5), std::weak_ordering::less);
  EXPECT_EQ(order(std::int64_t{-1}, -1.5), std::weak_ordering::greater);
  EXPECT_EQ(order(std::int64_t{0}, -0.0), std::weak_ordering::equivalent);
  EXPECT_EQ(order(max, kInf), std::weak_ordering::less);
  EXPECT_EQ(order(min, -kInf), std::weak_ordering::greater);
  EXPECT_EQ(order(max, std::nan("")), std::weak_ordering::less);
}

TEST(NumberOrder, IsExactForIntegersBeyond64Bits) {
  const BigInt two64{"18446744073709551616"};
  const BigInt two64_and_1{"18446744073709551617"};
  const BigInt negative{"-18446744073709551616"};
  const BigInt googol{"1" + std::string(400, '0')};

  EXPECT_EQ(order(&two64, std::ldexp(1.0, 64)), std::weak_ordering::equivalent);
  EXPECT_EQ(order(&two64_and_1, std::ldexp(1.0, 64)), std::weak_ordering::greater);
  EXPECT_EQ(order(std::ldexp(1.0, 64), &two64_and_1), std::weak_ordering::less);
  EXPECT_EQ(order(&two64, &two64_and_1), std::weak_ordering::less);
  EXPECT_EQ(order(&negative, &two64), std::weak_ordering::less);
  EXPECT_EQ(order(&negative, std::numeric_limits<std::int64_t>::min()), std::weak_ordering::less);
  EXPECT_EQ(order(&negative, -std::ldexp(1.0, 64)), std::weak_ordering::equivalent);
  EXPECT_EQ(order(&googol, 1e308), std::weak_ordering::greater);
  EXPECT_EQ(order(&googol, kInf), std::weak_ordering::less);
  EXPECT_EQ(order(&googol, std::nan("")), std::weak_ordering::less);
}

TEST(NumberOrder, TakesBigIntsThatAreSmallOrPadded) {
  const BigInt five{"005"};
  const BigInt zero{"-0"};

  EXPECT_EQ(order(&five, std::int64_t{5}), std::weak_ordering::equivalent);
  EXPECT_EQ(order(&five, 5.5), std::weak_ordering::less);
  EXPECT_EQ(order(&zero, 0.0), std::weak_ordering::equivalent);
}

TEST(NumberOrder, PutsNanAboveEverythingAndEqualToItself) {
  EXPECT_EQ(order(std::nan(""), std::nan("1")), std::weak_ordering::equivalent);
  EXPECT_EQ(order(std::nan(""), kInf), std::weak_ordering::greater);
  EXPECT_EQ(order(-kInf, kInf), std::weak_ordering::less);
}

TEST(ToFiniteDouble, LeavesOutWhatNoDoubleHolds) {
  const BigInt googol{"1" + std::string(400, '0')};

  EXPECT_EQ(to_finite_double(&googol), std::nullopt);
  EXPECT_EQ(to_finite_double(kInf), std::nullopt);
  EXPECT_EQ(to_finite_double(std::int64_t{3}), 3.0);
}

}  // namespace
}  // namespace farm::judge
