#include "schemas/lanes.h"

#include <algorithm>

#include "schemas/json.h"
#include "schemas/topics.h"

namespace farm {
namespace {

constexpr std::size_t kMaxDepth = 512;  // as DecodeBounds

}  // namespace

std::string lane_topic(std::string_view pool, Priority priority) {
  const auto lane = std::find_if(kLanes.begin(), kLanes.end(),
                                 [=](const Lane& one) { return one.priority == priority; });
  return topics::requests(pool).append(lane->suffix);
}

bool names_a_lane(std::string_view pool) {
  return std::any_of(kLanes.begin(), kLanes.end(), [pool](const Lane& lane) {
    return !lane.suffix.empty() && pool.ends_with(lane.suffix);
  });
}

Priority peek_priority(std::string_view text) {
  // Most requests say nothing of it, and need not be parsed for that.
  if (text.find("\"priority\"") == std::string_view::npos) return Priority::kNormal;
  const auto message = json::read_message(text, kMaxDepth);
  if (!message || !message->document.IsObject()) return Priority::kNormal;
  const json::Node* const said = json::find(message->document, "priority");
  if (said == nullptr || !said->IsString()) return Priority::kNormal;
  if (json::text_of(*said) == "high") return Priority::kHigh;
  return json::text_of(*said) == "low" ? Priority::kLow : Priority::kNormal;
}

}  // namespace farm
