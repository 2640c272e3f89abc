#include "grader/service/worker_pool.h"

#include "grader/os/files.h"

namespace farm::service {

Expected<std::unique_ptr<WorkerPool>> WorkerPool::create(int slots) {
  FARM_TRY(os::UniqueFd idle_event, os::make_event_fd());
  return std::unique_ptr<WorkerPool>(new WorkerPool(slots, std::move(idle_event)));
}

WorkerPool::WorkerPool(int slots, os::UniqueFd idle_event) : idle_event_(std::move(idle_event)) {
  jobs_.resize(static_cast<std::size_t>(slots));
  taken_.resize(static_cast<std::size_t>(slots));
  for (int slot = 0; slot < slots; ++slot) threads_.emplace_back([this, slot] { serve(slot); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::try_run(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    std::size_t slot = 0;
    while (slot < jobs_.size() && jobs_[slot]) ++slot;
    if (slot == jobs_.size()) return false;
    jobs_[slot] = std::move(job);
    taken_[slot] = false;
    ++busy_;
  }
  changed_.notify_all();
  return true;
}

int WorkerPool::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

bool WorkerPool::wait_idle(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [this] { return busy_ == 0; });
}

void WorkerPool::serve(int slot) {
  const auto index = static_cast<std::size_t>(slot);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this, index] { return stopping_ || (jobs_[index] && !taken_[index]); });
    if (!jobs_[index] || taken_[index]) return;  // stopping, and nothing left to do here
    taken_[index] = true;
    lock.unlock();
    (*jobs_[index])(slot);
    lock.lock();
    jobs_[index].reset();
    --busy_;
    changed_.notify_all();
    os::signal_event(idle_event_.get());
  }
}

}  // namespace farm::service
