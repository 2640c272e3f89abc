// SHA-256 (FIPS 180-4): names content. The door to OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace farm::os {

// Lower-case hex, 64 characters.
std::string sha256_hex(std::string_view content);

}  // namespace farm::os
