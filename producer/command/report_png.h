// The report as a picture: verdicts, latencies, suspicious exits, and the course over the steps.
#pragma once

#include <string>

#include "producer/command/report_summary.h"
#include "schemas/expected.h"

namespace farm::command {

// Writes a PNG of 1200 by 900 pixels. Errors: kInternal naming the path.
Expected<Done> write_report_png(const Report& report, const std::string& path);

}  // namespace farm::command
