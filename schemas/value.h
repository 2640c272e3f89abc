// Value: what a tested function takes and returns, in a form that no language's own equality,
// pickling or repr can touch. Written in JSON with tags for what JSON lacks; schemas/README.md
// gives the rules with examples.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schemas/expected.h"

namespace farm {

struct Value;
using ValueList = std::vector<Value>;
using ValuePairs = std::vector<std::pair<Value, Value>>;

// An integer beyond 64 bits: sign and decimal digits without leading zeros, e.g.
// "-18446744073709551616".
struct BigInt {
  std::string digits;
  friend bool operator==(const BigInt&, const BigInt&) = default;
};

struct Value {
  struct None {};
  struct Bytes {
    std::string data;
  };
  struct List {
    ValueList items;
  };
  struct Tuple {
    ValueList items;
  };
  struct Set {
    ValueList items;
  };  // set and frozenset; unordered, as written
  struct Dict {
    ValuePairs items;
  };  // keys of any Value type; in the order written
  // An object whose type has no value form (a lying subclass, a generator, …): equal to nothing,
  // itself included.
  struct Opaque {
    std::string type_name;
  };

  using Variant = std::variant<None, bool, std::int64_t, BigInt, double, std::string, Bytes, List,
                               Tuple, Set, Dict, Opaque>;
  Variant data = None{};
};

// Bounds on values that come from inside a sandbox: a hostile value must not exhaust the grader.
struct ValueLimits {
  std::size_t max_depth = 200;        // nesting of lists, tuples, sets and dicts
  std::size_t max_nodes = 5'000'000;  // values in total
};

// The form in JSON (the rules with examples: schemas/README.md):
//   null true 7 1.5 "text" [ … ]              plain JSON; 1 is an int, 1.0 and 1e3 are floats; an
//   int may have any length
//   {"$tuple": [ … ]}  {"$set": [ … ]}
//   {"name": …, …}                            a dict whose keys are distinct strings, none
//   beginning with "$"
//   {"$dict": [[key, value], …]}              any other dict
//   {"$bytes": "<base64>"}
//   {"$str": "<base64>"}                      a string whose bytes are not UTF-8 (of Python: lone
//   surrogates, encoded
//                                             with 'surrogatepass')
//   {"$int": "<decimal digits>"}              an int, for writers whose JSON loses digits beyond 64
//   bits
//   {"$float": "nan" | "inf" | "-inf"}
//   {"$type": "<name>"}                       Opaque
// A tag is the only member of its object; an unknown one is an error.

// Parses one JSON text with tags. Errors: kInvalidRequest with the JSON pointer and the rule.
Expected<Value> decode_value(std::string_view json, const ValueLimits& limits = {});
// The inverse; decode_value(encode_value(v)) == v in structure.
std::string encode_value(const Value& value);

}  // namespace farm
