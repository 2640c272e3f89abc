// LaneTurns: which of several lanes is asked first, so that each gets its share while all have
// something, and none waits longer than one round. Pure; the caller locks.
#pragma once

#include <cstddef>
#include <vector>

namespace farm::kafka {

class LaneTurns {
 public:
  // How many turns each lane has in a round; at least 1. None: one lane.
  explicit LaneTurns(std::vector<int> shares);

  // All lanes in the order in which to ask them now: the one whose turn it is, then the others by
  // share.
  const std::vector<std::size_t>& order() const { return orders_[rounds_[at_]]; }
  // Somebody had something.
  void next() { at_ = (at_ + 1) % rounds_.size(); }

 private:
  std::vector<std::size_t> rounds_;               // whose turn, evenly spread
  std::vector<std::vector<std::size_t>> orders_;  // by lane whose turn it is
  std::size_t at_ = 0;
};

}  // namespace farm::kafka
