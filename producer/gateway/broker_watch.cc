#include "producer/gateway/broker_watch.h"

#include <exception>
#include <utility>

#include "monitoring/log.h"

namespace farm::gateway {

BrokerWatch::BrokerWatch(std::function<bool()> reaches, Milliseconds interval)
    : reaches_(std::move(reaches)), interval_(interval), thread_([this] { work(); }) {}

BrokerWatch::~BrokerWatch() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void BrokerWatch::work() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return ending_; })) {
    lock.unlock();
    bool up = false;
    try {
      up = reaches_();
    } catch (const std::exception& failure) {
      monitoring::log::error("cannot ask for the broker", {{"error", failure.what()}});
    }
    if (up_.exchange(up) != up)
      monitoring::log::warning(up ? "the broker answers again" : "the broker does not answer");
    lock.lock();
  }
}

}  // namespace farm::gateway
