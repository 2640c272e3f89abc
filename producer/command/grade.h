// gradefarm grade: requests from a file or a pipe in, results out, one JSON line each, in the order
// in which they come.
#pragma once

#include "grader/config/config.h"
#include "producer/command/interrupt.h"

namespace farm::command {

// Runs to the end and returns the exit code (exit_codes.h). What went wrong is said on stderr.
// Memory is bounded by the window of outstanding requests and the ids seen, not by the input. An
// interrupt ends it: what was answered by then is written, the rest stays unanswered.
int grade(const config::GradeOptions& options, const Interrupt& interrupt);

}  // namespace farm::command
