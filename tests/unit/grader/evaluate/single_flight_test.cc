#include "grader/evaluate/single_flight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace farm::evaluate {
namespace {

using Flights = SingleFlight<int>;

constexpr Milliseconds kPatient{60'000};

// Followers of "key", each in a thread, and what they got: 0 for nothing.
class SingleFlightTest : public testing::Test {
 protected:
  std::future<int> follow(Milliseconds patience = kPatient) {
    return std::async(std::launch::async, [this, patience] {
      const auto seat = flights_.join("key", patience, &cancelled_);
      EXPECT_FALSE(seat.leads());
      return seat.value() == nullptr ? 0 : *seat.value();
    });
  }
  void wait_until_waiting(int threads) const {
    while (flights_.waiting() < threads) std::this_thread::sleep_for(Milliseconds(1));
  }

  Flights flights_;
  std::atomic<bool> cancelled_{false};
};

TEST_F(SingleFlightTest, WhoeverComesWhileOneIsAtItGetsWhatThatOneShares) {
  auto leader = flights_.join("key", kPatient, nullptr);
  ASSERT_TRUE(leader.leads());
  std::vector<std::future<int>> followers;
  for (int i = 0; i < 4; ++i) followers.push_back(follow());
  wait_until_waiting(4);

  leader.share(std::make_shared<const int>(7));

  for (auto& follower : followers) EXPECT_EQ(follower.get(), 7);
}

TEST_F(SingleFlightTest, NothingIsRemembered) {
  flights_.join("key", kPatient, nullptr).share(std::make_shared<const int>(7));
  EXPECT_TRUE(flights_.join("key", kPatient, nullptr).leads());
}

TEST_F(SingleFlightTest, OtherKeysDoNotWait) {
  const auto leader = flights_.join("key", kPatient, nullptr);
  EXPECT_TRUE(flights_.join("other", kPatient, nullptr).leads());
}

TEST_F(SingleFlightTest, ALeaderThatGoesWithoutSharingLeavesTheOthersToThemselves) {
  auto leader = std::make_unique<Flights::Seat>(flights_.join("key", kPatient, nullptr));
  auto one = follow();
  auto two = follow();
  wait_until_waiting(2);

  leader.reset();

  EXPECT_EQ(one.get(), 0);
  EXPECT_EQ(two.get(), 0);
  EXPECT_TRUE(flights_.join("key", kPatient, nullptr).leads());
}

TEST_F(SingleFlightTest, WhoeverIsCancelledWaitsNoLonger) {
  const auto leader = flights_.join("key", kPatient, nullptr);
  auto follower = follow();
  wait_until_waiting(1);

  cancelled_ = true;

  EXPECT_EQ(follower.get(), 0);
}

TEST_F(SingleFlightTest, PatienceEnds) {
  const auto leader = flights_.join("key", kPatient, nullptr);
  EXPECT_EQ(follow(Milliseconds(1)).get(), 0);
}

}  // namespace
}  // namespace farm::evaluate
