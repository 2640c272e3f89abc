#include "grader/service/cancel_feed.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "monitoring/log.h"

namespace farm::service {

namespace log = monitoring::log;

CancelFeed::CancelFeed(Open open, Milliseconds pause)
    : open_(std::move(open)), pause_(pause), thread_([this] { run(); }) {}

CancelFeed::~CancelFeed() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CancelFeed::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    lock.unlock();
    auto opened = open_();
    lock.lock();
    if (opened) {
      if (failure_) log::info("cancels are heard");
      failure_.reset();
      tail_ = *std::move(opened);
      changed_.notify_all();
      return;
    }
    if (!failure_) {
      log::warning("cancels are not heard, will try again", {{"error", opened.error().text()}});
    }
    failure_ = std::move(opened).error();
    changed_.notify_all();
    changed_.wait_for(lock, pause_, [this] { return closing_; });
  }
}

Expected<Done> CancelFeed::await_caught_up(Milliseconds timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, deadline, [this] { return tail_ || failure_; }))
    return unavailable("the topic of cancels is still being opened");
  if (!tail_) return *failure_;
  kafka::Tail& tail = *tail_;  // it stays
  lock.unlock();
  return tail.await_caught_up(std::chrono::ceil<Milliseconds>(
      std::max(deadline - std::chrono::steady_clock::now(), SteadyTime::duration::zero())));
}

}  // namespace farm::service
