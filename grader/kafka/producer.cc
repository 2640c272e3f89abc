#include "grader/kafka/producer.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "grader/kafka/connection.h"
#include "schemas/topics.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kPollSlice{100};
constexpr Milliseconds kPurgePatience{5'000};
// What a record of exactly max_record needs beside its value, key and headers on the wire, so that
// librdkafka's own check never refuses what ours admitted.
constexpr std::int64_t kFramingBytes = 16 * 1024;

// One record that librdkafka has taken and not yet reported.
struct Pending {
  Producer::OnDelivery on_delivery;
  std::int64_t bytes = 0;
};

std::int64_t size_of(const OutgoingRecord& record) {
  std::size_t bytes = record.key.size() + record.value.size();
  for (const auto& [key, value] : record.headers) bytes += key.size() + value.size();
  return static_cast<std::int64_t>(bytes);
}

Error too_large(const std::string& topic, std::int64_t bytes, const std::string& limit) {
  return invalid_request("record of " + std::to_string(bytes) + " bytes for topic " + topic +
                         " is too large: " + limit);
}

Error error_of(rd_kafka_resp_err_t error, const std::string& topic, std::int64_t bytes) {
  const std::string what = "publish to topic " + topic + ": " + rd_kafka_err2str(error);
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return too_large(topic, bytes, "the broker takes less (max.message.bytes of the topic)");
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return invalid_request(what);
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return exhausted(what);
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return unavailable(what + " (the producer was shut down)");
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return internal_error(what);
    default:
      return unavailable(what);
  }
}

