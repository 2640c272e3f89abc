// What graders of a pool have in common, so that it does not matter which one gets a request. Pure.
#pragma once

#include <string>
#include <vector>

#include "grader/service/self_test.h"
#include "schemas/expected.h"
#include "schemas/verdict.h"

namespace farm::service {

struct PoolRequirements {
  std::string pool;
  std::vector<std::string> languages;
  Isolation isolation = Isolation::kReduced;
};

// Whether this grader may join. Errors: kInternal with all that is missing, why, and the remedy.
Expected<Done> check_pool(const PoolRequirements& required,
                          const std::vector<LanguageStatus>& statuses, Isolation isolation);

}  // namespace farm::service
