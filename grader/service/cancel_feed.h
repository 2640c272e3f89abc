// CancelFeed: reads grading.cancels for as long as it lives. Where the topic cannot be read, that
// is tried again: meanwhile cancels are not heard, which costs work but loses nothing.
//
// Owns one thread, until the topic is open.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "grader/kafka/tail.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::service {

class CancelFeed {
 public:
  // Opens the topic from its beginning, so that a grader that was just started obeys those before
  // it, too. Called on the feed's thread; may block for some seconds.
  using Open = std::function<Expected<std::unique_ptr<kafka::Tail>>()>;

  explicit CancelFeed(Open open, Milliseconds pause = Milliseconds(5'000));
  ~CancelFeed();
  CancelFeed(const CancelFeed&) = delete;
  CancelFeed& operator=(const CancelFeed&) = delete;

  // Waits until what was published before is read. Errors: kUnavailable: the topic could not be
  // opened, which is tried again, or `timeout` passed.
  Expected<Done> await_caught_up(Milliseconds timeout);

 private:
  void run();

  const Open open_;
  const Milliseconds pause_;  // between attempts
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<kafka::Tail> tail_;
  std::optional<Error> failure_;  // of the last attempt
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace farm::service
