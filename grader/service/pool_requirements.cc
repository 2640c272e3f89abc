#include "grader/service/pool_requirements.h"

#include <algorithm>

namespace farm::service {

Expected<Done> check_pool(const PoolRequirements& required,
                          const std::vector<LanguageStatus>& statuses, Isolation isolation) {
  std::string missing;
  for (const std::string& language : required.languages) {
    const auto status =
        std::find_if(statuses.begin(), statuses.end(),
                     [&language](const LanguageStatus& one) { return one.id == language; });
    if (status == statuses.end()) {
      missing += "; language '" + language + "' is not in the languages directory";
    } else if (!status->available) {
      missing += "; language '" + language + "' does not work here: " + status->problem;
    }
  }
  if (isolation < required.isolation) {
    missing += "; isolation is '" + std::string(word(isolation)) + "', not '" +
               std::string(word(required.isolation)) + "'";
  }
  if (missing.empty()) return Done{};
  return internal_error("pool '" + required.pool + "' requires what this host lacks" + missing +
                        ". `gradefarm doctor` says what to do; --required-languages and "
                        "--required-isolation say what the pool requires");
}

}  // namespace farm::service
