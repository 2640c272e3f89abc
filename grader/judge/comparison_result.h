// ComparisonResult: what a comparison found. Not a verdict: grader/evaluate decides what an unequal
// case becomes.
#pragma once

#include <string>

namespace farm::judge {

struct ComparisonResult {
  bool equal = false;
  // Empty when equal. Otherwise the first difference in one line of at most about 600 bytes of
  // valid UTF-8: bytes of the submission are quoted and escaped. It shows expected values, so it
  // goes into results and never into a sandbox.
  std::string message;
};

}  // namespace farm::judge
