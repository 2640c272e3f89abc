// Cancel: what takes requests back, as a record of grading.cancels that every grader reads: of one
// trainer, those with one of these ids, or those of a step. Only requests that were published
// before it are meant, so that a step may be asked again. Pure data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"

namespace farm {

struct Cancel {
  // Ids of one record; whoever takes more back publishes more records.
  static constexpr std::size_t kMaxIds = 1000;
  static constexpr std::size_t kMaxIdBytes = 256;  // as of a request

  std::string trainer;
  std::vector<std::string> request_ids;  // empty where `step` is set
  std::optional<std::int64_t> step;
};

std::string encode_cancel(const Cancel& cancel);
// Errors: kInvalidRequest: no JSON object with a trainer and either `request_ids` or `step`, or
// more or longer ids than the above.
// Unknown members are ignored.
Expected<Cancel> decode_cancel(std::string_view json);

}  // namespace farm
