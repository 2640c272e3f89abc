#include "grader/judge/compare_output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "grader/judge/display.h"
#include "grader/judge/number.h"
#include "grader/judge/text.h"

namespace farm::judge {
namespace {

using Equal = bool (*)(std::string_view expected, std::string_view actual, const Comparison& how);

std::size_t first_difference(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(in_a - a.begin());
}

std::string expected_got(std::string_view expected, std::string_view actual) {
  const std::size_t at = first_difference(expected, actual);
  return "expected " + quote_around(expected, at) + ", got " + quote_around(actual, at);
}

// Walks over the lines of a text. A text that is empty has no lines; a last newline starts no
// further line only where the caller has cut it off.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text), done_(text.empty()) {}

  std::optional<std::string_view> next() {
    if (done_) return std::nullopt;
    const void* newline = std::memchr(rest_.data(), '\n', rest_.size());
    if (newline == nullptr) {
      done_ = true;
      return rest_;
    }
    const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - rest_.data());
    const std::string_view line = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    return line;
  }

 private:
  std::string_view rest_;
  bool done_;
};

std::size_t count_lines(std::string_view text) {
  return text.empty() ? 0
                      : static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

// Walks over the words of a text and knows on which line each is.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    std::size_t start = 0;
    for (; start < rest_.size() && is_space(rest_[start]); ++start) line_ += rest_[start] == '\n';
    std::size_t end = start;
    while (end < rest_.size() && !is_space(rest_[end])) ++end;
    if (start == end) return std::nullopt;
    const std::string_view token = rest_.substr(start, end - start);
    rest_.remove_prefix(end);
    return token;
  }
  std::size_t line() const { return line_; }

 private:
  std::string_view rest_;
  std::size_t line_ = 1;
};

bool same_trimmed_line(std::string_view expected, std::string_view actual, const Comparison&) {
  return trim_right(expected) == trim_right(actual);
}

bool same_bytes(std::string_view expected, std::string_view actual, const Comparison&) {
  return expected == actual;
}

// Whether two numbers as texts are equal within the tolerance. Two integers that differ may round
// to the same double, but they differ by at least one.
bool same_number(double expected, std::string_view expected_text, double actual,
                 std::string_view actual_text, const Comparison& how) {
  if (expected == actual && is_integer_text(expected_text) && is_integer_text(actual_text)) {
    const BigInt expected_integer{std::string(expected_text)};
    const BigInt actual_integer{std::string(actual_text)};
    if (order(&expected_integer, &actual_integer) != 0) return tolerance(expected, how) >= 1;
  }
  return within_tolerance(expected, actual, how);
}

bool same_token_or_number(std::string_view expected, std::string_view actual,
                          const Comparison& how) {
  if (expected == actual) return true;
  if (const auto expected_number = parse_finite(expected)) {
    const auto actual_number = parse_finite(actual);
    return actual_number && same_number(*expected_number, expected, *actual_number, actual, how);
  }
  const auto special = parse_non_finite(expected);
  return special && special == parse_non_finite(actual);
}

// What Python's str.strip() takes away, in UTF-8, behind ASCII. Source: CPython
// Objects/unicodetype_db.h, _PyUnicode_IsWhitespace (Unicode 15).
constexpr std::array<std::string_view, 19> kUnicodeSpaces = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

std::size_t python_space_at_end(std::string_view text) {
  if (is_space(text.back()) || (text.back() >= '\x1C' && text.back() <= '\x1F')) return 1;
  for (const auto space : kUnicodeSpaces) {
    if (text.ends_with(space)) return space.size();
  }
  return 0;
}

std::size_t python_space_at_front(std::string_view text) {
  if (is_space(text.front()) || (text.front() >= '\x1C' && text.front() <= '\x1F')) return 1;
  for (const auto space : kUnicodeSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

std::string_view python_strip(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = python_space_at_end(text);
    if (n == 0) break;
    text.remove_suffix(n);
  }
  while (!text.empty()) {
    const std::size_t n = python_space_at_front(text);
    if (n == 0) break;
    text.remove_prefix(n);
  }
  return text;
}

// Source: SandboxFusion's judge of stdin_stdout cases: |a - b| / max(|b|, 1e-10) < 1e-5, where b is
// expected.
bool same_sandboxfusion_line(std::string_view expected, std::string_view actual,
                             const Comparison&) {
  if (expected == actual) return true;
  expected = python_strip(expected);
  actual = python_strip(actual);
  if (std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(),
                 [](char a, char b) { return to_lower(a) == to_lower(b); })) {
    return true;
  }
  const auto expected_number = parse_finite(expected);
  if (!expected_number) return false;
  const auto actual_number = parse_finite(actual);
  return actual_number &&
         std::abs(*actual_number - *expected_number) / std::max(std::abs(*expected_number), 1e-10) <
             1e-5;
}

ComparisonResult compare_whole(std::string_view expected, std::string_view actual) {
  if (expected == actual) return {true, {}};
  const std::size_t at = first_difference(expected, actual);
  return {false, "byte " + std::to_string(at) + ": " + expected_got(expected, actual) + "; " +
                     std::to_string(expected.size()) + " bytes expected, got " +
                     std::to_string(actual.size())};
}

