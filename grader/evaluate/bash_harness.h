// The tests of a bash submission as a script of their own. Pure text work.
#pragma once

#include <string>
#include <string_view>

#include "schemas/request.h"

namespace farm::evaluate {

// `tests` behind a prelude in which the names that belong to the submission call it in another
// process (harness/bash_call.sh): evaluation.entry_point, the functions of the prompt, what the
// tests' candidate() passes its arguments on to, and every command that is not found. `source` is
// the submission's file.
std::string bash_tests(const AssertTests& evaluation, const std::string& source,
                       std::string_view tests);

}  // namespace farm::evaluate
