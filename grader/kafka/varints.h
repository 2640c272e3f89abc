// Small numbers as text for commit metadata: base64 (no padding) of varints (LEB128). Private to
// this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farm::kafka {

void append_varint(std::string& bytes, std::uint64_t number);
std::string base64_of(std::string_view bytes);
// nullopt if the text is damaged anywhere, or holds a number of more than 63 bits.
std::optional<std::vector<std::int64_t>> numbers_of_base64(std::string_view text);

}  // namespace farm::kafka
