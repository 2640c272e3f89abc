// Compares what a program printed with what it should have printed, on bytes. Pure; linear in the
// sizes (log-linear for unordered_lines). README.md of this folder has the modes with examples.
#pragma once

#include <string_view>

#include "grader/judge/comparison_result.h"
#include "schemas/request.h"

namespace farm::judge {

// Both texts are looked at in full. `how.unordered` is not used here.
//   lines            white space at the end of each line and blank lines at the end are ignored;
//   all else counts exact            the same bytes strip            the same bytes after white
//   space at both ends of the text is dropped tokens           the same sequence of words separated
//   by white space float            tokens; a pair of finite decimal numbers is equal within the
//   tolerance; nan equals nan, an infinity
//                    equals the same infinity in any spelling; other pairs have to be the same
//                    bytes
//   sandboxfusion    the text, then each of its lines is stripped and ASCII letters lose their
//   case; a pair of lines that
//                    are finite numbers as a whole is equal below a relative difference of 1e-5 of
//                    the expected one
//   unordered_lines  the lines of `lines` as a multiset
// White space is space \t \n \v \f \r; sandboxfusion strips what Python's str.strip() does.
ComparisonResult compare_output(std::string_view expected, std::string_view actual,
                                const Comparison& how);

}  // namespace farm::judge
