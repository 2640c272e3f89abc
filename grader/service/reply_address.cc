#include "grader/service/reply_address.h"

#include <charconv>

namespace farm::service {
namespace {

Expected<std::int32_t> parse_partition(std::string_view bytes) {
  std::int32_t partition = -1;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), partition);
  if (error == std::errc() && end == bytes.data() + bytes.size() && partition >= 0)
    return partition;
  if (bytes.size() == 4) {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
    if (value <= 0x7fffffffU) return static_cast<std::int32_t>(value);
  }
  return invalid_request("header kafka_replyPartition is neither a number nor 4 bytes big-endian");
}

}  // namespace

Expected<ReplyAddress> reply_address_of(const kafka::Headers& record_headers) {
  ReplyAddress address;
  const auto topic = kafka::find_header(record_headers, headers::kReplyTopic);
  if (!topic) return invalid_request("header kafka_replyTopic is missing: nobody to answer to");
  if (!topics::is_reply_topic(*topic)) {
    return invalid_request("header kafka_replyTopic is '" + std::string(topic->substr(0, 300)) +
                           "': a grader answers only to topics under " +
                           std::string(topics::kRepliesPrefix));
  }
  address.topic = *topic;
  if (const auto partition = kafka::find_header(record_headers, headers::kReplyPartition)) {
    FARM_TRY(address.partition, parse_partition(*partition));
  }
  for (const std::string_view key : kEchoedHeaders) {
    if (const auto value = kafka::find_header(record_headers, key))
      address.echoed.emplace_back(key, *value);
  }
  return address;
}

}  // namespace farm::service
