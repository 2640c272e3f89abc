// BrokerWatch: a thread that asks every few seconds whether a broker answers, so that a question
// about health need not wait for one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "schemas/units.h"

namespace farm::gateway {

class BrokerWatch {
 public:
  // `reaches` may block for some seconds; it is called on the watch's thread.
  BrokerWatch(std::function<bool()> reaches, Milliseconds interval);
  ~BrokerWatch();  // blocks as long as `reaches` does
  BrokerWatch(const BrokerWatch&) = delete;
  BrokerWatch& operator=(const BrokerWatch&) = delete;

  // What the last answer was; true before the first, since whoever made a client reached one.
  bool is_up() const { return up_; }

 private:
  void work();

  const std::function<bool()> reaches_;
  const Milliseconds interval_;
  std::atomic<bool> up_ = true;
  std::mutex mutex_;  // guards ending_
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace farm::gateway
