#include "grader/kafka/topic_admin.h"

#include <algorithm>
#include <array>
#include <utility>

#include "grader/kafka/connection.h"
#include "schemas/topics.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

Error error_of(rd_kafka_resp_err_t error, const std::string& topic, const char* text) {
  const std::string what =
      "create topic " + topic + ": " + (text && *text ? text : rd_kafka_err2str(error));
  switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return invalid_request(what);
    default:
      return unavailable(what);
  }
}

Expected<NewTopicHandle> request_of(const TopicSpec& spec) {
  std::array<char, 512> why{};
  NewTopicHandle topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication,
                                             why.data(), why.size()));
  if (!topic) return invalid_request("create topic " + spec.name + ": " + why.data());
  for (const auto& [key, value] : spec.config) {
    if (const auto error = rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str())) {
      return invalid_request("create topic " + spec.name + ": setting " + key + ": " +
                             rd_kafka_err2str(error));
    }
  }
  return topic;
}

Expected<Done> request_creation(const Connection& connection, const std::vector<TopicSpec>& specs,
                                SteadyTime deadline) {
  std::vector<NewTopicHandle> owned;
  std::vector<rd_kafka_NewTopic_t*> topics;
  for (const auto& spec : specs) {
    FARM_TRY(NewTopicHandle topic, request_of(spec));
    topics.push_back(topic.get());
    owned.push_back(std::move(topic));
  }
  AdminOptionsHandle options(
      rd_kafka_AdminOptions_new(connection.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  std::array<char, 512> why{};
  const int timeout_ms = std::max(left_ms(deadline), 1);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, why.data(), why.size());
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, why.data(), why.size());

  const QueueHandle answers(rd_kafka_queue_new(connection.get()));
  rd_kafka_CreateTopics(connection.get(), topics.data(), topics.size(), options.get(),
                        answers.get());
  const EventHandle event(rd_kafka_queue_poll(answers.get(), timeout_ms + 1'000));
  if (!event) return unavailable("create topics: no answer in time");
  if (const auto error = rd_kafka_event_error(event.get())) {
    return unavailable(std::string("create topics: ") +
                       (rd_kafka_event_error_string(event.get())
                            ? rd_kafka_event_error_string(event.get())
                            : rd_kafka_err2str(error)));
  }
  std::size_t count = 0;
  const auto* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      return error_of(error, rd_kafka_topic_result_name(results[i]),
                      rd_kafka_topic_result_error_string(results[i]));
    }
  }
  return Done{};
}

}  // namespace

Expected<Done> create_topics(const ClientConfig& client, const std::vector<TopicSpec>& topics,
                             Milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  for (const auto& spec : topics) {
    if (!topics::is_legal_topic(spec.name)) {
      return invalid_request("topic \"" + spec.name +
                             "\" is not a legal name: 1 to 249 of [a-zA-Z0-9._-]");
    }
  }
  FARM_TRY(const Connection connection, Connection::create(RD_KAFKA_PRODUCER, client, {}));
  FARM_CHECK_OK(connection.await_broker(timeout));
  if (client.kind == BrokerKind::kApache && !topics.empty()) {
    FARM_CHECK_OK(request_creation(connection, topics, deadline));
  }
  for (const auto& spec : topics) {
    for (;;) {
      auto known = connection.await_topic(spec.name, Milliseconds(left_ms(deadline)));
      if (known) break;
      // The controller has it; this broker may not have heard of it yet.
      if (known.error().code != ErrorCode::kInvalidRequest || left_ms(deadline) == 0) {
        return unavailable(known.error().what);
      }
    }
  }
  return Done{};
}

Expected<std::vector<TopicDescription>> describe_topics(const ClientConfig& client,
                                                        const std::string& prefix,
                                                        Milliseconds timeout) {
  FARM_TRY(const Connection connection, Connection::create(RD_KAFKA_PRODUCER, client, {}));
  FARM_TRY(const MetadataHandle answer, connection.metadata(nullptr, timeout));
  std::vector<TopicDescription> found;
  for (int i = 0; i < answer->topic_cnt; ++i) {
    const auto& topic = answer->topics[i];
    if (!std::string_view(topic.topic).starts_with(prefix)) continue;
    found.push_back({topic.topic, topic.partition_cnt,
                     topic.partition_cnt > 0 ? topic.partitions[0].replica_cnt : 0});
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

Expected<std::map<std::string, std::string>> describe_topic_settings(const ClientConfig& client,
                                                                     const std::string& topic,
                                                                     Milliseconds timeout) {
  FARM_TRY(const Connection connection, Connection::create(RD_KAFKA_PRODUCER, client, {}));
  const Handle<rd_kafka_ConfigResource_t, &rd_kafka_ConfigResource_destroy> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const AdminOptionsHandle options(
      rd_kafka_AdminOptions_new(connection.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  const int timeout_ms = static_cast<int>(timeout.count());
  std::array<char, 512> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, why.data(), why.size());
  const QueueHandle answers(rd_kafka_queue_new(connection.get()));
  std::array<rd_kafka_ConfigResource_t*, 1> resources = {resource.get()};
  rd_kafka_DescribeConfigs(connection.get(), resources.data(), resources.size(), options.get(),
                           answers.get());
  const EventHandle event(rd_kafka_queue_poll(answers.get(), timeout_ms + 1'000));
  if (!event) return unavailable("settings of topic " + topic + ": no answer in time");
  if (const auto error = rd_kafka_event_error(event.get()))
    return unavailable("settings of topic " + topic + ": " + rd_kafka_err2str(error));
  std::size_t count = 0;
  const auto* const results = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::map<std::string, std::string> settings;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto error = rd_kafka_ConfigResource_error(results[i])) {
      const std::string what = "settings of topic " + topic + ": " + rd_kafka_err2str(error);
      return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? invalid_request(what)
                                                              : unavailable(what);
    }
    std::size_t entries = 0;
    const auto* const configs = rd_kafka_ConfigResource_configs(results[i], &entries);
    for (std::size_t j = 0; j < entries; ++j) {
      const char* const value = rd_kafka_ConfigEntry_value(configs[j]);
      if (value != nullptr) settings[rd_kafka_ConfigEntry_name(configs[j])] = value;
    }
  }
  return settings;
}

}  // namespace farm::kafka
