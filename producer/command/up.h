// gradefarm up: an embedded broker, a grader and, if asked for, an HTTP gateway, until SIGINT or
// SIGTERM. What crashes of them is started again.
#pragma once

#include "grader/config/config.h"
#include "producer/command/interrupt.h"
#include "schemas/units.h"

namespace farm::command {

// Returns the exit code (exit_codes.h): 0 after a signal, 4 if grader or gateway never came up.
int up(const config::UpOptions& options, const Interrupt& interrupt);

// How long to wait before the next start of a grader that ended `failures` times in a row: 1 s,
// doubled, at most 30 s.
Milliseconds restart_delay(int failures);

}  // namespace farm::command
