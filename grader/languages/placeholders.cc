#include "grader/languages/placeholders.h"

#include <optional>

namespace farm::languages {
namespace {

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// The name between `text[open]`, which is '{', and its '}'; empty: this is no placeholder.
std::string_view name_at(std::string_view text, std::size_t open) {
  std::size_t end = open + 1;
  while (end < text.size() && is_name_character(text[end])) ++end;
  if (end == text.size() || text[end] != '}') return {};
  return text.substr(open + 1, end - open - 1);
}

std::optional<std::string> value_of(std::string_view name, const PlaceholderValues& values) {
  if (name == "source") return values.source;
  if (name == "binary") return values.binary;
  if (name == "dir") return values.dir;
  if (name == "memory_mib") return std::to_string(values.memory_mib);
  if (name == "python") return values.python;
  if (name == "main_class") return values.main_class;
  return std::nullopt;
}

}  // namespace

Expected<std::string> expand(std::string_view text, const PlaceholderValues& values) {
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find('{', at);
    if (open == std::string_view::npos) break;
    result += text.substr(at, open - at);
    const std::string_view name = name_at(text, open);
    if (name.empty()) {
      result += '{';
      at = open + 1;
      continue;
    }
    const auto value = value_of(name, values);
    if (!value) {
      return invalid_request(
          "unknown placeholder {" + std::string(name) +
          "}; known: {source} {binary} {dir} {memory_mib} {python} {main_class}");
    }
    result += *value;
    at = open + name.size() + 2;
  }
  result += text.substr(at);
  return result;
}

Expected<std::vector<std::string>> expand(const std::vector<std::string>& argv,
                                          const PlaceholderValues& values) {
  std::vector<std::string> result;
  result.reserve(argv.size());
  for (const std::string& argument : argv) {
    FARM_TRY(std::string expanded, expand(argument, values));
    result.push_back(std::move(expanded));
  }
  return result;
}

}  // namespace farm::languages
