#include "producer/client.h"

#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "grader/kafka/blob_store.h"
#include "grader/kafka/embedded_broker.h"
#include "grader/kafka/producer.h"
#include "grader/kafka/tail.h"
#include "grader/kafka/topic_admin.h"
#include "producer/exchange.h"
#include "schemas/lanes.h"
#include "schemas/topics.h"

namespace farm::producer {
namespace {

// Answers live an hour on the broker: longer than any client waits.
constexpr const char* kReplyRetentionMs = "3600000";
constexpr Milliseconds kTailRetryDelay{100};
constexpr Milliseconds kExtraPatience{2'000};  // for topics that may be missing
constexpr int kBrokerDefault = -1;             // KIP-464: replication as configured on the broker

ClientOptions with_defaults(ClientOptions options) {
  const bool embedded = options.kafka.kind == kafka::BrokerKind::kEmbedded;
  const Bytes embedded_window =
      kafka::EmbeddedBroker::kMaxOutstandingPerPartition * kafka::EmbeddedBroker::kPartitions;
  if (options.reply_topic.empty()) options.reply_topic = topics::replies(options.trainer);
  options.inline_limit = inline_limit_of(options);
  if (options.max_outstanding.count == 0) {
    options.max_outstanding = embedded ? embedded_window : mib(64);
  }
  if (options.resubmit_after.count() == 0) {
    // Of a cluster: longer than two graders take to end with one request, and to be missed, after
    // 30 s each; a copy would end two more.
    options.resubmit_after = Milliseconds{embedded ? 15'000 : 180'000};
  }
  if (options.request_timeout.count() == 0) options.request_timeout = Milliseconds{30 * 60 * 1000};
  return options;
}

Expected<Done> check(const ClientOptions& options) {
  if (!topics::is_legal_name_part(options.trainer)) {
    return invalid_request("trainer \"" + options.trainer +
                           "\" cannot be part of a topic name: use letters, digits, '.', '_', '-'");
  }
  if (!topics::is_legal_name_part(options.pool)) {
    return invalid_request("pool \"" + options.pool +
                           "\" cannot be part of a topic name: use letters, digits, '.', '_', '-'");
  }
  if (names_a_lane(options.pool)) {
    return invalid_request("pool \"" + options.pool + "\" would be a lane of another pool");
  }
  if (!topics::is_reply_topic(options.reply_topic)) {
    return invalid_request("reply topic \"" + options.reply_topic + "\" is not below " +
                           std::string(topics::kRepliesPrefix) +
                           ": graders would not answer there");
  }
  return Done{};
}

RequestIdentity identity_of(const EvaluationRequest& request) {
  return {request.request_id, request.trainer, request.step, request.group, request.metadata_json};
}

Submitted read(std::string json) {
  DecodeBounds bounds;
  bounds.max_request = Bytes{static_cast<std::int64_t>(json.size())};
  RequestIdentity identity = peek_identity(json, bounds);
  const Priority priority = peek_priority(json);
  return {std::move(json), std::move(identity), std::nullopt, priority};
}

std::pair<OnResult, std::future<EvaluationResult>> promised() {
  auto promise = std::make_shared<std::promise<EvaluationResult>>();
  auto future = promise->get_future();
  return {[promise](EvaluationResult result) { promise->set_value(std::move(result)); },
          std::move(future)};
}

class KafkaClient final : public Client {
 public:
  ~KafkaClient() override { close(); }

  Expected<Done> open(const ClientOptions& options);

  void submit(const EvaluationRequest& request, OnResult on_result) override {
    exchange_->submit(
        {encode_request(request), identity_of(request), request.deadline_unix_ms, request.priority},
        on_result, Exchange::Wait::kForRoom);
  }
  std::future<EvaluationResult> submit(const EvaluationRequest& request) override {
    auto [on_result, future] = promised();
    submit(request, std::move(on_result));
    return std::move(future);
  }
  void submit_json(std::string json, OnResult on_result) override {
    exchange_->submit(read(std::move(json)), on_result, Exchange::Wait::kForRoom);
  }
  std::future<EvaluationResult> submit_json(std::string json) override {
    auto [on_result, future] = promised();
    submit_json(std::move(json), std::move(on_result));
    return std::move(future);
  }
  bool try_submit_json(std::string& json, OnResult& on_result) override {
    if (!exchange_->wait_for_room(json.size(), Milliseconds{0})) return false;
    exchange_->submit(read(std::move(json)), on_result, Exchange::Wait::kNever);
    return true;
  }
  bool wait_for_room(std::size_t json_bytes, Milliseconds timeout) override {
    return exchange_->wait_for_room(json_bytes, timeout);
  }
  std::int64_t cancel(const std::vector<std::string>& request_ids) override {
    return exchange_->cancel(request_ids);
  }
  std::int64_t cancel_step(std::int64_t step) override { return exchange_->cancel_step(step); }
  void close() override {
    if (exchange_) exchange_->close();
  }
  ClientStats stats() const override { return exchange_->stats(); }
  bool reaches_broker(Milliseconds timeout) const override {
    return kafka::describe_topics(kafka_, request_topic_, timeout).has_value();
  }

 private:
  Expected<std::unique_ptr<kafka::Tail>> read_replies(const ClientOptions& options);

  kafka::ClientConfig kafka_;
  std::string request_topic_;
  // Destroyed from the last to the first: replies and delivery reports touch the exchange, which
  // publishes until then.
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<kafka::Producer> producer_;
  std::unique_ptr<kafka::Tail> tail_;
};

// A topic that was made a moment ago may have no leader yet on the broker that is asked.
Expected<std::unique_ptr<kafka::Tail>> KafkaClient::read_replies(const ClientOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  while (true) {
    auto tail =
        kafka::Tail::create(options.kafka, options.reply_topic,
                            [this](const kafka::Record& record) { exchange_->on_reply(record); });
    if (tail || !tail.error().retryable()) return tail;
    if (std::chrono::steady_clock::now() >= deadline) return tail;
    std::this_thread::sleep_for(kTailRetryDelay);
  }
}

Expected<Done> KafkaClient::open(const ClientOptions& options) {
  kafka_ = options.kafka;
  request_topic_ = topics::requests(options.pool);
  std::optional<kafka::BlobStore> blobs;
  if (!options.blob_dir.empty()) {
    FARM_TRY(blobs, kafka::BlobStore::open(options.blob_dir));
  }
  kafka::ProducerConfig config;
  config.client = options.kafka;
  FARM_TRY(producer_, kafka::Producer::create(config));
  if (auto warm = producer_->warm({topics::requests(options.pool)}, options.connect_timeout);
      !warm) {
    if (!warm.error().request_fault()) return std::move(warm).error();
    return unavailable(warm.error().text() + ": start a grader for pool " + options.pool +
                       ", or create the topic with `gradefarm topics create`");
  }
  std::set<Priority> lanes;
  for (const Lane& lane : kLanes) {
    const bool there = lane.priority != Priority::kNormal &&
                       producer_->warm({lane_topic(options.pool, lane.priority)}, kExtraPatience);
    if (there) lanes.insert(lane.priority);
  }
  // So that a first cancel is quick. Where the topic is missing nobody would hear it.
  (void)producer_->warm({std::string(topics::kCancels)}, kExtraPatience);
  kafka::TopicSpec replies;
  replies.name = options.reply_topic;
  replies.partitions = options.reply_partitions;
  replies.replication = kBrokerDefault;
  replies.config["retention.ms"] = kReplyRetentionMs;
  replies.config["message.timestamp.type"] = topics::kAnswerTimestampType;
  FARM_CHECK_OK(kafka::create_topics(options.kafka, {replies}, options.connect_timeout));

  const PendingLimits limits = {options.max_outstanding, options.max_requests,
                                options.resubmit_after, options.request_timeout};
  exchange_ = std::make_unique<Exchange>(
      ExchangeOptions{options.pool, options.reply_topic, limits, options.inline_limit,
                      options.max_result, std::move(lanes)},
      *producer_, std::move(blobs));
  FARM_TRY(tail_, read_replies(options));
  return Done{};
}

}  // namespace

Bytes inline_limit_of(const ClientOptions& options) {
  if (options.inline_limit.count != 0) return options.inline_limit;
  const bool embedded = options.kafka.kind == kafka::BrokerKind::kEmbedded;
  return embedded ? kafka::EmbeddedBroker::kMaxInlineRecord : kib(900);
}

Expected<std::unique_ptr<Client>> Client::create(ClientOptions options) {
  options = with_defaults(std::move(options));
  FARM_CHECK_OK(check(options));
  auto client = std::make_unique<KafkaClient>();
  FARM_CHECK_OK(client->open(options));
  return std::unique_ptr<Client>(std::move(client));
}

}  // namespace farm::producer
