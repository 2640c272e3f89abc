#include "grader/evaluate/equality_tests.h"

#include <utility>
#include <variant>

#include "grader/judge/compare_values.h"

namespace farm::evaluate {
namespace {

// In C++ true == 1.
void make_bools_ints(Value& value) {
  if (const bool* truth = std::get_if<bool>(&value.data)) {
    value.data = std::int64_t{*truth ? 1 : 0};
  } else if (auto* list = std::get_if<Value::List>(&value.data)) {
    for (Value& item : list->items) make_bools_ints(item);
  } else if (auto* tuple = std::get_if<Value::Tuple>(&value.data)) {
    for (Value& item : tuple->items) make_bools_ints(item);
  }
}

Expected<Value> emitted_value(std::string_view record, bool plain_text) {
  if (plain_text) return Value{std::string(record)};
  return decode_value(record);
}

}  // namespace

std::optional<EqualityTests> equality_tests(std::string_view language, std::string_view tests) {
  if (language == "bash") return bash_equality_tests(tests);
  if (language == "cpp") return cpp_equality_tests(tests);
  return std::nullopt;
}

Judgement judge_emitted(const EqualityTests& tests, const sandbox::RunOutcome& outcome,
                        const Classification& classification) {
  std::string_view rest = outcome.channel_bytes;
  std::size_t index = 0;
  for (; index < tests.expected.size(); ++index) {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) break;
    Expected<Value> actual = emitted_value(rest.substr(0, end), tests.plain_text);
    rest.remove_prefix(end + 1);
    const std::string which = "assertion " + std::to_string(index + 1) + ": ";
    if (!actual) {
      return {Verdict::kRuntimeError, which + "no value: " + actual.error().what, std::nullopt};
    }
    Value expected = tests.expected[index];
    if (!tests.plain_text) {
      make_bools_ints(expected);
      make_bools_ints(*actual);
    }
    judge::ComparisonResult comparison = judge::compare_values(expected, *actual, Comparison{});
    if (!comparison.equal) {
      return {Verdict::kWrongAnswer, which + std::move(comparison.message), std::nullopt};
    }
  }
  if (classification.verdict != Verdict::kAccepted) {
    return {classification.verdict, classification.message, std::nullopt};
  }
  if (index < tests.expected.size() || !rest.empty()) {
    return {Verdict::kRuntimeError,
            "ended after " + std::to_string(index) + " of " +
                std::to_string(tests.expected.size()) + " assertions",
            std::nullopt};
  }
  return {};
}

std::optional<std::string_view> behind_leading_brace(std::string_view tests) {
  const std::size_t brace = tests.find_first_not_of(" \t\r\n");
  if (brace == std::string_view::npos || tests[brace] != '}') return std::nullopt;
  return tests.substr(brace + 1);
}

}  // namespace farm::evaluate
