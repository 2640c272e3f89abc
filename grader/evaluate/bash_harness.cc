#include "grader/evaluate/bash_harness.h"

#include <algorithm>
#include <set>

#include "grader/evaluate/equality_tests.h"

namespace farm::evaluate {
namespace {

bool is_function_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The name that a line begins the definition of: "add() {", "add ()", "function add {".
std::string_view defined_name(std::string_view line) {
  constexpr std::string_view kFunction = "function ";
  if (line.starts_with(kFunction)) {
    line = trimmed(line.substr(kFunction.size()));
    return line.substr(0, line.find_first_of(" \t({"));
  }
  const std::size_t bracket = line.find('(');
  if (bracket == std::string_view::npos || !line.substr(bracket).starts_with("()")) return {};
  return trimmed(line.substr(0, bracket));
}

std::set<std::string> names_of_submission(const AssertTests& evaluation) {
  std::set<std::string> names;
  const auto add = [&](std::string_view name) {
    if (is_function_name(name)) names.emplace(name);
  };
  add(evaluation.entry_point);
  const auto for_each_line = [](std::string_view text, auto&& use) {
    while (!text.empty()) {
      use(trimmed(text.substr(0, text.find('\n'))));
      text.remove_prefix(std::min(text.size(), text.substr(0, text.find('\n')).size() + 1));
    }
  };
  for_each_line(evaluation.prompt, [&](std::string_view line) { add(defined_name(line)); });
  constexpr std::string_view kPassOn = " \"$@\"";
  for_each_line(evaluation.tests, [&](std::string_view line) {
    if (line.ends_with(kPassOn)) add(line.substr(0, line.size() - kPassOn.size()));
  });
  return names;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out.push_back(c);
    }
  }
  return out + "'";
}

}  // namespace

std::string bash_tests(const AssertTests& evaluation, const std::string& source,
                       std::string_view tests) {
  std::string script =
      "farm_call() { /bin/bash \"$farm_directory/.farm/bash_call.sh\" \"$farm_directory\"/" +
      quoted(source) +
      " \"$@\" 3<&- 4>&-; }\n"
      "farm_value() { printf '%s\\0' \"$1\" >&4; }\n"
      "command_not_found_handle() { farm_call \"$@\"; }\n"
      "readonly farm_directory=$PWD\n";
  for (const std::string& name : names_of_submission(evaluation)) {
    script += "function " + name + " { farm_call " + name + " \"$@\"; }\n";
  }
  script += behind_leading_brace(tests).value_or(tests);
  return script + "\n";
}

}  // namespace farm::evaluate
