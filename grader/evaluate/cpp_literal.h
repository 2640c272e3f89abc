// Literals of C++ as translators of tests write them: (std::vector<float>({(float)0.5f})), (true),
// (std::make_tuple(0, "a")). Pure text work.
#pragma once

#include <optional>
#include <string_view>

#include "schemas/value.h"

namespace farm::evaluate {

// The value in the form in which harness/cpp_call.h writes it: vectors as lists, a char as a string
// of one byte, a float by its shortest decimal form. nullopt: not a literal, or one whose type this
// file does not know (then the tests are run, and not taken apart).
std::optional<Value> parse_cpp_literal(std::string_view text);

}  // namespace farm::evaluate
