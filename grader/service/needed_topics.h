// The topics that a grader creates where they are missing, so that a small farm needs no setup.
// Whoever wants other numbers creates them before (`gradefarm topics create`). Pure.
#pragma once

#include <string_view>
#include <vector>

#include "grader/kafka/topic_admin.h"

namespace farm::service {

// With the replication of the broker's default. `bad_cases`: also grading.bad-cases.
std::vector<kafka::TopicSpec> needed_topics(std::string_view pool, bool bad_cases);

}  // namespace farm::service
