// JSON as other people's interfaces have it: a text to a Value and back, without the tags of
// value.h. An object is a Dict with string keys, whatever they begin with; of a member given twice
// the last one counts, as in Python.
#pragma once

#include <string>
#include <string_view>

#include "schemas/expected.h"
#include "schemas/value.h"

namespace farm {

// `max_depth` bounds the nesting, `max_nodes` the values: a text of 100 MB may hold 50 million of
// them, each of which takes 40 bytes. Errors: kInvalidRequest, with what is wrong and where.
Expected<Value> decode_plain_json(std::string_view text, const ValueLimits& limits = {});

// What JSON cannot say is written as Python's clients would least misread it: tuples and sets as
// arrays, bytes as base64, numbers that are not finite and opaque values as null. Strings that are
// not UTF-8 get U+FFFD.
std::string encode_plain_json(const Value& value);

// The member of a Dict; nullptr where it is absent, or where `value` is no Dict.
const Value* find_member(const Value& value, std::string_view name);

}  // namespace farm
