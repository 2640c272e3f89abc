#include <algorithm>
#include <utility>
#include <vector>

#include "grader/evaluate/equality_tests.h"

namespace farm::evaluate {
namespace {

bool is_name_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_part) &&
         !(text[0] >= '0' && text[0] <= '9');
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Just behind the quoted string that begins at `at`; npos where it does not end or expands
// something.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (quote == '\'') continue;
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '$' || text[i] == '`') {
      return std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

// What bash makes of a quoted string without expansions.
std::string unquoted(std::string_view quoted) {
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  if (quoted[0] == '\'') return std::string(inside);
  std::string text;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\' && i + 1 < inside.size()) {
      if (inside[i + 1] == '\n') {
        ++i;
        continue;
      }
      if (std::string_view("\\\"$`").find(inside[i + 1]) != std::string_view::npos) ++i;
    }
    text.push_back(inside[i]);
  }
  return text;
}

// [[ $(CALL) = "LITERAL" ]], at the beginning of `text`. Quoted strings may hold line ends.
struct Assertion {
  std::string_view call;
  std::string_view literal;
  std::size_t size = 0;  // of all of it
};

std::optional<Assertion> assertion_at(std::string_view text) {
  constexpr std::string_view kHead = "[[ $(";
  if (!text.starts_with(kHead)) return std::nullopt;
  std::size_t at = kHead.size();
  while (at < text.size() && text[at] != ')') {
    if (text[at] == '"' || text[at] == '\'') {
      at = quoted_end(text, at);
      if (at == std::string_view::npos) return std::nullopt;
    } else if (is_name_part(text[at]) ||
               std::string_view(" -.").find(text[at]) != std::string_view::npos) {
      ++at;
    } else {
      return std::nullopt;  // more than words: let bash say what it means
    }
  }
  Assertion found;
  found.call = text.substr(kHead.size(), at - kHead.size());
  if (!is_name(found.call.substr(0, found.call.find(' ')))) return std::nullopt;
  for (const std::string_view equals : {") = ", ") == "}) {
    if (text.substr(std::min(at, text.size())).starts_with(equals)) {
      at += equals.size();
      break;
    }
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return std::nullopt;
  const std::size_t end = quoted_end(text, at);
  if (end == std::string_view::npos || !text.substr(end).starts_with(" ]]")) return std::nullopt;
  found.literal = text.substr(at, end - at);
  found.size = end + std::string_view(" ]]").size();
  return found;
}

// Which function holds the assertions, and what is called at the top level: they must run once.
struct Structure {
  std::string_view function;               // that we are in
  std::optional<std::string_view> holder;  // "": the top level
  std::vector<std::string_view> calls;
  bool stops_at_errors = false;

  bool take_line(std::string_view line) {
    if (line.empty() || line[0] == '#') return true;
    if (line == "}") return !std::exchange(function, {}).empty();
    if (line == "set -e" && function.empty()) {
      stops_at_errors = true;
      return true;
    }
    if (function.empty() && line.ends_with("() {") && is_name(line.substr(0, line.size() - 4))) {
      function = line.substr(0, line.size() - 4);
      return true;
    }
    constexpr std::string_view kPassOn = " \"$@\"";
    if (!function.empty()) {
      return line.ends_with(kPassOn) && is_name(line.substr(0, line.size() - kPassOn.size()));
    }
    calls.push_back(line);
    return is_name(line);
  }
  bool take_assertion() {
    if (!stops_at_errors && function.empty()) return false;
    if (holder && *holder != function) return false;
    holder = function;
    return true;
  }
  bool runs_each_once() const {
    if (!holder || !stops_at_errors || !function.empty()) return false;
    return holder->empty() ? calls.empty() : calls == std::vector{*holder};
  }
};

}  // namespace

std::optional<EqualityTests> bash_equality_tests(std::string_view tests) {
  std::string_view rest = behind_leading_brace(tests).value_or(tests);
  EqualityTests found;
  found.plain_text = true;
  Structure structure;
  while (!rest.empty()) {
    const std::size_t indent = std::min(rest.find_first_not_of(" \t"), rest.size());
    if (const std::optional<Assertion> assertion = assertion_at(rest.substr(indent))) {
      if (!structure.take_assertion()) return std::nullopt;
      found.expected.push_back(Value{unquoted(assertion->literal)});
      found.emitting += "farm_value \"$(" + std::string(assertion->call) + ")\"";
      rest.remove_prefix(indent + assertion->size);
      if (!trimmed(rest.substr(0, rest.find('\n'))).empty()) return std::nullopt;
    }
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!structure.take_line(trimmed(line))) return std::nullopt;
    found.emitting += std::string(line) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!structure.runs_each_once()) return std::nullopt;
  return found;
}

}  // namespace farm::evaluate
