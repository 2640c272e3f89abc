// gradefarm cancel: tells all graders of a cluster that a trainer takes requests back.
#pragma once

#include <vector>

#include "grader/config/config.h"
#include "schemas/cancel.h"

namespace farm::command {

// Returns the exit code (exit_codes.h) once the broker has it: graders kill what runs of the
// requests within two seconds and begin no others. Whether there are any is not known here.
int cancel(const config::CancelOptions& options);

// The records that say it. Pure.
std::vector<Cancel> cancels_of(const config::CancelOptions& options);

}  // namespace farm::command
