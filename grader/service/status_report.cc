#include "grader/service/status_report.h"

#include <string>
#include <utility>

#include "grader/service/grading.h"
#include "monitoring/log.h"
#include "schemas/topics.h"

namespace farm::service {

StatusReporter::StatusReporter(StatusSettings settings, std::string grader_id, int slots,
                               kafka::Producer& producer, const monitoring::Health& health,
                               const Activity& activity)
    : settings_(std::move(settings)),
      grader_id_(std::move(grader_id)),
      slots_(slots),
      started_unix_ms_(now_unix_ms()),
      producer_(producer),
      health_(health),
      activity_(activity) {}

void StatusReporter::tick(SteadyTime now, std::int64_t partitions) {
  if (due_ && now < *due_) return;
  due_ = now + settings_.interval;
  kafka::OutgoingRecord record;
  record.topic = topics::kStatus;
  record.key = grader_id_;
  record.value = encode_grader_status(status(now, partitions));
  record.headers.emplace_back(std::string(headers::kProcess), std::to_string(settings_.process));
  const auto tell = [](const Error& error) {
    monitoring::log::debug("status report not published", {{"error", error.text()}});
  };
  const auto queued =
      producer_.publish(std::move(record), [tell](const Expected<kafka::Delivery>& delivery) {
        if (!delivery) tell(delivery.error());
      });
  if (!queued) tell(queued.error());
}

GraderStatus StatusReporter::status(SteadyTime now, std::int64_t partitions) const {
  const monitoring::HealthReport readiness = health_.readiness();
  GraderStatus status;
  status.grader = grader_id_;
  status.pool = settings_.pool;
  status.version = settings_.version;
  status.started_unix_ms = started_unix_ms_;
  status.sent_unix_ms = now_unix_ms();
  status.ready = readiness.good;
  status.conditions = readiness.text;
  status.slots = slots_;
  status.running = activity_.running();
  status.waits = activity_.waits(now);
  status.graded = activity_.ended();
  status.partitions = partitions;
  status.languages = settings_.languages;
  return status;
}

}  // namespace farm::service
