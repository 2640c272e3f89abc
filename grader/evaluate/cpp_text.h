// C++ source as text, as far as taking trusted tests apart needs it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace farm::evaluate {

bool is_name_part(char c);
std::string_view trimmed(std::string_view text);

// `source` without comments; nullopt for what a reader this simple might read wrongly: raw strings,
// lines that are continued, strings that do not end.
std::optional<std::string> without_cpp_comments(std::string_view source);

// Walks over a text and tells of every character outside strings how deep in brackets it is.
class Depth {
 public:
  // Before `c` counts. Closing brackets are as deep as their opening ones.
  int at(char c) {
    if (quote_ != '\0') {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == quote_) {
        quote_ = '\0';
      }
      return kInString;
    }
    if (c == '"' || c == '\'') quote_ = c;
    if (c == ')' || c == '}' || c == ']') return --depth_;
    const int before = depth_;
    if (c == '(' || c == '{' || c == '[') ++depth_;
    return before;
  }
  static constexpr int kInString = 1'000'000;

 private:
  char quote_ = '\0';
  bool escaped_ = false;
  int depth_ = 0;
};

// What stands on the two sides of the only == of a text that is no more than one comparison,
// outside of brackets; nullopt for everything else.
std::optional<std::pair<std::string_view, std::string_view>> sides_of_equality(
    std::string_view text);

// `tests` in which every assert(A == B) compares by farm_call::equal() (harness/cpp_call.h), which
// knows no operator of the submission. What is not of this form, or not understood, is left as it
// is.
std::string with_own_comparisons(const std::string& tests);

// `tests` in which what the function under test returns goes through farm_call::Checked
// (harness/cpp_call.h) before anything is done with it. `entry_point` may be empty; what is not
// understood is left as it is.
std::string with_checked_calls(const std::string& tests, std::string_view entry_point);

}  // namespace farm::evaluate
