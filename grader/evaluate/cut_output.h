// Captured output, cut to what a result may carry. Pure.
#pragma once

#include <string>
#include <string_view>

#include "schemas/units.h"

namespace farm::evaluate {

struct CutOutput {
  std::string bytes;
  bool truncated = false;
};

// At most `limit` bytes: everything, or the head and the tail around a line that says how much is
// missing (left out where `limit` is too small for it). Cuts between UTF-8 characters, so that text
// stays text.
CutOutput cut_output(std::string_view output, Bytes limit);

}  // namespace farm::evaluate
