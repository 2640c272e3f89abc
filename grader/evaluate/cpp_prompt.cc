#include "grader/evaluate/cpp_prompt.h"

#include <algorithm>

#include "grader/evaluate/cpp_text.h"

namespace farm::evaluate {
namespace {

// "TYPE NAME(PARAMETERS)" and nothing that gives it another linkage or another type elsewhere.
bool is_plain_header(std::string_view header) {
  if (header.find('(') == std::string_view::npos || !header.ends_with(")")) return false;
  if (header.find_first_of(";{}=#\"'") != std::string_view::npos) return false;
  std::string word;
  for (const char c : std::string(header) + " ") {
    if (is_name_part(c)) {
      word.push_back(c);
      continue;
    }
    for (const char* special : {"static", "inline", "template", "auto", "constexpr", "decltype",
                                "class", "struct", "main", "operator"}) {
      if (word == special) return false;
    }
    word.clear();
  }
  return true;
}

}  // namespace

std::optional<std::string> cpp_declarations(std::string_view prompt) {
  const std::optional<std::string> clean = without_cpp_comments(prompt);
  if (!clean) return std::nullopt;
  std::string declarations;
  std::string_view text = trimmed(*clean);
  constexpr std::string_view kUsing = "using namespace std;";
  while (text.starts_with("#") || text.starts_with(kUsing)) {
    const std::size_t size =
        text[0] == '#' ? std::min(text.find('\n'), text.size()) : kUsing.size();
    const std::string_view line = trimmed(text.substr(0, size));
    if (line[0] == '#' && !line.starts_with("#include")) return std::nullopt;
    declarations += std::string(line) + "\n";
    text = trimmed(text.substr(size));
  }
  if (!text.ends_with("{")) return std::nullopt;
  const std::string_view header = trimmed(text.substr(0, text.size() - 1));
  if (!is_plain_header(header)) return std::nullopt;
  return declarations + std::string(header) + ";\n";
}

}  // namespace farm::evaluate
