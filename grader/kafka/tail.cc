#include "grader/kafka/tail.h"

#include <atomic>
#include <thread>
#include <utility>

#include "grader/kafka/connection.h"
#include "grader/kafka/message.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kPatience{10'000};
constexpr Milliseconds kPollSlice{100};

Properties properties_of(const ClientConfig& config) {
  Properties properties = {
      {"group.id", "gradefarm-tail"},  // librdkafka wants one; nothing is ever joined or committed
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      // Only if the log begins anew under us (the broker lost it): then all of it is later than our
      // start.
      {"auto.offset.reset", "earliest"},
      {"queued.min.messages", "10000"},
      {"queued.max.messages.kbytes", "65536"},
  };
  if (config.kind == BrokerKind::kEmbedded) {
    properties.emplace_back("fetch.wait.max.ms", "5");
    properties.emplace_back("allow.auto.create.topics", "true");
  }
  return properties;
}

class KafkaTail final : public Tail {
 public:
  explicit KafkaTail(std::function<void(Record)> on_record) : on_record_(std::move(on_record)) {}
  ~KafkaTail() override {
    stopping_ = true;
    if (poll_thread_.joinable()) poll_thread_.join();
  }

  Expected<Done> open(const ClientConfig& client, const std::string& topic);

 private:
  void run();

  const std::function<void(Record)> on_record_;
  std::optional<Connection> connection_;
  std::atomic<bool> stopping_{false};
  std::thread poll_thread_;
};

Expected<Done> KafkaTail::open(const ClientConfig& client, const std::string& topic) {
  const auto deadline = steady_clock::now() + kPatience;
  FARM_TRY(connection_, Connection::create(RD_KAFKA_CONSUMER, client, properties_of(client)));
  auto partitions = connection_->await_topic(topic, kPatience);
  if (!partitions) {
    Error error = std::move(partitions).error();
    error.code =
        ErrorCode::kUnavailable;  // to a reader a missing topic is one that is not there yet
    return error;
  }

  PartitionListHandle starts(rd_kafka_topic_partition_list_new(*partitions));
  for (std::int32_t number = 0; number < *partitions; ++number) {
    std::int64_t first = 0;
    std::int64_t end = 0;
    const auto error = rd_kafka_query_watermark_offsets(
        connection_->get(), topic.c_str(), number, &first, &end, std::max(left_ms(deadline), 1));
    if (error) {
      return unavailable("end of topic " + topic + " partition " + std::to_string(number) + ": " +
                         rd_kafka_err2str(error));
    }
    rd_kafka_topic_partition_list_add(starts.get(), topic.c_str(), number)->offset = end;
  }
  rd_kafka_poll_set_consumer(connection_->get());
  if (const auto error = rd_kafka_assign(connection_->get(), starts.get())) {
    return internal_error("read topic " + topic + ": " + rd_kafka_err2str(error));
  }
  poll_thread_ = std::thread([this] { run(); });
  return Done{};
}

void KafkaTail::run() {
  while (!stopping_) {
    const MessageHandle message(
        rd_kafka_consumer_poll(connection_->get(), static_cast<int>(kPollSlice.count())));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      on_record_(record_of(*message, 0));
    } else {
      connection_->context().say(kLogWarning,
                                 std::string("tail: ") + rd_kafka_message_errstr(message.get()));
    }
  }
  rd_kafka_assign(connection_->get(), nullptr);
}

}  // namespace

Expected<std::unique_ptr<Tail>> Tail::create(const ClientConfig& client, const std::string& topic,
                                             std::function<void(Record)> on_record) {
  auto tail = std::make_unique<KafkaTail>(std::move(on_record));
  FARM_CHECK_OK(tail->open(client, topic));
  return std::unique_ptr<Tail>(std::move(tail));
}

}  // namespace farm::kafka
