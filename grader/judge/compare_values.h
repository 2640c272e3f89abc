// Compares what a function returned with what it should have returned. Pure: no equality, hash or
// repr of the submission's language takes part. README.md of this folder has the rules with
// examples.
#pragma once

#include "grader/judge/comparison_result.h"
#include "schemas/request.h"
#include "schemas/value.h"

namespace farm::judge {

// Rules:
// - None, bool, str and bytes are equal to their own kind with the same content. A bool is no int;
// a str is no bytes.
// - Numbers (int of any size, float) are equal when they are mathematically the same: 2**53
// == 2.0**53, 1 == 1.0,
//   0.0 == -0.0, 0.1 is not 1/10. An expected NaN accepts a NaN, an infinity the same infinity.
// - With float_rel or float_abs above 0, a pair of finite numbers of which at least one is a float
// is also equal within
//   max(float_abs, float_rel * |expected|), at any depth. Two ints are always compared exactly.
// - Lists and tuples are equal when their items are, in order; the two kinds are the same.
// - Sets are equal as sets: duplicates and order mean nothing. With a tolerance there has to be a
// one-to-one matching.
//   A set is no list.
// - Dicts are equal when they have the same keys with equal values, in any order. Keys are compared
// exactly, without
//   tolerance: 1 and 1.0 are one key, True is another one. A dict that names a key twice equals
//   none that does not.
// - An Opaque equals nothing.
// - how.unordered: the top-level list (or tuple) is compared as a multiset under these rules; what
// is nested keeps its
//   order.
// Log-linear, except that values which only match through a tolerance, in sets and unordered lists
// of composed items, are matched by search: after about 20 million steps it gives up as unequal,
// and the message says so. Precondition: nesting as deep as decode_value allows; recursion follows
// it.
ComparisonResult compare_values(const Value& expected, const Value& actual, const Comparison& how);

}  // namespace farm::judge
