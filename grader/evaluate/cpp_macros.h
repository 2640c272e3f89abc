// Which macros have to be undone between a C++ submission and the tests that follow it in the same
// translation unit. Pure text work; it makes cheap tricks fail and is no proof, which is why such
// verdicts are labelled `sentinel`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farm::evaluate {

// Keywords that decide what runs (`#define if(x) if (false)`), what assert() expands to, and every
// name that `submission` defines as a macro and that `tests` use, unless `prompt` or `tests` define
// it themselves. Type keywords are left alone: `#define int long long` is an honest habit.
std::vector<std::string> macros_to_undo(std::string_view submission, std::string_view prompt,
                                        std::string_view tests);

// The names that `source` defines with #define, also where the line is spliced, commented or
// spelled with digraphs; what only looks like a #define, inside a string or a comment, counts too.
std::vector<std::string> defined_macros(std::string_view source);

}  // namespace farm::evaluate
