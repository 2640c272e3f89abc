// UTF-8 in the strict sense of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <string>
#include <string_view>

namespace farm {

bool is_utf8(std::string_view bytes);
// `bytes` with U+FFFD in place of every byte that belongs to no well-formed sequence.
std::string to_utf8(std::string_view bytes);

}  // namespace farm
