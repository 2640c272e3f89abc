// RAII for librdkafka's C objects. Private to this folder.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace farm::kafka {

template <auto destroy>
struct DestroyBy {
  template <typename T>
  void operator()(T* object) const noexcept {
    destroy(object);
  }
};

// Owns one object of librdkafka and destroys it by the function that its header names.
template <typename T, auto destroy>
using Handle = std::unique_ptr<T, DestroyBy<destroy>>;

using ConfHandle = Handle<rd_kafka_conf_t,
                          &rd_kafka_conf_destroy>;  // rd_kafka_new() takes it: release() on success
// Without the flag the destructor of a group member might wait for its coordinator for ever;
// Consumer leaves by itself.
inline void destroy_client(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
using ClientHandle = Handle<rd_kafka_t, &destroy_client>;
using TopicHandle = Handle<rd_kafka_topic_t, &rd_kafka_topic_destroy>;
using QueueHandle = Handle<rd_kafka_queue_t, &rd_kafka_queue_destroy>;
using EventHandle = Handle<rd_kafka_event_t, &rd_kafka_event_destroy>;
using MessageHandle = Handle<rd_kafka_message_t, &rd_kafka_message_destroy>;
using HeadersHandle = Handle<rd_kafka_headers_t, &rd_kafka_headers_destroy>;
using ErrorHandle = Handle<rd_kafka_error_t, &rd_kafka_error_destroy>;
using PartitionListHandle =
    Handle<rd_kafka_topic_partition_list_t, &rd_kafka_topic_partition_list_destroy>;
using MetadataHandle = Handle<const rd_kafka_metadata_t, &rd_kafka_metadata_destroy>;
using NewTopicHandle = Handle<rd_kafka_NewTopic_t, &rd_kafka_NewTopic_destroy>;
using AdminOptionsHandle = Handle<rd_kafka_AdminOptions_t, &rd_kafka_AdminOptions_destroy>;

}  // namespace farm::kafka
