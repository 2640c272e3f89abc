#include "grader/service/worker_pool.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <latch>
#include <set>

#include "grader/os/files.h"

namespace farm::service {
namespace {

constexpr Milliseconds kPatience{30'000};

TEST(WorkerPool, TakesAsManyJobsAsItHasSlotsAndNoMore) {
  auto pool = std::move(WorkerPool::create(2)).value();
  std::latch release(1);
  const auto block = [&release](int) { release.wait(); };

  EXPECT_TRUE(pool->try_run(block));
  EXPECT_TRUE(pool->try_run(block));
  EXPECT_FALSE(pool->try_run(block));
  EXPECT_EQ(pool->busy(), 2);

  release.count_down();
  EXPECT_TRUE(pool->wait_idle(kPatience));
  EXPECT_EQ(pool->busy(), 0);
}

TEST(WorkerPool, JobsThatRunTogetherHaveDifferentSlots) {
  auto pool = std::move(WorkerPool::create(4)).value();
  std::latch all(4);
  std::mutex mutex;
  std::set<int> slots;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pool->try_run([&](int slot) {
      {
        const std::lock_guard lock(mutex);
        slots.insert(slot);
      }
      all.arrive_and_wait();
    }));
  }
  ASSERT_TRUE(pool->wait_idle(kPatience));

  EXPECT_EQ(slots, (std::set<int>{0, 1, 2, 3}));
}

TEST(WorkerPool, SaysWhenASlotBecameIdle) {
  auto pool = std::move(WorkerPool::create(1)).value();
  ASSERT_TRUE(pool->try_run([](int) {}));
  pollfd idle{pool->idle_fd(), POLLIN, 0};

  EXPECT_EQ(::poll(&idle, 1, static_cast<int>(kPatience.count())), 1);
}

TEST(WorkerPool, ManyJobsFromManyThreadsAllRunOnce) {
  auto pool = std::move(WorkerPool::create(3)).value();
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        while (!pool->try_run([&ran](int) { ++ran; })) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(pool->wait_idle(kPatience));

  EXPECT_EQ(ran, 2000);
}

TEST(WorkerPool, DestructorLetsRunningJobsFinish) {
  std::atomic<bool> finished{false};
  {
    auto pool = std::move(WorkerPool::create(1)).value();
    std::latch begun(1);
    ASSERT_TRUE(pool->try_run([&](int) {
      begun.count_down();
      finished = true;
    }));
    begun.wait();
  }
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace farm::service
