// fill_in(): puts into a request what only concerns its way, where it is absent. For tools that
// read requests written by hand; a trainer writes them itself.
#pragma once

#include <string>

namespace farm {

struct RequestDefaults {
  std::string request_id;
  std::string trainer;
};

// `json` with `schema_version`, `request_id` and `trainer` put in front where the object has no
// such member (null counts as one: it is refused by decode, not repaired). The rest of the text
// stays byte for byte. Text that is not one JSON object comes back unchanged.
std::string fill_in(std::string json, const RequestDefaults& defaults);

}  // namespace farm