// rd_kafka_produceva() with what every record of ours has. On success the message owns `headers`.
rd_kafka_resp_err_t produce(rd_kafka_t* client, const OutgoingRecord& record,
                            rd_kafka_headers_t* headers, Pending* pending) {
  std::array<rd_kafka_vu_t, 8> arguments{};
  arguments[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  arguments[0].u.cstr = record.topic.c_str();
  arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  arguments[1].u.i32 = record.partition;
  arguments[2].vtype = RD_KAFKA_VTYPE_KEY;  // a null key, not an empty one, is spread
  arguments[2].u.mem = {record.key.empty() ? nullptr : const_cast<char*>(record.key.data()),
                        record.key.size()};
  arguments[3].vtype = RD_KAFKA_VTYPE_VALUE;  // not written to: MSG_F_COPY
  arguments[3].u.mem = {const_cast<char*>(record.value.data()), record.value.size()};
  arguments[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  arguments[4].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  arguments[5].u.headers = headers;
  arguments[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
  arguments[6].u.ptr = pending;
  arguments[7].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  arguments[7].u.i64 = record.timestamp_unix_ms;
  const ErrorHandle error(rd_kafka_produceva(client, arguments.data(), arguments.size()));
  return error ? rd_kafka_error_code(error.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

Properties properties_of(const ProducerConfig& config) {
  return {
      {"acks", "all"},
      {"enable.idempotence", "true"},
      {"compression.type", "zstd"},
      {"linger.ms", std::to_string(config.linger.count())},
      {"delivery.timeout.ms", std::to_string(config.delivery_timeout.count())},
      {"message.max.bytes", std::to_string(config.max_record.count + kFramingBytes)},
      {"queue.buffering.max.messages", "100000"},
      {"queue.buffering.max.kbytes", "262144"},
      // A burst without keys is to spread over all partitions, not to fill one after the other.
      {"sticky.partitioning.linger.ms", "0"},
      {"partitioner", "consistent_random"},
      // How long a topic may be missing from the metadata before its records fail; the default is
      // 30 s.
      {"topic.metadata.propagation.max.ms", "3000"},
      {"topic.metadata.refresh.interval.ms", "10000"},
  };
}

class KafkaProducer final : public Producer {
 public:
  explicit KafkaProducer(ProducerConfig config) : config_(std::move(config)) {}
  ~KafkaProducer() override {
    stopping_ = true;
    if (poll_thread_.joinable()) poll_thread_.join();
  }

  Expected<Done> open();

  Expected<Done> publish(OutgoingRecord record, OnDelivery on_delivery) override;
  Expected<Done> warm(const std::vector<std::string>& topics, Milliseconds timeout) override;
  Expected<int> partitions(const std::string& topic, Milliseconds timeout) override {
    return connection_->await_topic(topic, timeout);
  }
  Expected<Done> flush(Milliseconds timeout) override;

 private:
  static void on_report(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void run();
  void reported();

  const ProducerConfig config_;
  std::optional<Connection> connection_;
  std::thread poll_thread_;
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::condition_variable all_reported_;
  std::int64_t pending_ = 0;              // guarded by mutex_
  std::vector<TopicHandle> warm_topics_;  // guarded by mutex_; keeps their metadata fresh
};

Expected<Done> KafkaProducer::open() {
  FARM_TRY(connection_, Connection::create(RD_KAFKA_PRODUCER, config_.client,
                                           properties_of(config_), this, [](rd_kafka_conf_t* conf) {
                                             rd_kafka_conf_set_dr_msg_cb(conf, &on_report);
                                           }));
  poll_thread_ = std::thread([this] { run(); });
  return Done{};
}

void KafkaProducer::run() {
  rd_kafka_t* const client = connection_->get();
  while (!stopping_) rd_kafka_poll(client, static_cast<int>(kPollSlice.count()));
  rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const auto deadline = steady_clock::now() + kPurgePatience;
  while (rd_kafka_outq_len(client) > 0 && left_ms(deadline) > 0) rd_kafka_poll(client, 10);
}

Expected<Done> KafkaProducer::publish(OutgoingRecord record, OnDelivery on_delivery) {
  if (!topics::is_legal_topic(record.topic)) {
    return invalid_request("topic \"" + record.topic.substr(0, 300) + "\" is not a legal name");
  }
  const std::int64_t bytes = size_of(record);
  if (bytes > config_.max_record.count) {
    return too_large(record.topic, bytes,
                     "the maximum is " + std::to_string(config_.max_record.count) + " bytes");
  }
  if (auto fatal = connection_->fatal()) return *std::move(fatal);

  HeadersHandle headers(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [key, value] : record.headers) {
    rd_kafka_header_add(headers.get(), key.data(), static_cast<ssize_t>(key.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  auto pending = std::make_unique<Pending>(Pending{std::move(on_delivery), bytes});
  {
    const std::lock_guard lock(mutex_);
    ++pending_;
  }
  const auto error = produce(connection_->get(), record, headers.get(), pending.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    reported();
    return error_of(error, record.topic, bytes);
  }
  (void)headers.release();  // the message's now
  (void)pending.release();  // on_report() takes it back
  return Done{};
}

void KafkaProducer::on_report(rd_kafka_t* client, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(message->_private));
  auto& self = *static_cast<KafkaProducer*>(Connection::context_of(client).owner);
  if (pending->on_delivery) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      pending->on_delivery(Delivery{message->partition, message->offset});
    } else {
      pending->on_delivery(
          error_of(message->err, rd_kafka_topic_name(message->rkt), pending->bytes));
    }
  }
  self.reported();
}

void KafkaProducer::reported() {
  const std::lock_guard lock(mutex_);
  if (--pending_ == 0) all_reported_.notify_all();
}

Expected<Done> KafkaProducer::warm(const std::vector<std::string>& topics, Milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  for (const auto& name : topics) {
    TopicHandle topic(rd_kafka_topic_new(connection_->get(), name.c_str(), nullptr));
    if (!topic) return invalid_request("topic \"" + name + "\" is not a legal name");
    FARM_CHECK_OK(connection_->await_topic(name, Milliseconds(left_ms(deadline))));
    const std::lock_guard lock(mutex_);
    warm_topics_.push_back(std::move(topic));
  }
  return Done{};
}

// Not rd_kafka_flush(): that would run the callbacks on the calling thread.
Expected<Done> KafkaProducer::flush(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (all_reported_.wait_for(lock, timeout, [this] { return pending_ == 0; })) return Done{};
  return unavailable("flush: " + std::to_string(pending_) + " records to Kafka at " +
                     config_.client.brokers + " are without a delivery report after " +
                     std::to_string(timeout.count()) + " ms");
}

}  // namespace

Expected<std::unique_ptr<Producer>> Producer::create(ProducerConfig config) {
  auto producer = std::make_unique<KafkaProducer>(std::move(config));
  FARM_CHECK_OK(producer->open());
  return std::unique_ptr<Producer>(std::move(producer));
}

}  // namespace farm::kafka
