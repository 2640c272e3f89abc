#include "grader/kafka/connection.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <thread>

namespace farm::kafka {
namespace {

constexpr Milliseconds kTopicRetry{50};

// From "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in
// state CONNECT)" to "connection refused".
std::string reason_of(std::string_view line) {
  if (const auto failed = line.find("failed: "); failed != std::string_view::npos) {
    line.remove_prefix(failed + 8);
  }
  if (const auto after = line.find(" (after "); after != std::string_view::npos) {
    line = line.substr(0, after);
  }
  std::string reason(line);
  if (!reason.empty()) {
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  }
  return reason;
}

void on_log(const rd_kafka_t* client, int level, const char* facility, const char* line) {
  Connection::context_of(client).say(level, std::string(facility) + ": " + line);
}

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& context = *static_cast<ConnectionContext*>(opaque);
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  context.say(kLogWarning, std::string(rd_kafka_err2name(error)) + ": " + reason);
  const std::lock_guard lock(context.mutex);
  // "All brokers down" says less than the line before it.
  if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || context.last_error.empty()) {
    context.last_error = reason_of(reason);
  }
}

Expected<Done> set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  std::array<char, 512> ignored{};  // may quote the value, which may be a password
  switch (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), ignored.data(), ignored.size())) {
    case RD_KAFKA_CONF_OK:
      return Done{};
    case RD_KAFKA_CONF_UNKNOWN:
      return internal_error("Kafka property \"" + key + "\" is unknown to librdkafka " +
                            rd_kafka_version_str() + "; see its CONFIGURATION.md");
    default:
      return internal_error("Kafka property \"" + key + "\" has a value that librdkafka " +
                            rd_kafka_version_str() + " does not accept; see its CONFIGURATION.md");
  }
}

}  // namespace

Expected<Connection> Connection::create(rd_kafka_type_t type, const ClientConfig& config,
                                        const Properties& properties, void* owner,
                                        const std::function<void(rd_kafka_conf_t*)>& adorn) {
  ConfHandle conf(rd_kafka_conf_new());
  FARM_CHECK_OK(set(conf.get(), "bootstrap.servers", config.brokers));
  FARM_CHECK_OK(set(conf.get(), "client.id", config.client_id));
  // A connection that idles is closed by brokers after 10 minutes; that is no news.
  FARM_CHECK_OK(set(conf.get(), "log.connection.close", "false"));
  for (const auto& [key, value] : properties) FARM_CHECK_OK(set(conf.get(), key, value));
  for (const auto& [key, value] : config.properties) FARM_CHECK_OK(set(conf.get(), key, value));

  auto context = std::make_unique<ConnectionContext>();
  context->log = config.log;
  context->owner = owner;
  rd_kafka_conf_set_opaque(conf.get(), context.get());
  rd_kafka_conf_set_log_cb(conf.get(), &on_log);
  rd_kafka_conf_set_error_cb(conf.get(), &on_error);
  if (adorn) adorn(conf.get());

  std::array<char, 512> why{};
  ClientHandle client(rd_kafka_new(type, conf.get(), why.data(), why.size()));
  if (!client) return internal_error(std::string("cannot create a Kafka client: ") + why.data());
  (void)conf.release();  // the client owns it now
  return Connection(config.brokers, std::move(context), std::move(client));
}

Error Connection::unreachable() const {
  std::string reason;
  {
    const std::lock_guard lock(context_->mutex);
    reason = context_->last_error;
  }
  if (reason.empty()) reason = "no answer";
  return unavailable("cannot reach Kafka at " + brokers_ + ": " + reason +
                     "; check --brokers and that the broker runs");
}

Expected<MetadataHandle> Connection::metadata(const char* topic_or_null,
                                              Milliseconds timeout) const {
  TopicHandle topic(topic_or_null ? rd_kafka_topic_new(get(), topic_or_null, nullptr) : nullptr);
  if (topic_or_null && !topic) {
    return invalid_request(std::string("topic \"") + topic_or_null + "\" is not a legal name");
  }
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(get(), topic ? 0 : 1, topic.get(), &metadata,
                                       static_cast<int>(timeout.count()));
  rd_kafka_poll(get(), 0);  // runs on_error, which knows why
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable();
  return MetadataHandle(metadata);
}

Expected<Done> Connection::await_broker(Milliseconds timeout) const {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error =
      rd_kafka_metadata(get(), 0, nullptr, &metadata, static_cast<int>(timeout.count()));
  MetadataHandle owned(metadata);
  rd_kafka_poll(get(), 0);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable();
  return Done{};
}

Expected<int> Connection::await_topic(const std::string& topic, Milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    FARM_TRY(const MetadataHandle answer,
             metadata(topic.c_str(), Milliseconds(std::max(left_ms(deadline), 1))));
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    int partitions = 0;
    if (answer->topic_cnt == 1) {
      const auto& found = answer->topics[0];
      error = found.err;
      partitions = found.partition_cnt;
      for (int i = 0; i < partitions && !error; ++i) {
        if (found.partitions[i].leader < 0) error = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
      }
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && partitions > 0) return partitions;
    // A topic that was created just now (or is being created by this very question) has no leader
    // for a moment.
    const bool may_appear = error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || !error;
    if (!may_appear) {
      return invalid_request("topic " + topic + ": " + rd_kafka_err2str(error));
    }
    if (left_ms(deadline) == 0) {
      return unavailable("topic " + topic + ": " + rd_kafka_err2str(error));
    }
    std::this_thread::sleep_for(kTopicRetry);
  }
}

std::optional<Error> Connection::fatal() const {
  std::array<char, 512> text{};
  const auto error = rd_kafka_fatal_error(get(), text.data(), text.size());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return internal_error(std::string("Kafka client is unusable: ") + rd_kafka_err2name(error) +
                        ": " + text.data());
}

int left_ms(SteadyTime deadline) {
  const auto left =
      std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<Milliseconds::rep>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace farm::kafka
