#include "grader/evaluate/cpp_macros.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace farm::evaluate {
namespace {

// Operator words (and, not, …) are missing: they cannot be macros in C++.
constexpr std::string_view kControlWords[] = {"alignas",
                                              "alignof",
                                              "asm",
                                              "auto",
                                              "break",
                                              "case",
                                              "catch",
                                              "class",
                                              "concept",
                                              "const",
                                              "const_cast",
                                              "consteval",
                                              "constexpr",
                                              "constinit",
                                              "continue",
                                              "co_await",
                                              "co_return",
                                              "co_yield",
                                              "decltype",
                                              "default",
                                              "delete",
                                              "do",
                                              "dynamic_cast",
                                              "else",
                                              "enum",
                                              "explicit",
                                              "export",
                                              "extern",
                                              "false",
                                              "final",
                                              "for",
                                              "friend",
                                              "goto",
                                              "if",
                                              "inline",
                                              "mutable",
                                              "namespace",
                                              "new",
                                              "noexcept",
                                              "nullptr",
                                              "operator",
                                              "override",
                                              "private",
                                              "protected",
                                              "public",
                                              "register",
                                              "reinterpret_cast",
                                              "requires",
                                              "return",
                                              "sizeof",
                                              "static",
                                              "static_assert",
                                              "static_cast",
                                              "struct",
                                              "switch",
                                              "template",
                                              "this",
                                              "thread_local",
                                              "throw",
                                              "true",
                                              "try",
                                              "typedef",
                                              "typeid",
                                              "typename",
                                              "union",
                                              "using",
                                              "virtual",
                                              "volatile",
                                              "while",
                                              "__assert_fail",
                                              "__extension__",
                                              "__PRETTY_FUNCTION__",
                                              "__builtin_expect"};

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

// A backslash at the end of a line continues it, even in the middle of a word.
std::string without_splices(std::string_view source) {
  std::string out;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\\' && source.substr(i + 1, 1) == "\n") {
      ++i;
    } else if (source[i] == '\\' && source.substr(i + 1, 2) == "\r\n") {
      i += 2;
    } else {
      out.push_back(source[i]);
    }
  }
  return out;
}

std::string_view skip_blanks_and_comments(std::string_view text) {
  while (true) {
    const std::size_t word = text.find_first_not_of(" \t\v\f");
    if (word == std::string_view::npos) return {};
    text.remove_prefix(word);
    if (!text.starts_with("/*")) return text;
    const std::size_t end = text.find("*/", 2);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 2);
  }
}

std::string_view leading_name(std::string_view text) {
  if (text.empty() || !is_name_start(text[0])) return {};
  return text.substr(
      0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_name_part) -
                                  text.begin()));
}

std::set<std::string, std::less<>> names_in(std::string_view source) {
  std::set<std::string, std::less<>> names;
  for (std::size_t i = 0; i < source.size();) {
    if (!is_name_start(source[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < source.size() && is_name_part(source[i])) ++i;
    names.emplace(source.substr(start, i - start));
  }
  return names;
}

}  // namespace

std::vector<std::string> defined_macros(std::string_view source) {
  const std::string text = without_splices(source);
  std::set<std::string> names;
  // From every '#', wherever it stands: one inside a string costs nothing but the #undef of a name
  // that is no macro, while a scanner that knew strings and comments could be led astray.
  for (std::size_t at = text.find_first_of("#:"); at != std::string::npos;
       at = text.find_first_of("#:", at + 1)) {
    const std::string_view directive =
        skip_blanks_and_comments(std::string_view(text).substr(at + 1));
    if (leading_name(directive) != "define") continue;
    const std::string_view rest =
        skip_blanks_and_comments(directive.substr(std::string_view("define").size()));
    if (const std::string_view name = leading_name(rest); !name.empty()) names.emplace(name);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> macros_to_undo(std::string_view submission, std::string_view prompt,
                                        std::string_view tests) {
  std::vector<std::string> undone(std::begin(kControlWords), std::end(kControlWords));
  const auto used = names_in(tests);
  std::vector<std::string> trusted = defined_macros(prompt);
  for (std::string& name : defined_macros(tests)) trusted.push_back(std::move(name));
  for (std::string& name : defined_macros(submission)) {
    const bool is_trusted = std::find(trusted.begin(), trusted.end(), name) != trusted.end();
    if (!is_trusted && used.contains(name) && name != "defined") undone.push_back(std::move(name));
  }
  return undone;
}

}  // namespace farm::evaluate
