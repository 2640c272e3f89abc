// gradefarm-grader --check: does once, and apart from Kafka, everything that a grader does with its
// host, and says how it went: one JSON line (schemas/check_line.h) a finding, on stdout. What
// `gradefarm doctor` shows.
#pragma once

#include <cstdint>
#include <string>

#include "grader/config/config.h"
#include "schemas/check_line.h"
#include "schemas/units.h"

namespace farm::grader {

// Precondition: single-threaded. Gives up root on its way. Returns the exit code: 0 if nothing
// blocks, else 1.
int check_host(const config::GraderConfig& config);

// `granted` is what one slot may use (startup.h, server_limits), `configured` what --max-memory
// says. Pure.
CheckLine judge_memory(Bytes host, int workers, Bytes granted, Bytes configured);
// From /proc/sys/kernel/core_pattern. Pure.
CheckLine judge_core_pattern(const std::string& pattern);
// From /proc/sys/vm/overcommit_memory. Pure.
CheckLine judge_overcommit(const std::string& mode);
// From adjtimex(2): the state that it returned and the estimated error. Pure.
CheckLine judge_clock(int state, std::int64_t estimated_error_us);

}  // namespace farm::grader
