// Which standard headers a C++ program begins with. GCC takes a precompiled header only for the
// first inclusion of a translation unit, so that a harness has to begin with the one that the
// program would begin with. Pure.
#pragma once

#include <string>
#include <string_view>

namespace farm::evaluate {

// "#include <bits/stdc++.h>\n" where `program` begins with inclusions of standard headers, in any
// order, and this is one of them: then including it first changes nothing. Else empty, also where a
// reader this simple is in doubt.
std::string leading_stdcpp(std::string_view program);

// X where `unit` begins with `#include <X>`, comments left out. Else empty, also in doubt. A guess
// that is good enough to try something.
std::string first_inclusion(std::string_view unit);

}  // namespace farm::evaluate