ComparisonResult compare_lines(std::string_view expected, std::string_view actual, Equal equal,
                               const Comparison& how) {
  if (expected == actual) return {true, {}};
  Lines expected_lines(expected);
  Lines actual_lines(actual);
  for (std::size_t number = 1;; ++number) {
    const auto expected_line = expected_lines.next();
    const auto actual_line = actual_lines.next();
    if (!expected_line && !actual_line) return {true, {}};
    if (expected_line && actual_line && equal(*expected_line, *actual_line, how)) continue;
    std::string message = "line " + std::to_string(number) + ": ";
    if (!actual_line) {
      message += "expected " + quote(*expected_line) + ", got the end of the output";
    } else if (!expected_line) {
      message += "expected the end of the output, got " + quote(*actual_line);
    } else {
      message += expected_got(trim_right(*expected_line), trim_right(*actual_line));
    }
    const std::size_t expected_count = count_lines(expected);
    const std::size_t actual_count = count_lines(actual);
    if (expected_count != actual_count) {
      message += "; " + std::to_string(expected_count) + " lines expected, got " +
                 std::to_string(actual_count);
    }
    return {false, std::move(message)};
  }
}

ComparisonResult compare_tokens(std::string_view expected, std::string_view actual, Equal equal,
                                const Comparison& how) {
  if (expected == actual) return {true, {}};
  Tokens expected_tokens(expected);
  Tokens actual_tokens(actual);
  for (std::size_t number = 1;; ++number) {
    const auto expected_token = expected_tokens.next();
    const auto actual_token = actual_tokens.next();
    if (!expected_token && !actual_token) return {true, {}};
    if (expected_token && actual_token && equal(*expected_token, *actual_token, how)) continue;
    std::string message = "token " + std::to_string(number);
    if (!actual_token) {
      message += ": expected " + quote(*expected_token) + ", got the end of the output";
    } else if (!expected_token) {
      message += " (line " + std::to_string(actual_tokens.line()) +
                 "): expected the end of the output, got " + quote(*actual_token);
    } else {
      message += " (line " + std::to_string(actual_tokens.line()) +
                 "): " + expected_got(*expected_token, *actual_token);
    }
    return {false, std::move(message)};
  }
}

// The hash only makes sorting fast (lines with a long common start); it decides nothing.
struct HashedLine {
  std::size_t hash;
  std::string_view line;
  friend bool operator==(const HashedLine&, const HashedLine&) = default;
  friend bool operator<(const HashedLine& a, const HashedLine& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.line < b.line;
  }
};

std::vector<HashedLine> sorted_lines(std::string_view text, std::size_t count) {
  std::vector<HashedLine> lines;
  lines.reserve(count);
  Lines walk(text);
  while (const auto line = walk.next()) {
    const std::string_view trimmed = trim_right(*line);
    lines.push_back({std::hash<std::string_view>{}(trimmed), trimmed});
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// The line of `wanted` that comes first in its text of those that `others` lacks. Both are sorted.
std::string_view first_missing(const std::vector<HashedLine>& wanted,
                               const std::vector<HashedLine>& others) {
  std::vector<HashedLine> missing;
  std::set_difference(wanted.begin(), wanted.end(), others.begin(), others.end(),
                      std::back_inserter(missing));
  return std::min_element(missing.begin(), missing.end(),
                          [](const HashedLine& a, const HashedLine& b) {
                            return std::less<>{}(a.line.data(), b.line.data());
                          })
      ->line;
}

ComparisonResult compare_unordered_lines(std::string_view expected, std::string_view actual) {
  if (expected == actual) return {true, {}};
  const std::size_t count = count_lines(expected);
  // Counted first, so that the memory for sorting is bounded by what was expected.
  if (const std::size_t actual_count = count_lines(actual); actual_count != count) {
    return {false, std::to_string(count) + " lines expected, got " + std::to_string(actual_count)};
  }
  const auto expected_lines = sorted_lines(expected, count);
  const auto actual_lines = sorted_lines(actual, count);
  if (expected_lines == actual_lines) return {true, {}};
  return {false, "expected a line " + quote(first_missing(expected_lines, actual_lines)) +
                     " that is not there or not as often, got " +
                     quote(first_missing(actual_lines, expected_lines)) + " instead"};
}

}  // namespace

ComparisonResult compare_output(std::string_view expected, std::string_view actual,
                                const Comparison& how) {
  switch (how.mode) {
    case ComparisonMode::kLines:
      return compare_lines(trim_right(expected), trim_right(actual), same_trimmed_line, how);
    case ComparisonMode::kExact:
      return compare_whole(expected, actual);
    case ComparisonMode::kStrip:
      return compare_whole(trim(expected), trim(actual));
    case ComparisonMode::kTokens:
      return compare_tokens(expected, actual, same_bytes, how);
    case ComparisonMode::kFloat:
      return compare_tokens(expected, actual, same_token_or_number, how);
    case ComparisonMode::kSandboxFusion:
      return compare_lines(python_strip(expected), python_strip(actual), same_sandboxfusion_line,
                           how);
    case ComparisonMode::kUnorderedLines:
      return compare_unordered_lines(trim_right(expected), trim_right(actual));
  }
  return {false, "unknown comparison mode"};
}

}  // namespace farm::judge
