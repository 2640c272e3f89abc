#include "schemas/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace farm {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kIllegal = 0xFF;

constexpr std::array<std::uint8_t, 256> make_reverse() {
  std::array<std::uint8_t, 256> reverse{};
  reverse.fill(kIllegal);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    reverse[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return reverse;
}
constexpr std::array<std::uint8_t, 256> kReverse = make_reverse();

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    text.push_back(kAlphabet[group >> 18]);
    text.push_back(kAlphabet[group >> 12 & 63U]);
    text.push_back(n > 1 ? kAlphabet[group >> 6 & 63U] : '=');
    text.push_back(n > 2 ? kAlphabet[group & 63U] : '=');
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t digits = text.size() - padding;

  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const std::uint8_t digit = kReverse[static_cast<unsigned char>(text[i])];
    if (digit == kIllegal) return std::nullopt;
    group = group << 6 | digit;
    if (i % 4 == 3) {
      bytes.push_back(static_cast<char>(group >> 16 & 0xFFU));
      bytes.push_back(static_cast<char>(group >> 8 & 0xFFU));
      bytes.push_back(static_cast<char>(group & 0xFFU));
      group = 0;
    }
  }
  if (padding == 1) {  // three digits are left: 18 bits, two bytes
    bytes.push_back(static_cast<char>(group >> 10 & 0xFFU));
    bytes.push_back(static_cast<char>(group >> 2 & 0xFFU));
  } else if (padding == 2) {  // two digits are left: 12 bits, one byte
    bytes.push_back(static_cast<char>(group >> 4 & 0xFFU));
  }
  return bytes;
}

}  // namespace farm
