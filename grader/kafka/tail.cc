#include "grader/kafka/tail.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
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

  Expected<Done> open(const ClientConfig& client, const std::string& topic, From from);
  Expected<Done> await_caught_up(Milliseconds timeout) override;

 private:
  void run();
  void passed(std::int32_t partition, std::int64_t next_offset);

  const std::function<void(Record)> on_record_;
  std::optional<Connection> connection_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable caught_up_;
  std::map<std::int32_t, std::int64_t> behind_;  // by partition: the end at creation, until read
  std::thread poll_thread_;
};

Expected<Done> KafkaTail::open(const ClientConfig& client, const std::string& topic, From from) {
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
    rd_kafka_topic_partition_list_add(starts.get(), topic.c_str(), number)->offset =
        from == From::kEnd ? end : first;
    if (from == From::kBeginning && first < end) behind_[number] = end;
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
      passed(message->partition, message->offset + 1);
    } else {
      connection_->context().say(kLogWarning,
                                 std::string("tail: ") + rd_kafka_message_errstr(message.get()));
    }
  }
  rd_kafka_assign(connection_->get(), nullptr);
}

void KafkaTail::passed(std::int32_t partition, std::int64_t next_offset) {
  const std::lock_guard lock(mutex_);
  const auto at = behind_.find(partition);
  if (at == behind_.end() || next_offset < at->second) return;
  behind_.erase(at);
  caught_up_.notify_all();
}

Expected<Done> KafkaTail::await_caught_up(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (caught_up_.wait_for(lock, timeout, [this] { return behind_.empty(); })) return Done{};
  return unavailable("records that were published before were not all read within " +
                     std::to_string(timeout.count()) + " ms");
}

}  // namespace

Expected<std::unique_ptr<Tail>> Tail::create(const ClientConfig& client, const std::string& topic,
                                             std::function<void(Record)> on_record, From from) {
  auto tail = std::make_unique<KafkaTail>(std::move(on_record));
  FARM_CHECK_OK(tail->open(client, topic, from));
  return std::unique_ptr<Tail>(std::move(tail));
}

}  // namespace farm::kafka
