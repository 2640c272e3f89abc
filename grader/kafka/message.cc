#include "grader/kafka/message.h"

namespace farm::kafka {
namespace {

std::string bytes(const void* data, std::size_t size) {
  return data ? std::string(static_cast<const char*>(data), size) : std::string();
}

Headers headers_of(const rd_kafka_message_t& message) {
  Headers result;
  rd_kafka_headers_t* headers = nullptr;  // stays the message's
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return result;
  const char* key = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &key, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    result.emplace_back(key, bytes(value, size));
  }
  return result;
}

}  // namespace

Record record_of(const rd_kafka_message_t& message, std::int64_t epoch) {
  Record record;
  record.position = {rd_kafka_topic_name(message.rkt), message.partition, message.offset, epoch};
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  record.headers = headers_of(message);
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const auto timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp > 0)
    record.timestamp_unix_ms = timestamp;
  return record;
}

}  // namespace farm::kafka
