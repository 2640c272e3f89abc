#include "monitoring/health.h"

#include <utility>

namespace farm::monitoring {

Health::Health(std::vector<std::string> required, Milliseconds max_beat_age, Clock now)
    : max_beat_age_(max_beat_age), now_(std::move(now)), last_beat_(now_()) {
  for (std::string& name : required) conditions_[std::move(name)] = {false, "not reported yet"};
}

void Health::set(const std::string& condition, bool ready, std::string detail) {
  const std::lock_guard lock(mutex_);
  conditions_[condition] = {ready, std::move(detail)};
}

void Health::beat() {
  const std::lock_guard lock(mutex_);
  last_beat_ = now_();
}

HealthReport Health::readiness() const {
  const std::lock_guard lock(mutex_);
  HealthReport report{true, {}};
  for (const auto& [name, condition] : conditions_) {
    report.good = report.good && condition.ready;
    report.text += (condition.ready ? "ok  " : "not ready  ") + name;
    if (!condition.detail.empty()) report.text += ": " + condition.detail;
    report.text += '\n';
  }
  return report;
}

HealthReport Health::liveness() const {
  const std::lock_guard lock(mutex_);
  const auto age = std::chrono::duration_cast<Milliseconds>(now_() - last_beat_);
  const bool good = age <= max_beat_age_;
  return {good, (good ? "ok  main loop: " : "stuck  main loop: ") + std::to_string(age.count()) +
                    " ms since its last round (limit " + std::to_string(max_beat_age_.count()) +
                    ")\n"};
}

}  // namespace farm::monitoring
