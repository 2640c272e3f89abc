// RollCall: finds out what became of the graders that may have started a record and lost its
// partition (kafka::Consumer::awaited()). A grader that lives says so on grading.status every few
// seconds (status_report.h), with the id of its process in a header; one that is silent there for
// kSilence after it was silent to its group for a session has ended.
//
// What is heard counts from when the topic was opened for whom it is asked for: a report that was
// published before tells nothing.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "grader/kafka/record.h"
#include "grader/kafka/start_marks.h"
#include "grader/kafka/tail.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::service {

// Of whom it is asked, and what is known of each. Pure: no threads, no clock.
class Fates {
 public:
  // Two reports (StatusSettings::interval) and something for a busy host.
  static constexpr Milliseconds kSilence{12'000};
  // Where the topic cannot be read, records wait no longer.
  static constexpr Milliseconds kLongest{60'000};

  // These are asked for, and no others any more. True: one of them was not before, so that it has
  // to be listened anew.
  bool ask(const std::vector<kafka::ProcessId>& awaited, SteadyTime now);
  // What is heard from now on was said after all of these were asked for.
  void listening(SteadyTime now);
  void heard(kafka::ProcessId process);
  // Of whom it is known by now whether they live.
  std::vector<std::pair<kafka::ProcessId, bool>> known(SteadyTime now) const;

 private:
  struct Asked {
    SteadyTime since;
    std::optional<SteadyTime> listened;
    bool heard = false;
  };
  std::map<kafka::ProcessId, Asked> asked_;
};

// The process that published a status report, if that can be read.
std::optional<kafka::ProcessId> process_of(const kafka::Headers& headers);

// The functions are called on its own thread, and outlive it.
struct RollCallParts {
  std::function<std::vector<kafka::ProcessId>()> awaited;
  std::function<void(kafka::ProcessId, bool alive)> judge;
  // Reads grading.status from now on. May block for some seconds.
  std::function<Expected<std::unique_ptr<kafka::Tail>>(std::function<void(kafka::Record)>)> open;
};

// Owns one thread, and a client of Kafka while somebody is asked for.
class RollCall {
 public:
  explicit RollCall(RollCallParts parts);
  // Joins the thread.
  ~RollCall();
  RollCall(const RollCall&) = delete;
  RollCall& operator=(const RollCall&) = delete;

  // Starts the thread that steps. Without it (in tests) the caller steps.
  void start();
  void step(SteadyTime now);

 private:
  // What the thread of the tail tells. It may do so after we are gone.
  struct Mailbox {
    std::mutex mutex;
    std::vector<kafka::ProcessId> heard;
  };
  void run();
  void listen();

  const RollCallParts parts_;
  Fates fates_;
  std::shared_ptr<Mailbox> mailbox_;  // of tail_
  std::unique_ptr<kafka::Tail> tail_;
  bool counted_ = false;  // what is heard by tail_, and its silence

  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace farm::service
