// gradefarm bench: measures this farm against a baseline, in turns, on this host. README.md tells
// how to read what it prints.
#pragma once

#include "grader/config/config.h"
#include "producer/command/interrupt.h"

namespace farm::bench {

// Precondition: this process has one thread. Returns the exit code: 0 measured, whatever the
// numbers; 1 a scenario could not be measured (a verdict was wrong, something failed); 2 unknown or
// unavailable scenario; 3 broker; 4 no slots or no grader; 128 + n signal.
int bench(const config::BenchOptions& options, const command::Interrupt& interrupt);

}  // namespace farm::bench
