// Values between RapidJSON documents and C++ (value.h has the JSON text form). Internal to
// schemas/.
#pragma once

#include "schemas/json.h"
#include "schemas/value.h"

namespace farm::json {

// Errors: kInvalidRequest with the pointer below `where` and the rule.
Expected<Value> value_of(const Node& node, const Path& where, const ValueLimits& limits);
// Recurses as deep as the value is nested.
void write_value(Writer& writer, const Value& value);

}  // namespace farm::json
