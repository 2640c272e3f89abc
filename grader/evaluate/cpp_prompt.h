// What a C++ prompt declares, so that tests can be compiled apart from the submission. Pure text
// work.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace farm::evaluate {

// The text to compile tests behind: the prompt's #include lines and `using namespace std`, and a
// declaration of the function that it ends with. nullopt where the prompt is more than that: then
// the tests may need what only one translation unit has.
std::optional<std::string> cpp_declarations(std::string_view prompt);

}  // namespace farm::evaluate
