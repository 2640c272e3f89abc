#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "grader/evaluate/cpp_literal.h"
#include "grader/evaluate/cpp_text.h"
#include "grader/evaluate/equality_tests.h"

namespace farm::evaluate {
namespace {

bool take(std::string_view& text, std::string_view head) {
  text = trimmed(text);
  if (!text.starts_with(head)) return false;
  text.remove_prefix(head.size());
  return true;
}

bool take_end(std::string_view& text, std::string_view tail) {
  text = trimmed(text);
  if (!text.ends_with(tail)) return false;
  text.remove_suffix(tail.size());
  return true;
}

// The statements of a body: each ends with ';' or, after `if`, with '}'.
std::optional<std::vector<std::string_view>> statements(std::string_view body) {
  std::vector<std::string_view> found;
  Depth depth;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const int level = depth.at(body[i]);
    if (level < 0) return std::nullopt;
    if (level != 0 || (body[i] != ';' && body[i] != '}')) continue;
    if (body[i] == ';' || trimmed(body.substr(begin, i - begin)).starts_with("if")) {
      found.push_back(trimmed(body.substr(begin, i + 1 - begin)));
      begin = i + 1;
    }
  }
  if (!trimmed(body.substr(begin)).empty()) return std::nullopt;
  return found;
}

// Words outside strings that would make a statement more, or less, than one step of a straight
// line.
bool is_straight(std::string_view statement) {
  constexpr std::array<std::string_view, 19> kTurns = {
      "if",   "else",  "for",    "while",    "do",        "switch", "goto",
      "try",  "catch", "return", "throw",    "break",     "case",   "assert",
      "exit", "abort", "_exit",  "operator", "quick_exit"};
  std::string word;
  Depth depth;
  for (const char c : std::string(statement) + " ") {
    const bool in_string = depth.at(c) == Depth::kInString;
    if (!in_string && is_name_part(c)) {
      word.push_back(c);
      continue;
    }
    if (std::find(kTurns.begin(), kTurns.end(), word) != kTurns.end()) return false;
    word.clear();
    if (!in_string && (c == '#' || c == '?')) return false;
  }
  return true;
}

struct Equality {
  std::string_view call;
  Value literal;
};

// CALL == LITERAL
std::optional<Equality> equality(std::string_view text) {
  const auto sides = sides_of_equality(text);
  if (!sides || sides->first.empty() || !is_straight(sides->first)) return std::nullopt;
  std::optional<Value> literal = parse_cpp_literal(sides->second);
  if (!literal) return std::nullopt;
  return Equality{sides->first, *std::move(literal)};
}

// assert(CALL == LITERAL);
std::optional<Equality> asserted(std::string_view statement) {
  if (!take(statement, "assert") || !take(statement, "(")) return std::nullopt;
  if (!take_end(statement, ";") || !take_end(statement, ")")) return std::nullopt;
  return equality(statement);
}

// if (!(compare(NAME, LITERAL))) { throw …; }, as MBXP has it.
std::optional<Equality> compared(std::string_view statement) {
  if (!take(statement, "if") || !take(statement, "(!(compare(")) return std::nullopt;
  if (!take_end(statement, "}") || !take_end(statement, ";")) return std::nullopt;
  const std::size_t thrown = statement.rfind("{");
  if (thrown == std::string_view::npos) return std::nullopt;
  std::string_view what = statement.substr(thrown + 1);
  std::string_view arguments = statement.substr(0, thrown);
  if (!take(what, "throw ") || !take_end(arguments, ")))")) return std::nullopt;
  const std::size_t comma = arguments.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view name = trimmed(arguments.substr(0, comma));
  std::optional<Value> literal = parse_cpp_literal(arguments.substr(comma + 1));
  if (!literal || name.empty() || !std::all_of(name.begin(), name.end(), is_name_part)) {
    return std::nullopt;
  }
  return Equality{name, *std::move(literal)};
}

// What may stand before main(): nothing that could change what the rest means. `text` becomes the
// body of main(), and the preamble is returned.
std::optional<std::string> take_preamble(std::string_view& text) {
  constexpr std::string_view kCompare =
      "template <typename T> bool compare(T a, T b){ \n    return a == b; \n}";
  std::string preamble;
  while (true) {
    text = trimmed(text);
    if (text.starts_with("#")) {
      const std::string_view line = trimmed(text.substr(0, text.find('\n')));
      if (line != "#undef NDEBUG" && !line.starts_with("#include")) return std::nullopt;
      preamble += std::string(line) + "\n";
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (take(text, "using namespace std;")) {
      preamble += "using namespace std;\n";
    } else if (!take(text, kCompare)) {
      break;
    }
  }
  if (!take(text, "int main(")) return std::nullopt;
  const std::size_t closing = text.find(')');
  if (closing == std::string_view::npos) return std::nullopt;
  const std::string_view arguments = trimmed(text.substr(0, closing));
  if (!arguments.empty() && arguments != "int argc, char* argv[]") return std::nullopt;
  text.remove_prefix(closing + 1);
  if (!take(text, "{") || !take_end(text, "}")) return std::nullopt;
  return preamble;
}

}  // namespace

std::optional<EqualityTests> cpp_equality_tests(std::string_view tests) {
  const std::optional<std::string_view> behind_brace = behind_leading_brace(tests);
  const std::optional<std::string> clean = without_cpp_comments(behind_brace.value_or(tests));
  if (!clean) return std::nullopt;
  std::string_view body = *clean;
  const std::optional<std::string> preamble = take_preamble(body);
  if (!preamble) return std::nullopt;
  const auto steps = statements(body);
  if (!steps) return std::nullopt;

  EqualityTests found;
  if (behind_brace) found.emitting = "}\n";
  found.emitting += *preamble + "signed main() {\n";  // signed: `#define int long long` is honest
  for (const std::string_view step : *steps) {
    std::optional<Equality> one = asserted(step);
    if (!one) one = compared(step);
    if (one) {
      found.emitting += "  farm_call::emit(" + std::string(one->call) + ");\n";
      found.expected.push_back(std::move(one->literal));
    } else if (step == "return 0;") {
      continue;
    } else if (is_straight(step)) {
      found.emitting += "  " + std::string(step) + "\n";
    } else {
      return std::nullopt;
    }
  }
  if (found.expected.empty()) return std::nullopt;
  found.emitting += "  return 0;\n}\n";
  return found;
}

}  // namespace farm::evaluate
