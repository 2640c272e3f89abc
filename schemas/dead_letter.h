// DeadLetter: a record of grading.dead-letters as `gradefarm dead-letters show` prints it: what
// came, as it came, and the headers that say why it is there. Pure data.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace farm {

struct DeadLetter {
  std::string id;  // "partition:offset"
  std::int64_t published_unix_ms = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string value;
};

// One JSON object without line ends: `id`, `published_unix_ms`, `headers`, and the content as
// `value` (UTF-8) or `value_base64` (any other bytes). Header bytes that are no UTF-8 become
// U+FFFD.
std::string encode_dead_letter(const DeadLetter& letter);

}  // namespace farm
