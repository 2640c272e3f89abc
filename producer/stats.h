// ClientStats: what a client counted.
#pragma once

#include <cstdint>

#include "schemas/units.h"

namespace farm::producer {

// Counters since creation and gauges of now; a snapshot.
struct ClientStats {
  std::int64_t submitted = 0;
  std::int64_t answered = 0;
  std::int64_t resubmitted = 0;       // copies published because an answer was overdue
  std::int64_t delivery_retries = 0;  // publishes that failed and were tried again
  std::int64_t timed_out = 0;
  std::int64_t cancelled = 0;           // taken back by cancel() or cancel_step()
  std::int64_t duplicate_answers = 0;   // second answers, dropped
  std::int64_t unknown_answers = 0;     // for ids that nobody here waits for, dropped
  std::int64_t unreadable_answers = 0;  // dropped; the request is published again when overdue
  std::int64_t outstanding = 0;
  Bytes outstanding_bytes;
};

}  // namespace farm::producer
