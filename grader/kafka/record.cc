#include "grader/kafka/record.h"

namespace farm::kafka {

std::optional<std::string_view> find_header(const Headers& headers, std::string_view key) {
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (header->first == key) return header->second;
  }
  return std::nullopt;
}

}  // namespace farm::kafka
