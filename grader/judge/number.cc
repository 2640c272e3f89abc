#include "grader/judge/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include "grader/judge/text.h"

namespace farm::judge {
namespace {

// The longest run of digits at the front of `text`.
std::string_view digits_at(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return text.substr(0, n);
}

struct Decimal {
  std::string_view whole, fraction;
  bool exponent_negative = false;
  std::string_view exponent;
};

std::optional<Decimal> split_decimal(std::string_view unsigned_text) {
  Decimal parts;
  parts.whole = digits_at(unsigned_text);
  unsigned_text.remove_prefix(parts.whole.size());
  if (unsigned_text.starts_with('.')) {
    unsigned_text.remove_prefix(1);
    parts.fraction = digits_at(unsigned_text);
    unsigned_text.remove_prefix(parts.fraction.size());
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (unsigned_text.empty()) return parts;
  if (to_lower(unsigned_text.front()) != 'e') return std::nullopt;
  unsigned_text.remove_prefix(1);
  if (unsigned_text.starts_with('+') || unsigned_text.starts_with('-')) {
    parts.exponent_negative = unsigned_text.front() == '-';
    unsigned_text.remove_prefix(1);
  }
  parts.exponent = digits_at(unsigned_text);
  if (parts.exponent.empty() || parts.exponent.size() != unsigned_text.size()) return std::nullopt;
  return parts;
}

// Whether a number that no double can hold is too small (and not too large). Its size is
// 10^(exponent + point), and the limits of double are far from 10^0 on both sides, so that the sign
// of the sum decides.
bool underflows(const Decimal& parts) {
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(
      parts.exponent.data(), parts.exponent.data() + parts.exponent.size(), exponent);
  if (error == std::errc::result_out_of_range) return parts.exponent_negative;
  if (parts.exponent_negative) exponent = -exponent;
  const std::size_t first = parts.whole.find_first_not_of('0');
  const std::int64_t point =
      first != std::string_view::npos
          ? static_cast<std::int64_t>(parts.whole.size() - first)
          : -static_cast<std::int64_t>(
                std::min(parts.fraction.find_first_not_of('0'), parts.fraction.size()));
  return exponent + point < 0;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return to_lower(a) == b; });
}

// Sign and digits of an integer, without leading zeros; no digits is zero.
struct Integer {
  bool negative = false;
  std::string_view digits;
};

Integer integer_of(std::string_view text) {
  Integer integer;
  if (text.starts_with('-') || text.starts_with('+')) {
    integer.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  integer.digits = text;
  if (text.empty()) integer.negative = false;
  return integer;
}

std::weak_ordering order_integers(const Integer& a, const Integer& b) {
  if (a.negative != b.negative) {
    return a.negative ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  const Integer& small = a.negative ? b : a;  // by magnitude the order of negatives is reversed
  const Integer& large = a.negative ? a : b;
  if (small.digits.size() != large.digits.size())
    return small.digits.size() <=> large.digits.size();
  return small.digits.compare(large.digits) <=> 0;
}

// 2^63, the first double above every int64.
constexpr double kTwoTo63 = 9223372036854775808.0;

std::weak_ordering order_exactly(std::int64_t integer, double real) {
  if (std::isnan(real) || real >= kTwoTo63) return std::weak_ordering::less;
  if (real < -kTwoTo63) return std::weak_ordering::greater;
  const double whole = std::trunc(real);
  const auto truncated = static_cast<std::int64_t>(whole);
  if (integer != truncated) return integer <=> truncated;
  if (real == whole) return std::weak_ordering::equivalent;
  return real > whole ? std::weak_ordering::less : std::weak_ordering::greater;
}

std::weak_ordering reversed(std::weak_ordering order) { return 0 <=> order; }

std::weak_ordering order_reals(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  if (a < b) return std::weak_ordering::less;
  return a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

std::weak_ordering order_big(const BigInt& a, const NumberView& b) {
  const Integer integer = integer_of(a.digits);
  if (const auto* big = std::get_if<const BigInt*>(&b)) {
    return order_integers(integer, integer_of((*big)->digits));
  }
  std::array<char, 400>
      text;  // the digits of any finite double's whole part: at most 309 and a sign
  if (const auto* small = std::get_if<std::int64_t>(&b)) {
    const auto end = std::to_chars(text.data(), text.data() + text.size(), *small).ptr;
    return order_integers(integer,
                          integer_of({text.data(), static_cast<std::size_t>(end - text.data())}));
  }
  const double real = *std::get_if<double>(&b);
  if (std::isnan(real)) return std::weak_ordering::less;
  if (std::isinf(real)) return real > 0 ? std::weak_ordering::less : std::weak_ordering::greater;
  const double whole = std::trunc(real);
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), whole, std::chars_format::fixed, 0).ptr;
  const auto by_whole = order_integers(
      integer, integer_of({text.data(), static_cast<std::size_t>(end - text.data())}));
  if (by_whole != 0 || real == whole) return by_whole;
  return real > whole ? std::weak_ordering::less : std::weak_ordering::greater;
}

}  // namespace

double tolerance(double expected, const Comparison& how) {
  return std::max(how.float_abs, how.float_rel * std::abs(expected));
}

bool within_tolerance(double expected, double actual, const Comparison& how) {
  return std::abs(actual - expected) <= tolerance(expected, how);
}

std::optional<double> parse_finite(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto parts = split_decimal(text);
  if (!parts) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (!underflows(*parts)) return std::nullopt;
    value = 0;
  } else if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::optional<NonFinite> parse_non_finite(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (equals_ignoring_case(text, "nan")) return NonFinite::kNan;
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) {
    return negative ? NonFinite::kMinusInfinity : NonFinite::kPlusInfinity;
  }
  return std::nullopt;
}

bool is_integer_text(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && digits_at(text).size() == text.size();
}

std::optional<NumberView> number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) return NumberView(*integer);
  if (const auto* real = std::get_if<double>(&value.data)) return NumberView(*real);
  if (const auto* big = std::get_if<BigInt>(&value.data)) return NumberView(big);
  return std::nullopt;
}

std::weak_ordering order(const NumberView& a, const NumberView& b) {
  if (const auto* big = std::get_if<const BigInt*>(&a)) return order_big(**big, b);
  if (const auto* big = std::get_if<const BigInt*>(&b)) return reversed(order_big(**big, a));
  const auto* a_integer = std::get_if<std::int64_t>(&a);
  const auto* b_integer = std::get_if<std::int64_t>(&b);
  if (a_integer && b_integer) return *a_integer <=> *b_integer;
  if (a_integer) return order_exactly(*a_integer, *std::get_if<double>(&b));
  if (b_integer) return reversed(order_exactly(*b_integer, *std::get_if<double>(&a)));
  return order_reals(*std::get_if<double>(&a), *std::get_if<double>(&b));
}

std::optional<double> to_finite_double(const NumberView& number) {
  if (const auto* integer = std::get_if<std::int64_t>(&number))
    return static_cast<double>(*integer);
  if (const auto* big = std::get_if<const BigInt*>(&number)) return parse_finite((*big)->digits);
  const double real = *std::get_if<double>(&number);
  return std::isfinite(real) ? std::optional(real) : std::nullopt;
}

}  // namespace farm::judge
