#include "grader/service/cancel_feed.h"

#include <gtest/gtest.h>

#include <atomic>

namespace farm::service {
namespace {

constexpr Milliseconds kDeadline{60'000};  // of what must happen; no test waits for it to pass

class ReadTail final : public kafka::Tail {
 public:
  Expected<Done> await_caught_up(Milliseconds) override { return Done{}; }
};

TEST(CancelFeed, ATopicThatCannotBeReadYetIsTriedAgain) {
  std::atomic<int> attempts{0};
  CancelFeed feed(
      [&]() -> Expected<std::unique_ptr<kafka::Tail>> {
        if (++attempts < 3) return unavailable("no such topic");
        return std::unique_ptr<kafka::Tail>(std::make_unique<ReadTail>());
      },
      Milliseconds(1));

  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!feed.await_caught_up(kDeadline) && std::chrono::steady_clock::now() < deadline) {
  }

  EXPECT_TRUE(feed.await_caught_up(kDeadline));
  EXPECT_EQ(attempts, 3);
}

TEST(CancelFeed, AGraderStartsThoughTheTopicCannotBeReadAndEndsWithoutWaitingForIt) {
  CancelFeed feed(
      []() -> Expected<std::unique_ptr<kafka::Tail>> { return unavailable("no such topic"); },
      Milliseconds(3'600'000));

  const auto caught_up = feed.await_caught_up(kDeadline);

  ASSERT_FALSE(caught_up);
  EXPECT_EQ(caught_up.error().what, "no such topic");
}

}  // namespace
}  // namespace farm::service
