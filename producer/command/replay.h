// gradefarm replay: grades bad cases again and says what differs from the first time.
#pragma once

#include <string>
#include <variant>

#include "grader/config/config.h"
#include "producer/command/interrupt.h"
#include "schemas/bad_case.h"
#include "schemas/result.h"

namespace farm::command {

// The request to publish: the same question under another name, so that no grader answers from
// memory, and without its deadline, which has passed, and its pinned environment, which this farm
// need not have. Or, where the body is no valid request, the rejection that a grader would answer.
// Pure.
std::variant<std::string, EvaluationResult> request_to_replay(const BadCase& bad_case,
                                                              const std::string& request_id,
                                                              const std::string& trainer);

// Runs to the end and returns the exit code (README.md has the table): 0 where every case came out
// the same, 1 where one differs or got no answer. Differences are on stdout, all else on stderr.
int replay(const config::ReplayOptions& options, const Interrupt& interrupt);

}  // namespace farm::command
