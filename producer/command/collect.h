// gradefarm bad-cases: gathers what graders of many hosts publish to grading.bad-cases into one
// directory.
#pragma once

#include "grader/config/config.h"
#include "producer/command/interrupt.h"

namespace farm::command {

// Runs until an interrupt, or until nothing came for options.until_idle, and returns the exit code.
// A record's offset is committed after its file was written: what was under way when it ended comes
// again, under the same name. Records that hold no bad case are named on stderr and passed over.
int collect(const config::CollectOptions& options, const Interrupt& interrupt);

}  // namespace farm::command
