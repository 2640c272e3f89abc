// Base64 with the standard alphabet and padding (RFC 4648 section 4), as files and binary output
// travel in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace farm {

std::string base64_encode(std::string_view bytes);
// nullopt: a character outside the alphabet (white space included), a length that is no multiple of
// four, or padding elsewhere than at the end. Bits beyond the last byte are ignored, as most
// encoders' readers do.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace farm
