#include "schemas/topics.h"

#include <algorithm>

namespace farm::topics {
namespace {

bool is_legal_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

std::string requests(std::string_view pool) { return std::string(kRequestsPrefix).append(pool); }
std::string replies(std::string_view trainer) {
  return std::string(kRepliesPrefix).append(trainer);
}

bool is_legal_topic(std::string_view name) {
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), is_legal_char);
}

bool is_reply_topic(std::string_view name) {
  return name.starts_with(kRepliesPrefix) && name.size() > kRepliesPrefix.size() &&
         is_legal_topic(name);
}

bool is_legal_name_part(std::string_view name) {
  return !name.empty() && is_legal_topic(requests(name)) && is_legal_topic(replies(name));
}

}  // namespace farm::topics
