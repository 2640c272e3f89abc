// Numbers as texts and values: parsing without locale, exact comparison across int, BigInt and
// double, tolerance.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "schemas/request.h"
#include "schemas/value.h"

namespace farm::judge {

// The difference from `expected` (finite) that is still equal: max(float_abs, float_rel *
// |expected|).
double tolerance(double expected, const Comparison& how);
// Whether |actual - expected| is within it. Both finite.
bool within_tolerance(double expected, double actual, const Comparison& how);

// A decimal number that takes up all of `text`: [+-] digits [. digits] [e [+-] digits], with a
// digit before or after the point. No hexadecimal, no underscores, no white space, no words.
// nullopt as well where the magnitude exceeds a double: such texts are compared as texts. What is
// too small for a double is 0.
std::optional<double> parse_finite(std::string_view text);

enum class NonFinite { kNan, kPlusInfinity, kMinusInfinity };
// "nan", "inf", "infinity" in any case with an optional sign; the sign of nan means nothing.
std::optional<NonFinite> parse_non_finite(std::string_view text);

// Only [+-] and digits, at least one.
bool is_integer_text(std::string_view text);

// A number inside a Value, without copying it: exactly what the value means, never rounded.
using NumberView = std::variant<std::int64_t, const BigInt*, double>;
// nullopt: the value is no number (a bool is none).
std::optional<NumberView> number_of(const Value& value);

// Exact mathematical order; NaN equals NaN and is above everything.
std::weak_ordering order(const NumberView& a, const NumberView& b);

// The nearest double, where it is finite.
std::optional<double> to_finite_double(const NumberView& number);

}  // namespace farm::judge
