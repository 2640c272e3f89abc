// CheckLine: one finding of `gradefarm-grader --check` and `gradefarm doctor`, as a line of JSON.
#pragma once

#include <string>
#include <string_view>

#include "schemas/expected.h"

namespace farm {

enum class CheckState {
  kReady,    // works; it was tried where that is possible
  kMissing,  // is not there
  kFailing,  // is there and does not work
};
std::string_view word(CheckState);  // ready missing failing

struct CheckLine {
  std::string name;
  CheckState state = CheckState::kReady;
  bool required = true;  // false: the farm works without it
  std::string detail;    // what was found
  std::string remedy;    // what to do; empty where nothing is to be done

  // Whether a script has to stop here.
  bool blocks() const {
    return state == CheckState::kFailing || (required && state != CheckState::kReady);
  }
};

std::string encode_check_line(const CheckLine& line);
// Errors: kInvalidRequest.
Expected<CheckLine> decode_check_line(std::string_view json);

}  // namespace farm
