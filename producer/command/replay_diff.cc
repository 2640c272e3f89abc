#include "producer/command/replay_diff.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "schemas/text.h"
#include "schemas/value.h"

namespace farm::command {
namespace {

constexpr std::string_view kAbsent = "(absent)";
constexpr std::size_t kShown = 120;  // bytes of a text
constexpr std::size_t kBefore = 30;  // of them before the first difference

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "cpu time 1203 ms is above …" says the same as with 1199 ms.
std::string without_milliseconds(std::string_view message) {
  std::string text;
  while (!message.empty()) {
    const std::size_t digits = std::min(message.find_first_not_of("0123456789"), message.size());
    if (digits > 0 && message.substr(digits).starts_with(" ms")) {
      text += '#';
    } else {
      text += message.substr(0, digits);
    }
    message.remove_prefix(digits);
    const auto next = std::find_if(message.begin(), message.end(), is_digit);
    const auto rest = static_cast<std::size_t>(next - message.begin());
    text += message.substr(0, rest);
    message.remove_prefix(rest);
  }
  return text;
}

std::string text_of(std::string_view text) { return std::string(text); }
std::string text_of(bool flag) { return flag ? "true" : "false"; }
std::string text_of(std::int64_t number) { return std::to_string(number); }
std::string text_of(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}
std::string text_of(const Value& value) { return encode_value(value); }
template <typename T>
std::string text_of(const std::optional<T>& optional) {
  return optional ? text_of(*optional) : text_of(kAbsent);
}
std::optional<std::int64_t> wide(std::optional<int> code) {
  return code ? std::optional<std::int64_t>(*code) : std::nullopt;
}

class Comparison {
 public:
  template <typename T>
  void add(const std::string& field, const T& first, const T& second) {
    std::string one = text_of(first);
    std::string other = text_of(second);
    if (one != other) found_.push_back({field, std::move(one), std::move(other)});
  }
  void add_message(const std::string& field, const std::string& first, const std::string& second) {
    if (without_milliseconds(first) != without_milliseconds(second))
      found_.push_back({field, first, second});
  }
  std::vector<Difference> take() { return std::move(found_); }

 private:
  std::vector<Difference> found_;
};

// Stopped in the middle: what it had printed by then is chance.
bool is_stopped(Verdict verdict) {
  return verdict == Verdict::kTimeLimit || verdict == Verdict::kMemoryLimit ||
         verdict == Verdict::kOutputLimit;
}

void compare_case(Comparison& found, const CaseResult& first, const CaseResult& second) {
  const std::string where = "cases[" + std::to_string(first.index) + "].";
  found.add(where + "verdict", word(first.verdict), word(second.verdict));
  found.add_message(where + "message", first.message, second.message);
  found.add(where + "exit_code", wide(first.exit_code), wide(second.exit_code));
  found.add(where + "signal", wide(first.signal), wide(second.signal));
  found.add(where + "actual", first.actual, second.actual);
  if (first.verdict == second.verdict && is_stopped(first.verdict)) return;
  found.add(where + "stdout", first.stdout_bytes, second.stdout_bytes);
  found.add(where + "stderr", first.stderr_bytes, second.stderr_bytes);
  found.add(where + "stdout_bytes", first.stdout_total_bytes, second.stdout_total_bytes);
}

void compare_cases(Comparison& found, const EvaluationResult& first,
                   const EvaluationResult& second) {
  std::map<std::int64_t, std::pair<const CaseResult*, const CaseResult*>> cases;
  for (const CaseResult& one : first.cases) cases[one.index].first = &one;
  for (const CaseResult& one : second.cases) cases[one.index].second = &one;
  for (const auto& [index, pair] : cases) {
    if (pair.first != nullptr && pair.second != nullptr) {
      compare_case(found, *pair.first, *pair.second);
    } else {
      const auto verdict = [](const CaseResult* one) { return one ? word(one->verdict) : kAbsent; };
      found.add("cases[" + std::to_string(index) + "]", verdict(pair.first), verdict(pair.second));
    }
  }
}

void compare_compile(Comparison& found, const std::optional<CompileResult>& first,
                     const std::optional<CompileResult>& second) {
  if (!first || !second) {
    const auto verdict = [](const auto& one) { return one ? word(one->verdict) : kAbsent; };
    return found.add("compile", verdict(first), verdict(second));
  }
  found.add("compile.verdict", word(first->verdict), word(second->verdict));
  found.add("compile.exit_code", wide(first->exit_code), wide(second->exit_code));
  found.add("compile.signal", wide(first->signal), wide(second->signal));
  found.add("compile.stdout", first->stdout_bytes, second->stdout_bytes);
  found.add("compile.stderr", first->stderr_bytes, second->stderr_bytes);
}

void compare_files(Comparison& found, const FileMap& first, const FileMap& second) {
  std::map<std::string, std::pair<std::optional<std::string>, std::optional<std::string>>> files;
  for (const auto& [path, content] : first) files[path].first = content;
  for (const auto& [path, content] : second) files[path].second = content;
  for (const auto& [path, pair] : files)
    found.add("files[\"" + path + "\"]", pair.first, pair.second);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : to_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
      out += code.data();
    } else {
      out += c;
    }
  }
  return out;
}

std::string shown(std::string_view text, std::size_t from) {
  if (text.empty()) return "(empty)";
  if (text.size() <= kShown) return escaped(text);
  const std::string_view part = text.substr(from, kShown);
  return (from > 0 ? "…" : "") + escaped(part) + (from + part.size() < text.size() ? "…" : "");
}

}  // namespace

std::vector<Difference> differences(const EvaluationResult& first, const EvaluationResult& second) {
  Comparison found;
  found.add("verdict", word(first.verdict), word(second.verdict));
  found.add("score", first.score(), second.score());
  found.add("passed", first.passed, second.passed);
  found.add("total", first.total, second.total);
  found.add_message("message", first.message, second.message);
  found.add("stopped_early", first.stopped_early, second.stopped_early);
  found.add("integrity", word(first.integrity), word(second.integrity));
  compare_compile(found, first.compile, second.compile);
  compare_cases(found, first, second);
  compare_files(found, first.files, second.files);
  return found.take();
}

std::string line_of(const Difference& difference) {
  const auto [one, other] = std::mismatch(difference.first.begin(), difference.first.end(),
                                          difference.second.begin(), difference.second.end());
  const auto same = static_cast<std::size_t>(one - difference.first.begin());
  const std::size_t from = same > kBefore ? same - kBefore : 0;
  return "  " + escaped(difference.field) + ": " +
         shown(difference.first, std::min(from, difference.first.size())) + " -> " +
         shown(difference.second, std::min(from, difference.second.size())) + "\n";
}

}  // namespace farm::command
