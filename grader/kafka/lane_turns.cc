#include "grader/kafka/lane_turns.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace farm::kafka {

LaneTurns::LaneTurns(std::vector<int> shares) {
  if (shares.empty()) shares = {1};
  for (int& share : shares) share = std::max(share, 1);
  std::vector<std::size_t> by_share(shares.size());
  std::iota(by_share.begin(), by_share.end(), std::size_t{0});
  std::stable_sort(by_share.begin(), by_share.end(),
                   [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  for (std::size_t lane = 0; lane < shares.size(); ++lane) {
    std::vector<std::size_t> order = {lane};
    std::copy_if(by_share.begin(), by_share.end(), std::back_inserter(order),
                 [lane](std::size_t other) { return other != lane; });
    orders_.push_back(std::move(order));
  }
  // Smooth weighted round robin: who is furthest behind its share goes next.
  const int total = std::accumulate(shares.begin(), shares.end(), 0);
  std::vector<int> behind(shares.size());
  for (int turn = 0; turn < total; ++turn) {
    for (std::size_t lane = 0; lane < shares.size(); ++lane) behind[lane] += shares[lane];
    const auto next = std::max_element(behind.begin(), behind.end());
    *next -= total;
    rounds_.push_back(static_cast<std::size_t>(next - behind.begin()));
  }
}

}  // namespace farm::kafka
