// Health: whether the process lives (its main loop ticks) and whether it should get work (named
// conditions). It knows no HTTP; metrics_server.h shows it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "schemas/units.h"

namespace farm::monitoring {

// An answer and its text for a person, one line a condition.
struct HealthReport {
  bool good = false;
  std::string text;
};

// Thread-safe.
class Health {
 public:
  using Clock = std::function<SteadyTime()>;

  // Conditions named in `required` are not ready until somebody says that they are. The main loop
  // must beat() more often than every `max_beat_age`; creation counts as the first beat.
  explicit Health(std::vector<std::string> required,
                  Milliseconds max_beat_age = Milliseconds{30'000},
                  Clock now = std::chrono::steady_clock::now);

  // `detail` is shown to whoever asks: why it is not ready and what to do ("10.0.0.4:9092 does not
  // answer").
  void set(const std::string& condition, bool ready, std::string detail = {});
  // The main loop went round once more.
  void beat();

  HealthReport readiness() const;  // good when every condition is
  HealthReport liveness() const;   // good while the last beat is young enough

 private:
  struct Condition {
    bool ready = false;
    std::string detail;
  };
  const Milliseconds max_beat_age_;
  const Clock now_;
  mutable std::mutex mutex_;  // guards the two below
  std::map<std::string, Condition> conditions_;
  SteadyTime last_beat_;
};

}  // namespace farm::monitoring
