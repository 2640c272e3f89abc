// StatusReporter: tells grading.status every few seconds what this grader does, for `gradefarm
// status`, and that it lives, for graders that took partitions over from it (roll_call.h). Best
// effort: a report that is lost is followed by the next one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "grader/kafka/producer.h"
#include "grader/kafka/start_marks.h"
#include "grader/service/activity.h"
#include "monitoring/health.h"
#include "schemas/grader_status.h"

namespace farm::service {

struct StatusSettings {
  Milliseconds interval{5'000};
  std::string pool;
  std::string version;
  std::vector<std::string> languages;
  kafka::ProcessId process = 0;  // ours, for who waits to hear of it (roll_call.h)
};

// Not thread-safe. `producer`, `health` and `activity` must outlive it.
class StatusReporter {
 public:
  StatusReporter(StatusSettings settings, std::string grader_id, int slots,
                 kafka::Producer& producer, const monitoring::Health& health,
                 const Activity& activity);

  // Publishes if it is time. Never blocks.
  void tick(SteadyTime now, std::int64_t partitions);

 private:
  GraderStatus status(SteadyTime now, std::int64_t partitions) const;

  const StatusSettings settings_;
  const std::string grader_id_;
  const int slots_;
  const std::int64_t started_unix_ms_;
  kafka::Producer& producer_;
  const monitoring::Health& health_;
  const Activity& activity_;
  std::optional<SteadyTime> due_;
};

}  // namespace farm::service
