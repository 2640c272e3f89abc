#include "grader/kafka/varints.h"

namespace farm::kafka {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<std::string> bytes_of_base64(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const auto value = kBase64.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count);
    }
  }
  return bytes;
}

}  // namespace

void append_varint(std::string& bytes, std::uint64_t number) {
  while (number >= 0x80) {
    bytes += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  bytes += static_cast<char>(number);
}

std::string base64_of(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(byte);
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += kBase64[(bits >> count) & 0x3F];
    }
  }
  if (count > 0) text += kBase64[(bits << (6 - count)) & 0x3F];
  return text;
}

std::optional<std::vector<std::int64_t>> numbers_of_base64(std::string_view text) {
  const auto bytes = bytes_of_base64(text);
  if (!bytes) return std::nullopt;
  std::vector<std::int64_t> numbers;
  std::uint64_t number = 0;
  int shift = 0;
  for (const char byte : *bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (shift > 56) return std::nullopt;  // more than 63 bits
    number |= static_cast<std::uint64_t>(value & 0x7F) << shift;
    shift += 7;
    if (value & 0x80) continue;
    numbers.push_back(static_cast<std::int64_t>(number));
    number = 0;
    shift = 0;
  }
  if (shift != 0) return std::nullopt;
  return numbers;
}

}  // namespace farm::kafka
