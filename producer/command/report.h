// gradefarm report: summarises results, one JSON line each, as text and as a picture.
#pragma once

#include "grader/config/config.h"

namespace farm::command {

// Reads to the end of the input and returns the exit code: 0, or 5 where a file cannot be used.
// Lines that are no results are counted in the report and the first is named on stderr.
int report(const config::ReportOptions& options);

}  // namespace farm::command
