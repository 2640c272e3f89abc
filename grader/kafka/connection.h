// Connection: one librdkafka client and what every kind of client does alike: properties, log
// lines, the last error that a broker connection met, metadata. Private to this folder.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grader/kafka/client_config.h"
#include "grader/kafka/handles.h"

namespace farm::kafka {

// librdkafka's per-client opaque pointer. It outlives the client, since librdkafka's threads log
// until it is destroyed.
struct ConnectionContext {
  LogSink log;
  void* owner = nullptr;  // the Consumer, Producer, … whose callbacks run

  std::mutex mutex;
  std::string last_error;  // guarded by mutex; "connection refused" rather than the whole line

  void say(int syslog_level, std::string_view line) const {
    if (log) log(syslog_level, line);
  }
};

using Properties = std::vector<std::pair<std::string, std::string>>;

class Connection {
 public:
  // `properties` first, then those of `config`, which win. `adorn` sets callbacks on the
  // configuration. Errors: kInternal naming a property that librdkafka refuses, never its value.
  static Expected<Connection> create(rd_kafka_type_t type, const ClientConfig& config,
                                     const Properties& properties, void* owner = nullptr,
                                     const std::function<void(rd_kafka_conf_t*)>& adorn = {});

  rd_kafka_t* get() const { return client_.get(); }
  ConnectionContext& context() const { return *context_; }

  // Waits until a broker answers. Errors: kUnavailable with the address, the reason and what to
  // check.
  Expected<Done> await_broker(Milliseconds timeout) const;
  // Metadata of one topic, or of all. Errors: kUnavailable.
  Expected<MetadataHandle> metadata(const char* topic_or_null, Milliseconds timeout) const;

  // Waits until `topic` and a leader of each of its partitions are known; on the embedded broker
  // this creates it. Errors: kInvalidRequest (it does not exist), kUnavailable (no broker, or no
  // leader in time).
  Expected<int> await_topic(const std::string& topic, Milliseconds timeout) const;

  // The first fatal error (librdkafka's "fatal": the client is unusable from then on), if any.
  std::optional<Error> fatal() const;

  static ConnectionContext& context_of(const rd_kafka_t* client) {
    return *static_cast<ConnectionContext*>(rd_kafka_opaque(client));
  }

 private:
  Connection(std::string brokers, std::unique_ptr<ConnectionContext> context, ClientHandle client)
      : brokers_(std::move(brokers)), context_(std::move(context)), client_(std::move(client)) {}

  Error unreachable() const;

  std::string brokers_;
  std::unique_ptr<ConnectionContext> context_;
  ClientHandle client_;  // after context_: destroyed first
};

// syslog levels, as librdkafka logs.
inline constexpr int kLogError = 3;
inline constexpr int kLogWarning = 4;
inline constexpr int kLogInfo = 6;

// The time left until `deadline` as librdkafka takes it: whole milliseconds, never negative (which
// means "forever").
int left_ms(SteadyTime deadline);

}  // namespace farm::kafka
