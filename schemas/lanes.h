// Lanes: the topics of a pool's requests, one a priority. Graders pull from all of them, by shares,
// so that what is urgent goes first and nothing is starved.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "schemas/request.h"

namespace farm {

struct Lane {
  Priority priority;
  std::string_view suffix;  // of the topic
  int share;                // of pulls, while all lanes have records
};

inline constexpr std::array<Lane, 3> kLanes = {
    {{Priority::kNormal, "", 3}, {Priority::kHigh, ".high", 8}, {Priority::kLow, ".low", 1}}};

// grading.requests.<pool>, grading.requests.<pool>.high, grading.requests.<pool>.low
std::string lane_topic(std::string_view pool, Priority priority);

// Whether the topic of a pool of this name would be another pool's lane.
bool names_a_lane(std::string_view pool);

// `priority` of a request's JSON; kNormal where there is none or it cannot be read: whoever grades
// it will say so.
Priority peek_priority(std::string_view json);

}  // namespace farm
