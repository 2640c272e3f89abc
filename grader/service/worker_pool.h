// WorkerPool: a fixed number of threads, one a slot, each running one job at a time. It has no
// queue of its own: work waits in Kafka, where other graders can take it, not here.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::service {

class WorkerPool {
 public:
  // A job is told the slot that it runs on: 0 … slots - 1.
  using Job = std::function<void(int slot)>;

  static Expected<std::unique_ptr<WorkerPool>> create(int slots);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // Waits for the jobs that run and joins the threads.
  ~WorkerPool();

  // Hands the job to an idle slot, or returns false (and keeps nothing) when all are busy.
  // Thread-safe.
  bool try_run(Job job);
  int slots() const { return static_cast<int>(threads_.size()); }
  int busy() const;
  // Becomes readable when a slot has become idle. An eventfd owned by the pool; read 8 bytes to
  // clear it.
  int idle_fd() const { return idle_event_.get(); }
  // Waits until every slot is idle. False: `timeout` passed first.
  bool wait_idle(Milliseconds timeout);

 private:
  WorkerPool(int slots, os::UniqueFd idle_event);
  void serve(int slot);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Job>> jobs_;  // one a slot; set while the slot is busy
  std::vector<bool> taken_;               // the slot's thread has begun it
  int busy_ = 0;
  bool stopping_ = false;
  os::UniqueFd idle_event_;
  std::vector<std::thread> threads_;
};

}  // namespace farm::service
