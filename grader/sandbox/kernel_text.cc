#include "grader/sandbox/kernel_text.h"

#include <charconv>

namespace farm::sandbox {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::string_view without_newline(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

Expected<std::int64_t> parse_number(std::string_view text, const std::string& what) {
  text = without_newline(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::int64_t{INT64_MAX};
  if (error != std::errc() || end != text.data() + text.size()) {
    return internal_error(what + ": not a number: '" + std::string(text) + "'");
  }
  return value;
}

std::int64_t keyed(std::string_view content, std::string_view key) {
  for (const std::string_view line : split(content, '\n')) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      const Expected<std::int64_t> value =
          parse_number(line.substr(key.size() + 1), std::string(key));
      return value ? *value : 0;
    }
  }
  return 0;
}

}  // namespace farm::sandbox
