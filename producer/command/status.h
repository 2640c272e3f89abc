// gradefarm status: what the graders of a cluster do now, from the reports that they publish to
// grading.status every 5 s.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "grader/config/config.h"
#include "producer/command/interrupt.h"
#include "schemas/grader_status.h"

namespace farm::command {

// Collects for `--wait` (with --watch: until a signal) and prints. Returns 0 if a grader reported,
// 1 if none did, 3 if the broker or its topic cannot be read.
int status(const config::StatusOptions& options, const Interrupt& interrupt);

// A report and when it came here, by this host's clock: that of the grader may differ.
struct SeenReport {
  GraderStatus status;
  std::int64_t arrived_unix_ms = 0;
};

// A table: a line a grader, in the order of the map, and below it a line for each request that it
// grades. `now_unix_ms` is this host's clock. With line ends; bytes that a terminal would obey are
// replaced. Pure.
std::string status_table(const std::map<std::string, SeenReport>& graders,
                         std::int64_t now_unix_ms);

}  // namespace farm::command
