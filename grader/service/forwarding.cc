#include "grader/service/forwarding.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "schemas/topics.h"

namespace farm::service {

int forwards_of(const kafka::Headers& record_headers) {
  const std::string_view text =
      kafka::find_header(record_headers, headers::kForwarded).value_or("");
  int forwards = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), forwards);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::max(0, forwards) : 0;
}

kafka::Headers headers_forwarded(const kafka::Headers& record_headers,
                                 const ReplyAddress& address) {
  kafka::Headers made;
  std::copy_if(record_headers.begin(), record_headers.end(), std::back_inserter(made),
               [](const auto& header) {
                 const std::string& key = header.first;
                 return key != headers::kReplyTopic && key != headers::kReplyPartition &&
                        key != headers::kForwarded &&
                        std::find(kEchoedHeaders.begin(), kEchoedHeaders.end(), key) ==
                            kEchoedHeaders.end();
               });
  made.emplace_back(std::string(headers::kReplyTopic), address.topic);
  if (address.partition >= 0)
    made.emplace_back(std::string(headers::kReplyPartition), std::to_string(address.partition));
  made.insert(made.end(), address.echoed.begin(), address.echoed.end());
  made.emplace_back(std::string(headers::kForwarded),
                    std::to_string(forwards_of(record_headers) + 1));
  return made;
}

std::int32_t partition_elsewhere(int count, const std::vector<std::int32_t>& own,
                                 std::uint64_t draw) {
  std::vector<std::int32_t> others;
  for (std::int32_t partition = 0; partition < count; ++partition) {
    if (std::find(own.begin(), own.end(), partition) == own.end()) others.push_back(partition);
  }
  return others.empty() ? -1 : others[draw % others.size()];
}

}  // namespace farm::service
