// What this grader lacks another one of the pool may have: how a request is handed on to it. Pure.
// Graders of a pool are to be alike; this is for the time in which they are not, during an upgrade
// or where a compiler is broken on one host.
#pragma once

#include <cstdint>
#include <vector>

#include "grader/kafka/record.h"
#include "grader/service/reply_address.h"

namespace farm::service {

// Graders that hand a request on; the next one refuses it.
inline constexpr int kMaxForwards = 2;

// How many did so far: headers::kForwarded, 0 where it is missing or no number.
int forwards_of(const kafka::Headers& headers);

// The headers of the record that hands it on: once more forwarded, and answered to `address`.
kafka::Headers headers_forwarded(const kafka::Headers& headers, const ReplyAddress& address);

// One of the topic's `count` partitions that is none of `own`, by `draw`; -1, which is any, where
// there is no such.
std::int32_t partition_elsewhere(int count, const std::vector<std::int32_t>& own,
                                 std::uint64_t draw);

}  // namespace farm::service
