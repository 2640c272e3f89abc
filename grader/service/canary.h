// Canary: a tiny request of our own through Kafka, now and then, to know that this grader still
// answers by having it answer. Not a monitor of the whole farm: each grader tries the partitions
// that it owns, in turn, so that a sick grader is not hidden by a healthy one, nor blamed on it.
//
// Theory of operation. One canary is under way at a time. It is an ordinary request (the self-test
// of a language) to grading.requests.<pool>, and its answer comes to grading.replies.canary. Which
// outcomes there are:
//   answered     with the verdict `accepted`: a success
//   wrong        with another verdict: the toolchain or the sandbox broke after the start
//   unpublished  the broker took it not, or the reply topic cannot be read
//   lost         no answer although nothing was in its way
// A canary waits in the queue behind real work, and that wait is no failure: its patience runs only
// while a slot is idle, and starts anew whenever a slot begins or ends something. While all slots
// are busy it waits as long as the longest request may take, and `patience` more. If its partition
// moves to another grader, the canary is dropped without a count. A grader that owns no partition
// gets no work and tries nothing.
//
// Readiness (condition `canary`) is lost after `failures_until_unready` failures in a row and comes
// back with the first success.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grader/kafka/producer.h"
#include "grader/kafka/record.h"
#include "grader/kafka/tail.h"
#include "grader/languages/registry.h"
#include "grader/service/activity.h"
#include "monitoring/health.h"
#include "monitoring/metrics.h"
#include "schemas/expected.h"
#include "schemas/request.h"

namespace farm::service {

struct CanarySettings {
  Milliseconds interval{60'000};            // from one start to the next
  Milliseconds patience{30'000};            // with nothing in its way
  Milliseconds longest_request{3'600'000};  // total_wall_ms may be this long
  int failures_until_unready = 3;
  std::string grader_id;
  EvaluationRequest request;  // its id and trainer are filled in
};

using TopicPartition = std::pair<std::string, std::int32_t>;

// What its collaborators are; all outlive it. The functions are called on its own thread.
struct CanaryParts {
  kafka::Producer& producer;
  monitoring::Metrics& metrics;
  monitoring::Health& health;
  const Activity& activity;
  std::function<std::vector<TopicPartition>()> owned;  // partitions of request topics
  std::function<bool()> stopping;                      // draining: try nothing any more
  // Reads grading.replies.canary from now on. May block for some seconds.
  std::function<Expected<std::unique_ptr<kafka::Tail>>(std::function<void(kafka::Record)>)>
      open_replies;
};

// The cheapest request that a working language can judge: the self-test of one without a compile
// step, if there is one. nullopt: none serves stdin_stdout.
std::optional<EvaluationRequest> canary_request(const languages::Registry& working);

class Canary {
 public:
  Canary(CanarySettings settings, CanaryParts parts);
  // Joins the thread; a canary that is under way is forgotten.
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  // Starts the thread that steps. Without it (in tests) the caller steps.
  void start();
  // Does what is due at `now`: publishes, or looks after the one that is under way.
  void step(SteadyTime now);

 private:
  enum class Outcome { kAnswered, kWrong, kUnpublished, kLost };
  struct Ended {
    Outcome outcome = Outcome::kLost;
    std::string detail;
  };
  // What the threads of Kafka tell. They may do so after we are gone.
  struct Mailbox {
    std::mutex mutex;
    std::string expected;  // correlation id of the one under way; empty: none
    bool delivered = false;
    std::optional<Ended> ended;
  };
  struct UnderWay {
    TopicPartition partition;
    SteadyTime published;
    std::optional<SteadyTime> delivered;
  };

  void run();
  void publish(SteadyTime now);
  void look_after(SteadyTime now);
  void finish(const Ended& ended, SteadyTime now);
  std::optional<std::string> overdue(SteadyTime now) const;
  static void take_reply(Mailbox& mailbox, const kafka::Record& record);

  const CanarySettings settings_;
  const CanaryParts parts_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::unique_ptr<kafka::Tail> replies_;
  std::optional<UnderWay> under_way_;
  std::optional<SteadyTime> due_;  // unset: at once
  std::size_t turn_ = 0;
  int failures_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace farm::service
