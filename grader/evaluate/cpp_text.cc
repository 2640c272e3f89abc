#include "grader/evaluate/cpp_text.h"

#include <algorithm>
#include <vector>

namespace farm::evaluate {

bool is_name_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<std::string> without_cpp_comments(std::string_view source) {
  std::string out;
  char quote = '\0';
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (quote != '\0') {
      if (c == '\n') return std::nullopt;
      out.push_back(c);
      if (c == '\\' && i + 1 < source.size()) out.push_back(source[++i]);
      if (c == quote) quote = '\0';
    } else if (source.substr(i, 2) == "//") {
      i = std::min(source.find('\n', i), source.size()) - 1;
    } else if (source.substr(i, 2) == "/*") {
      const std::size_t end = source.find("*/", i + 2);
      if (end == std::string_view::npos) return std::nullopt;
      i = end + 1;
      out.push_back(' ');
    } else {
      if (c == '\\' || (c == '"' && i > 0 && source[i - 1] == 'R')) return std::nullopt;
      if (c == '"' || (c == '\'' && !(i > 0 && is_name_part(source[i - 1])))) quote = c;
      out.push_back(c);
    }
  }
  return quote == '\0' ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::pair<std::string_view, std::string_view>> sides_of_equality(
    std::string_view text) {
  Depth depth;
  std::optional<std::size_t> at;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (depth.at(text[i]) != 0) continue;
    if (std::string_view("&|?;,").find(text[i]) != std::string_view::npos) return std::nullopt;
    const std::string_view two = text.substr(i, 2);
    if (two == "!=" || two == "<=" || two == ">=") return std::nullopt;
    if (two != "==") continue;
    if (at) return std::nullopt;
    at = i++;
  }
  if (!at) return std::nullopt;
  return std::pair(trimmed(text.substr(0, *at)), trimmed(text.substr(*at + 2)));
}

std::string with_own_comparisons(const std::string& tests) {
  constexpr std::string_view kAssert = "assert";
  const std::optional<std::string> clean = without_cpp_comments(tests);
  if (!clean) return tests;
  const std::string_view text = *clean;
  std::string out;
  Depth depth;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool in_string = depth.at(text[i]) == Depth::kInString;
    out.push_back(text[i]);
    if (in_string || text[i] != '(') continue;
    const std::string_view before = trimmed(std::string_view(out).substr(0, out.size() - 1));
    if (!before.ends_with(kAssert) ||
        (before.size() > kAssert.size() && is_name_part(before[before.size() - 7]))) {
      continue;
    }
    Depth inside;
    std::size_t end = i + 1;
    while (end < text.size() && inside.at(text[end]) >= 0) ++end;
    const auto sides = sides_of_equality(text.substr(i + 1, end - i - 1));
    if (!sides || sides->first.empty() || sides->second.empty()) continue;
    out += "farm_call::equal(" + std::string(sides->first) + ", " + std::string(sides->second);
    out += ")";
    for (++i; i < end; ++i) depth.at(text[i]);
    --i;
  }
  return out;
}

namespace {

// Whether a name that comes after `before` is called there: no member, no declaration.
bool is_call_behind(std::string_view before) {
  before = trimmed(before);
  if (before.empty()) return false;
  if (before.ends_with("&&")) return true;
  if (std::string_view(".>:*&~").find(before.back()) != std::string_view::npos) return false;
  if (!is_name_part(before.back())) return true;
  return before.ends_with("return") &&
         (before.size() == 6 || !is_name_part(before[before.size() - 7]));
}

}  // namespace

std::string with_checked_calls(const std::string& tests, std::string_view entry_point) {
  const std::optional<std::string> clean = without_cpp_comments(tests);
  if (!clean) return tests;
  std::string out;
  std::size_t word = 0;      // where in `out` the last name begins
  std::vector<int> checked;  // how deep the calls are that are still open
  Depth depth;
  for (const char c : *clean) {
    const int level = depth.at(c);
    const std::string_view name = std::string_view(out).substr(word);
    const bool called = level != Depth::kInString && c == '(' && !name.empty() &&
                        (name == entry_point || name == "candidate") &&
                        is_call_behind(std::string_view(out).substr(0, word));
    if (called) {
      out.insert(word, "(farm_call::Checked(), ");
      checked.push_back(level);
    }
    out.push_back(c);
    if (!is_name_part(c) || level == Depth::kInString) word = out.size();
    if (c == ')' && !checked.empty() && level == checked.back()) {
      out.push_back(')');
      word = out.size();
      checked.pop_back();
    }
  }
  return out;
}

}  // namespace farm::evaluate
