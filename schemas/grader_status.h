// GraderStatus: what a grader says of itself every few seconds on grading.status, for `gradefarm
// status`. For people: nothing in the farm decides by what it says, only by its coming
// (headers::kProcess). JSON; unknown members are ignored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm {

// What one slot grades now.
struct RunningRequest {
  int slot = 0;
  std::string request_id;
  std::string trainer;
  std::string language;
  std::int64_t since_unix_ms = 0;
};

// From publication to start, of the requests that began within the last minute.
struct QueueWaits {
  std::int64_t count = 0;
  Milliseconds median{0}, p95{0}, longest{0};  // 0 where count is 0
};

struct GraderStatus {
  std::string grader;  // as in results
  std::string pool;
  std::string version;
  std::int64_t started_unix_ms = 0;
  std::int64_t sent_unix_ms = 0;  // by the grader's clock
  bool ready = false;             // as /readyz says
  std::string conditions;         // the text of /readyz: one line a condition
  int slots = 0;
  std::vector<RunningRequest> running;
  QueueWaits waits;
  std::int64_t graded = 0;  // requests since its start
  std::int64_t partitions = 0;
  std::vector<std::string> languages;
};

std::string encode_grader_status(const GraderStatus& status);
// Errors: kInvalidRequest: no JSON object with a `grader`. Everything else may be missing.
Expected<GraderStatus> decode_grader_status(std::string_view json);

}  // namespace farm
