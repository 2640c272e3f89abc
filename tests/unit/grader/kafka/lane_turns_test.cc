#include "grader/kafka/lane_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::kafka {
namespace {

using ::testing::ElementsAre;

// How often each of three lanes is served in so many turns, where only those have anything.
std::vector<int> served(int turns, const std::vector<bool>& has) {
  LaneTurns lanes({3, 8, 1});
  std::vector<int> counts(3);
  for (int turn = 0; turn < turns; ++turn) {
    for (const std::size_t lane : lanes.order()) {
      if (!has[lane]) continue;
      ++counts[lane];
      lanes.next();
      break;
    }
  }
  return counts;
}

TEST(LaneTurns, EachGetsItsShareWhileAllHaveSomething) {
  EXPECT_THAT(served(1'200, {true, true, true}), ElementsAre(300, 800, 100));
}

TEST(LaneTurns, AShareThatIsNotWantedGoesToTheLargest) {
  EXPECT_THAT(served(1'200, {true, false, true}), ElementsAre(1'100, 0, 100));
  EXPECT_THAT(served(1'200, {false, false, true}), ElementsAre(0, 0, 1'200));
}

TEST(LaneTurns, NobodyWaitsForLongerThanARound) {
  LaneTurns lanes({3, 8, 1});
  int since = 0;
  for (int turn = 0; turn < 240; ++turn, lanes.next()) {
    since = lanes.order().front() == 2 ? 0 : since + 1;
    EXPECT_LT(since, 12);
  }
}

TEST(LaneTurns, WithoutSharesThereIsOneLane) {
  LaneTurns lanes({});
  EXPECT_THAT(lanes.order(), ElementsAre(0U));
  lanes.next();
  EXPECT_THAT(lanes.order(), ElementsAre(0U));
}

}  // namespace
}  // namespace farm::kafka
