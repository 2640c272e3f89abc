#include "monitoring/log_line.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace farm::monitoring {
namespace {

constexpr std::array<std::pair<LogLevel, std::string_view>, 4> kLevels = {
    {{LogLevel::kDebug, "debug"},
     {LogLevel::kInfo, "info"},
     {LogLevel::kWarning, "warning"},
     {LogLevel::kError, "error"}}};
constexpr std::array<std::pair<LogFormat, std::string_view>, 3> kFormats = {
    {{LogFormat::kAuto, "auto"}, {LogFormat::kText, "text"}, {LogFormat::kJson, "json"}}};

template <typename Table, typename Key>
std::string_view word_in(const Table& table, Key key) {
  for (const auto& [candidate, text] : table) {
    if (candidate == key) return text;
  }
  return "unknown";
}

template <typename Key, typename Table>
std::optional<Key> find_in(const Table& table, std::string_view word) {
  for (const auto& [key, text] : table) {
    if (text == word) return key;
  }
  return std::nullopt;
}

// Bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7); 0 if
// there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto between = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (between(first, 0xC2, 0xDF)) return between(byte(1), 0x80, 0xBF) ? 2 : 0;
  if (between(first, 0xE0, 0xEF)) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // surrogates are not characters
    return between(byte(1), low, high) && between(byte(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (between(first, 0xF0, 0xF4)) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return between(byte(1), low, high) && between(byte(2), 0x80, 0xBF) &&
                   between(byte(3), 0x80, 0xBF)
               ? 4
               : 0;
  }
  return 0;
}

// Characters that end a line or steer a terminal: C0, DEL, C1 (U+0080 to U+009F), line and
// paragraph separator, and the controls that reorder what is shown (U+202A to U+202E, U+2066 to
// U+2069).
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80) return byte(2) >= 0xA8 && byte(2) <= 0xAE;
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

std::string hex(const char* format, unsigned value) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, value);
  return buffer.data();
}

unsigned code_point(std::string_view character) {
  const auto tail = [&](std::size_t i) { return static_cast<unsigned char>(character[i]) & 0x3FU; };
  const unsigned first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first;
  if (character.size() == 2) return (first & 0x1FU) << 6U | tail(1);
  return (first & 0x0FU) << 12U | tail(1) << 6U | tail(2);  // is_control() names none of four bytes
}

// Calls `valid` for each character and `invalid` for each byte that belongs to none, up to
// kMaxLogValueBytes; returns how many bytes were left out.
template <typename Valid, typename Invalid>
std::size_t walk(std::string_view text, Valid valid, Invalid invalid) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_length(text.substr(at));
    if (at + std::max<std::size_t>(length, 1) > kMaxLogValueBytes) break;
    if (length == 0) {
      invalid(static_cast<unsigned char>(text[at++]));
    } else {
      valid(text.substr(at, length));
      at += length;
    }
  }
  return text.size() - at;
}

std::string more(std::size_t left) {
  return left == 0 ? "" : "…(+" + std::to_string(left) + " bytes)";
}

std::string text_escaped(std::string_view text, bool quoted) {
  std::string out;
  const std::size_t left = walk(
      text,
      [&](std::string_view character) {
        if (character == "\n") {
          out += "\\n";
        } else if (character == "\t") {
          out += "\\t";
        } else if (character == "\\" || (quoted && character == "\"")) {
          (out += '\\') += character;
        } else if (is_control(character)) {
          out += character.size() == 1 ? hex("\\x%02x", code_point(character))
                                       : hex("\\u%04x", code_point(character));
        } else {
          out += character;
        }
      },
      [&](unsigned byte) { out += hex("\\x%02x", byte); });
  return out + more(left);
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  const std::size_t left = walk(
      text,
      [&](std::string_view character) {
        if (character == "\"" || character == "\\") {
          (out += '\\') += character;
        } else if (is_control(character)) {
          out += hex("\\u%04x", code_point(character));
        } else {
          out += character;
        }
      },
      [&](unsigned) { out += "\xEF\xBF\xBD"; });
  return out + more(left) + '"';
}

std::string number(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.6g", value);
  return buffer.data();
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of(" =\"") != std::string_view::npos;
}

struct TextValue {
  std::string operator()(std::string_view text) const {
    return needs_quotes(text) ? '"' + text_escaped(text, true) + '"' : text_escaped(text, false);
  }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return number(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

struct JsonValue {
  std::string operator()(std::string_view text) const { return json_quoted(text); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const {
    return std::isfinite(value) ? number(value) : json_quoted(number(value));
  }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

bool is_reserved(std::string_view key) {
  return key == "time" || key == "level" || key == "message";
}

}  // namespace

std::string_view word(LogLevel level) { return word_in(kLevels, level); }
std::string_view word(LogFormat format) { return word_in(kFormats, format); }
std::optional<LogLevel> parse_log_level(std::string_view text) {
  return find_in<LogLevel>(kLevels, text);
}
std::optional<LogFormat> parse_log_format(std::string_view text) {
  return find_in<LogFormat>(kFormats, text);
}

std::string text_line(std::string_view message, std::span<const Field> fields) {
  std::string line = text_escaped(message, false);
  for (const Field& field : fields) {
    ((line += ' ') += text_escaped(field.key(), false)) += '=';
    line += std::visit(TextValue{}, field.value());
  }
  return line;
}

std::string json_members(std::string_view message, std::span<const Field> fields) {
  std::string line = "\"message\":" + json_quoted(message);
  for (const Field& field : fields) {
    std::string key(field.key());
    if (is_reserved(key)) key += '_';
    ((line += ',') += json_quoted(key)) += ':';
    line += std::visit(JsonValue{}, field.value());
  }
  return line;
}

}  // namespace farm::monitoring
