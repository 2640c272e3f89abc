#include "grader/evaluate/cpp_headers.h"

#include <algorithm>
#include <array>
#include <optional>

#include "grader/evaluate/cpp_text.h"

namespace farm::evaluate {
namespace {

constexpr std::string_view kEverything = "bits/stdc++.h";

// Headers of C, which bits/stdc++.h includes under their C++ names.
constexpr std::array<std::string_view, 17> kOfC = {
    "assert.h", "ctype.h",  "errno.h",  "inttypes.h", "limits.h", "locale.h",
    "math.h",   "setjmp.h", "signal.h", "stdarg.h",   "stddef.h", "stdint.h",
    "stdio.h",  "stdlib.h", "string.h", "time.h",     "wchar.h"};

// Headers of C++ have no extension and no folder; that the program's own files are found by <> is
// out of the question.
bool is_standard(std::string_view header) {
  const bool of_cpp = std::all_of(header.begin(), header.end(),
                                  [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return of_cpp || std::find(kOfC.begin(), kOfC.end(), header) != kOfC.end();
}

// X where `line` is `#include <X>` and nothing else.
std::optional<std::string_view> included_by(std::string_view line) {
  if (!line.starts_with('#')) return std::nullopt;
  line = trimmed(line.substr(1));
  constexpr std::string_view kInclude = "include";
  if (!line.starts_with(kInclude)) return std::nullopt;
  line = trimmed(line.substr(kInclude.size()));
  if (!line.starts_with('<') || !line.ends_with('>')) return std::nullopt;
  return trimmed(line.substr(1, line.size() - 2));
}

}  // namespace

std::string first_inclusion(std::string_view unit) {
  for (unit = trimmed(unit); unit.starts_with("//") || unit.starts_with("/*");
       unit = trimmed(unit)) {
    const std::string_view closing = unit[1] == '/' ? "\n" : "*/";
    const std::size_t end = unit.find(closing, 2);
    if (end == std::string_view::npos) return {};
    unit.remove_prefix(end + closing.size());
  }
  const std::optional<std::string> line = without_cpp_comments(unit.substr(0, unit.find('\n')));
  return line ? std::string(included_by(trimmed(*line)).value_or("")) : "";
}

std::string leading_stdcpp(std::string_view program) {
  const std::optional<std::string> clean = without_cpp_comments(program);
  if (!clean) return {};
  for (std::string_view rest = trimmed(*clean); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::optional<std::string_view> header = included_by(trimmed(line));
    if (!header) return {};
    if (*header == kEverything) return "#include <" + std::string(kEverything) + ">\n";
    if (!is_standard(*header)) return {};
    rest = trimmed(rest.substr(line.size()));
  }
  return {};
}

}  // namespace farm::evaluate
