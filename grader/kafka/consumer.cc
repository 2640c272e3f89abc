#include "grader/kafka/consumer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "grader/kafka/connection.h"
#include "grader/kafka/lane_turns.h"
#include "grader/kafka/message.h"
#include "grader/kafka/offset_tracker.h"
#include "grader/kafka/suspects.h"
#include "grader/os/unique_fd.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kConnectPatience{10'000};
constexpr Milliseconds kPollSlice{50};             // how late a commit or a stop may be noticed
constexpr Milliseconds kCommittedPatience{5'000};  // asking for committed offsets at an assignment
constexpr Milliseconds kRevokeCommitPatience{3'000};  // a rebalance waits for us meanwhile
constexpr Milliseconds kLeavePatience{5'000};
constexpr Milliseconds kBusyPollSlice{2};       // while somebody waits for a commit
constexpr Milliseconds kCommitRetryPause{100};  // of a commit that somebody waits for
constexpr std::uint64_t kWake = 1;              // what librdkafka writes to the eventfd

// A suspect that was pulled from librdkafka and not handed out yet.
struct Held {
  enum class State { kWaitsForTurn, kToSay, kSaying, kSaid };

  Record record;
  State state = State::kWaitsForTurn;
};

// One partition while it is assigned to us.
struct Partition {
  std::string topic;
  std::int32_t number = 0;
  std::int64_t epoch = 0;
  std::size_t lane = 0;
  QueueHandle queue;
  OffsetTracker tracker;
  // Where starts are traced:
  bool traced = false;
  bool leaves = false;  // its last commit is under way
  Suspects suspects;
  std::optional<Held> held;
  std::optional<std::int64_t> said;    // next_start() of the last commit that was taken
  std::optional<std::int64_t> saying;  // of the one under way

  bool may_start() const {
    if (leaves || !tracker.may_pull()) return false;
    return !traced || (said && tracker.next_start() < *said + Suspects::kStartWindow);
  }
  // Whether somebody waits for a commit of it.
  bool has_to_say() const {
    if (!traced) return false;
    return !said || tracker.next_start() >= *said + Suspects::kStartWindow / 2 ||
           (held && held->state == Held::State::kToSay);
  }

  Partition() = default;
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;
  // librdkafka keeps the queue for the next assignment; without this it would go on writing to a
  // closed descriptor.
  ~Partition() {
    if (queue) rd_kafka_queue_io_event_enable(queue.get(), -1, nullptr, 0);
  }
};

Properties properties_of(const ConsumerConfig& config) {
  const bool embedded = config.client.kind == BrokerKind::kEmbedded;
  const auto session = config.session_timeout.count() > 0 ? config.session_timeout
                       : embedded                         ? Milliseconds(6'000)
                                                          : Milliseconds(30'000);
  Properties properties = {
      {"group.id", config.group},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "earliest"},
      {"session.timeout.ms", std::to_string(session.count())},
      {"heartbeat.interval.ms",
       std::to_string(std::min<Milliseconds::rep>(3'000, session.count() / 3))},
      {"max.poll.interval.ms",
       std::to_string(std::max<Milliseconds::rep>(300'000, session.count()))},
      {"queued.min.messages",
       std::to_string(std::max(config.prefetch_records, kMinPrefetchRecords))},
      {"queued.max.messages.kbytes", std::to_string(kPrefetchBytes.count / 1024)},
      {"fetch.message.max.bytes", "1048576"},
      // A topic or partition that is created later is found within this time, not after the default
      // 5 minutes.
      {"topic.metadata.refresh.interval.ms", "10000"},
  };
  if (embedded) {
    properties.emplace_back("fetch.wait.max.ms", "5");
    properties.emplace_back("allow.auto.create.topics", "true");
  }
  if (!config.instance_id.empty()) {
    properties.emplace_back("group.instance.id", config.instance_id);
  }
  return properties;
}

class GroupConsumer final : public Consumer {
 public:
  explicit GroupConsumer(ConsumerConfig config)
      : config_(std::move(config)), turns_(config_.shares) {}
  ~GroupConsumer() override { GroupConsumer::close(); }

  Expected<Done> open();

  std::optional<Record> pull() override;
  int wake_fd() const override { return wake_fd_.get(); }
  void done(const Position& position) override;
  void stop_pulling() override { pulling_ = false; }
  std::optional<Error> fatal() const override;
  ConsumerStats stats() const override;
  void close() override;

 private:
  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static void on_commit(rd_kafka_t* client, rd_kafka_resp_err_t error,
                        rd_kafka_topic_partition_list_t* offsets, void* opaque);

  // All on the poll thread.
  void run();
  void serve_event(const rd_kafka_message_t& event);
  void assign(rd_kafka_topic_partition_list_t* partitions);
  void unassign(rd_kafka_topic_partition_list_t* partitions);
  void apply(bool add, const rd_kafka_topic_partition_list_t* partitions);
  void commit_if_due();
  void commit_dirty(const rd_kafka_topic_partition_list_t* leaving = nullptr);
  void await_commits(Milliseconds patience);
  void committed(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t* offsets);
  void leave();

  std::unique_ptr<Partition> open_partition(const rd_kafka_topic_partition_t& assigned,
                                            const rd_kafka_topic_partition_t* committed);
  void look_up_start(rd_kafka_topic_partition_t& assigned);
  std::optional<Record> pull_from(std::size_t lane);                 // under mutex_
  void try_nothing_of(std::string_view topic, std::int32_t number);  // under mutex_
  std::optional<Record> take_held(Partition& partition);             // under mutex_
  std::string starts_text(Partition& partition, bool leaves);        // under mutex_
  void said(Partition& partition, bool taken);                       // under mutex_
  Partition* find(std::string_view topic, std::int32_t number);      // under mutex_
  void forget(std::string_view topic, std::int32_t number);          // under mutex_
  void wake() const;
  void say(int level, std::string_view line) const { connection_->context().say(level, line); }
  void fail(Error error);

  const ConsumerConfig config_;
  os::UniqueFd wake_fd_;  // before connection_, which writes to it until it is destroyed
  std::optional<Connection> connection_;
  QueueHandle commit_replies_;
  std::thread poll_thread_;
  std::mutex close_mutex_;
  std::atomic<bool> pulling_{true};
  std::atomic<bool> stopping_{false};

  // Poll thread only.
  steady_clock::time_point last_commit_ = steady_clock::now();
  int commits_in_flight_ = 0;
  Milliseconds say_pause_{0};    // before the next commit that somebody waits for
  bool somebody_waits_ = false;  // for a commit

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Partition>> partitions_;  // guarded by mutex_, as is all below
  std::size_t cursor_ = 0;                              // the partition that pull() asks first
  LaneTurns turns_;
  std::int64_t next_epoch_ = 1;
  int done_since_commit_ = 0;
  std::optional<Position> tried_;  // the one suspect that was handed out or is about to be
  ConsumerStats stats_;
  std::optional<Error> fatal_;
};

Expected<Done> GroupConsumer::open() {
  wake_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd_) return system_error("eventfd for the Kafka consumer", errno);

  FARM_TRY(Connection connection,
           Connection::create(
               RD_KAFKA_CONSUMER, config_.client, properties_of(config_), this,
               [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, &on_rebalance); }));
  FARM_CHECK_OK(connection.await_broker(kConnectPatience));
  connection_ = std::move(connection);
  commit_replies_.reset(rd_kafka_queue_new(connection_->get()));
  // Group events and errors then come by rd_kafka_consumer_poll() too; records never do (see
  // open_partition()).
  rd_kafka_poll_set_consumer(connection_->get());

  PartitionListHandle topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(config_.topics.size())));
  for (const auto& topic : config_.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  if (const auto error = rd_kafka_subscribe(connection_->get(), topics.get())) {
    return internal_error("cannot subscribe to Kafka topics: " +
                          std::string(rd_kafka_err2str(error)));
  }
  poll_thread_ = std::thread([this] { run(); });
  return Done{};
}

std::optional<Record> GroupConsumer::pull() {
  if (!pulling_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (const std::size_t lane : turns_.order()) {
    auto record = pull_from(lane);
    if (!record) continue;
    turns_.next();
    return record;
  }
  return std::nullopt;
}

std::optional<Record> GroupConsumer::pull_from(std::size_t lane) {
  for (std::size_t tried = 0; tried < partitions_.size(); ++tried) {
    cursor_ = (cursor_ + 1) % partitions_.size();
    Partition& partition = *partitions_[cursor_];
    if (partition.lane != lane) continue;
    if (partition.held) {
      if (auto record = take_held(partition)) return record;
      continue;
    }
    while (partition.may_start()) {
      const MessageHandle message(rd_kafka_consume_queue(partition.queue.get(), 0));
      if (!message) break;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        say(kLogWarning, std::string("fetch: ") + rd_kafka_message_errstr(message.get()));
        continue;
      }
      if (partition.tracker.rewinds(message->offset)) {
        say(kLogWarning, "topic " + partition.topic + " partition " +
                             std::to_string(partition.number) + " began anew at offset " +
                             std::to_string(message->offset));
        partition.epoch = next_epoch_++;
        partition.suspects = Suspects();
        try_nothing_of(partition.topic, partition.number);
      }
      if (!partition.tracker.start(message->offset)) {
        ++stats_.skipped_done;
        continue;
      }
      Record record = record_of(*message, partition.epoch);
      if (partition.traced) record.crashes = partition.suspects.crashes(message->offset);
      if (record.crashes != 1) return record;
      partition.held.emplace(Held{std::move(record)});
      take_held(partition);  // its turn may be now
      break;
    }
  }
  return std::nullopt;
}

std::optional<Record> GroupConsumer::take_held(Partition& partition) {
  Held& held = *partition.held;
  if (held.state == Held::State::kWaitsForTurn && !tried_) {
    tried_ = held.record.position;
    partition.suspects.begin(tried_->offset);
    held.state = Held::State::kToSay;
  }
  if (held.state != Held::State::kSaid) return std::nullopt;
  Record record = std::move(held.record);
  partition.held.reset();
  return record;
}

void GroupConsumer::done(const Position& position) {
  const std::lock_guard lock(mutex_);
  Partition* partition = find(position.topic, position.partition);
  if (!partition || partition->epoch != position.epoch) return;
  const bool was_blocked = !partition->tracker.may_pull();
  partition->tracker.done(position.offset);
  partition->suspects.done(position.offset);
  ++done_since_commit_;
  if (tried_ && tried_->topic == position.topic && tried_->partition == position.partition &&
      tried_->offset == position.offset) {
    tried_.reset();
    wake();  // the next one's turn
  }
  // Its queue may hold records since long, and librdkafka speaks only when a queue becomes
  // non-empty.
  if (was_blocked && partition->tracker.may_pull()) wake();
}

std::optional<Error> GroupConsumer::fatal() const {
  {
    const std::lock_guard lock(mutex_);
    if (fatal_) return fatal_;
  }
  return connection_->fatal();
}

ConsumerStats GroupConsumer::stats() const {
  const std::lock_guard lock(mutex_);
  ConsumerStats stats = stats_;
  stats.assigned_partitions = static_cast<std::int64_t>(partitions_.size());
  for (const auto& partition : partitions_) {
    stats.max_commit_span = std::max(stats.max_commit_span, partition->tracker.span());
    stats.waiting_records +=
        static_cast<std::int64_t>(rd_kafka_queue_length(partition->queue.get()));
    stats.partitions.emplace_back(partition->topic, partition->number);
  }
  return stats;
}

void GroupConsumer::close() {
  const std::lock_guard lock(close_mutex_);
  pulling_ = false;
  stopping_ = true;
  if (poll_thread_.joinable()) poll_thread_.join();
}

void GroupConsumer::run() {
  while (!stopping_) {
    const auto slice = somebody_waits_ ? kBusyPollSlice : kPollSlice;
    const MessageHandle event(
        rd_kafka_consumer_poll(connection_->get(), static_cast<int>(slice.count())));
    if (event) serve_event(*event);
    rd_kafka_queue_poll_callback(commit_replies_.get(), 0);
    commit_if_due();
  }
  leave();
}

void GroupConsumer::serve_event(const rd_kafka_message_t& event) {
  if (event.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Impossible while every partition has its own queue. Going on would commit past this record.
    fail(internal_error(std::string("a Kafka record of topic ") + rd_kafka_topic_name(event.rkt) +
                        " came outside its partition's queue"));
    return;
  }
  say(kLogWarning, std::string("consumer: ") + rd_kafka_message_errstr(&event));
}

void GroupConsumer::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                                 rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto& self = *static_cast<GroupConsumer*>(static_cast<ConnectionContext*>(opaque)->owner);
  {
    const std::lock_guard lock(self.mutex_);
    ++self.stats_.rebalances;
  }
  switch (event) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      self.assign(partitions);
      break;
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      self.unassign(partitions);
      break;
    default:
      self.say(kLogError, std::string("rebalance: ") + rd_kafka_err2str(event));
      rd_kafka_assign(client, nullptr);
  }
}

void GroupConsumer::assign(rd_kafka_topic_partition_list_t* partitions) {
  PartitionListHandle committed(rd_kafka_topic_partition_list_copy(partitions));
  if (const auto error = rd_kafka_committed(connection_->get(), committed.get(),
                                            static_cast<int>(kCommittedPatience.count()))) {
    // librdkafka then asks again by itself for the offset; without the done-map some requests may
    // be graded twice.
    say(kLogWarning, std::string("committed offsets: ") + rd_kafka_err2str(error));
    committed.reset();
  }
  for (int i = 0; i < partitions->cnt; ++i) {
    auto& assigned = partitions->elems[i];
    const auto* offset = committed ? rd_kafka_topic_partition_list_find(
                                         committed.get(), assigned.topic, assigned.partition)
                                   : nullptr;
    if (offset && (offset->err != RD_KAFKA_RESP_ERR_NO_ERROR || offset->offset < 0)) {
      offset = nullptr;
    }
    if (offset) assigned.offset = offset->offset;
    if (!offset && config_.trace_starts) look_up_start(assigned);
    {
      const std::lock_guard lock(mutex_);
      forget(assigned.topic, assigned.partition);
    }
    auto partition = open_partition(assigned, offset);
    const std::lock_guard lock(mutex_);
    partition->epoch = next_epoch_++;
    partitions_.push_back(std::move(partition));
  }
  apply(true, partitions);
  wake();
}

// Takes the partition's queue before it is assigned, so that no record is ever forwarded to the
// common queue.
std::unique_ptr<Partition> GroupConsumer::open_partition(
    const rd_kafka_topic_partition_t& assigned, const rd_kafka_topic_partition_t* committed) {
  auto partition = std::make_unique<Partition>();
  partition->topic = assigned.topic;
  partition->number = assigned.partition;
  if (!config_.shares.empty()) {
    const auto& topics = config_.topics;
    const auto at = std::find(topics.begin(), topics.end(), partition->topic) - topics.begin();
    partition->lane = std::min(static_cast<std::size_t>(at), config_.shares.size() - 1);
  }
  partition->queue.reset(
      rd_kafka_queue_get_partition(connection_->get(), assigned.topic, assigned.partition));
  FARM_ASSERT(partition->queue);  // null only for a producer
  rd_kafka_queue_forward(partition->queue.get(), nullptr);
  // What an earlier assignment left in the queue is of no use, and while it is there the queue does
  // not become non-empty: no event would tell of the first records of this one.
  while (MessageHandle(rd_kafka_consume_queue(partition->queue.get(), 0))) {
  }
  rd_kafka_queue_io_event_enable(partition->queue.get(), wake_fd_.get(), &kWake, sizeof kWake);
  if (committed) {
    const auto* data = static_cast<const char*>(committed->metadata);
    const auto metadata =
        data ? std::string_view(data, committed->metadata_size) : std::string_view();
    partition->tracker = OffsetTracker(committed->offset, Suspects::done_map_of(metadata));
    if (config_.trace_starts) partition->suspects = Suspects(committed->offset, metadata);
  } else if (assigned.offset >= 0) {
    partition->tracker = OffsetTracker(assigned.offset);
  }
  partition->traced = config_.trace_starts && partition->tracker.committable().has_value();
  return partition;
}

void GroupConsumer::unassign(rd_kafka_topic_partition_list_t* partitions) {
  // Whoever owns a lost partition by now has committed more than we know.
  if (!rd_kafka_assignment_lost(connection_->get())) {
    commit_dirty(partitions);
    await_commits(kRevokeCommitPatience);
  }
  {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < partitions->cnt; ++i) {
      forget(partitions->elems[i].topic, partitions->elems[i].partition);
    }
  }
  apply(false, partitions);
}

void GroupConsumer::apply(bool add, const rd_kafka_topic_partition_list_t* partitions) {
  rd_kafka_t* const client = connection_->get();
  if (std::strcmp(rd_kafka_rebalance_protocol(client), "COOPERATIVE") == 0) {
    const ErrorHandle error(add ? rd_kafka_incremental_assign(client, partitions)
                                : rd_kafka_incremental_unassign(client, partitions));
    if (error) say(kLogError, std::string("rebalance: ") + rd_kafka_error_string(error.get()));
  } else {
    rd_kafka_assign(client, add ? partitions : nullptr);
  }
}

void GroupConsumer::commit_if_due() {
  if (commits_in_flight_ > 0) return;
  {
    const std::lock_guard lock(mutex_);
    const auto since = steady_clock::now() - last_commit_;
    somebody_waits_ = std::any_of(partitions_.begin(), partitions_.end(),
                                  [](const auto& partition) { return partition->has_to_say(); });
    const bool due = since >= config_.commit_interval ||
                     done_since_commit_ >= config_.commit_after_records ||
                     (somebody_waits_ && since >= say_pause_);
    if (!due) return;
  }
  commit_dirty();
}

// Sends the marks and done-maps of all partitions that have something new. The reply comes by
// commit_replies_, since a synchronous rd_kafka_commit() has no time limit and group events would
// wait behind it. `leaving`: partitions that are given up in order.
void GroupConsumer::commit_dirty(const rd_kafka_topic_partition_list_t* leaving) {
  last_commit_ = steady_clock::now();
  PartitionListHandle offsets;
  {
    const std::lock_guard lock(mutex_);
    done_since_commit_ = 0;
    for (const auto& partition : partitions_) {
      const auto mark = partition->tracker.committable();
      const bool leaves =
          leaving != nullptr && rd_kafka_topic_partition_list_find(
                                    const_cast<rd_kafka_topic_partition_list_t*>(leaving),
                                    partition->topic.c_str(), partition->number) != nullptr;
      // What is said next is not to be taken for what is being said.
      if (partition->saying && !leaves) continue;
      partition->leaves = leaves;
      const bool news = partition->traced && (leaves || partition->has_to_say() ||
                                              partition->said != partition->tracker.next_start());
      if ((!partition->tracker.dirty() && !news) || !mark) continue;
      if (!offsets) offsets.reset(rd_kafka_topic_partition_list_new(8));
      auto* entry = rd_kafka_topic_partition_list_add(offsets.get(), partition->topic.c_str(),
                                                      partition->number);
      entry->offset = *mark;
      std::string metadata = partition->tracker.metadata();
      if (partition->traced) metadata += starts_text(*partition, leaves);
      if (!metadata.empty()) {
        entry->metadata = std::malloc(metadata.size());  // the list frees it
        FARM_ASSERT(entry->metadata);
        std::memcpy(entry->metadata, metadata.data(), metadata.size());
        entry->metadata_size = metadata.size();
      }
      partition->tracker.mark_committed();
      stats_.max_metadata_bytes =
          std::max(stats_.max_metadata_bytes, static_cast<std::int64_t>(metadata.size()));
    }
  }
  if (!offsets) return;
  ++commits_in_flight_;
  if (const auto error = rd_kafka_commit_queue(connection_->get(), offsets.get(),
                                               commit_replies_.get(), &on_commit, this)) {
    --commits_in_flight_;
    committed(error, offsets.get());
  }
}

// What a commit says of the partition's starts. `leaves`: it is given up in order.
std::string GroupConsumer::starts_text(Partition& partition, bool leaves) {
  if (leaves && tried_ && tried_->topic == partition.topic &&
      tried_->partition == partition.number) {
    partition.suspects.forget_attempt(tried_->offset);
  }
  partition.saying = partition.tracker.next_start();
  if (partition.held && partition.held->state == Held::State::kToSay)
    partition.held->state = Held::State::kSaying;
  return partition.suspects.text(*partition.tracker.committable(), *partition.saying, !leaves);
}

void GroupConsumer::said(Partition& partition, bool taken) {
  const auto saying = std::exchange(partition.saying, std::nullopt);
  if (!saying) return;
  if (taken) partition.said = saying;
  if (partition.held && partition.held->state == Held::State::kSaying)
    partition.held->state = taken ? Held::State::kSaid : Held::State::kToSay;
  if (taken) wake();
}

// Of a partition of which nothing was ever committed: without a place to commit to, nothing could
// be said of its starts.
void GroupConsumer::look_up_start(rd_kafka_topic_partition_t& assigned) {
  std::int64_t first = 0;
  std::int64_t end = 0;
  const auto error =
      rd_kafka_query_watermark_offsets(connection_->get(), assigned.topic, assigned.partition,
                                       &first, &end, static_cast<int>(kCommittedPatience.count()));
  if (error) return say(kLogWarning, std::string("start of a log: ") + rd_kafka_err2str(error));
  assigned.offset = first;
}

void GroupConsumer::on_commit(rd_kafka_t*, rd_kafka_resp_err_t error,
                              rd_kafka_topic_partition_list_t* offsets, void* opaque) {
  auto& self = *static_cast<GroupConsumer*>(opaque);
  --self.commits_in_flight_;
  self.committed(error, offsets);
}

void GroupConsumer::committed(rd_kafka_resp_err_t error,
                              const rd_kafka_topic_partition_list_t* offsets) {
  const std::lock_guard lock(mutex_);
  bool failed = error != RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int i = 0; offsets && i < offsets->cnt; ++i) {
    const auto& entry = offsets->elems[i];
    const bool taken =
        error == RD_KAFKA_RESP_ERR_NO_ERROR && entry.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    failed = failed || !taken;
    Partition* const partition = find(entry.topic, entry.partition);
    if (!partition) continue;
    if (!taken) partition->tracker.mark_dirty();  // tried again at the next interval
    said(*partition, taken);
  }
  say_pause_ = failed ? kCommitRetryPause : Milliseconds(0);
  if (failed) {
    // ILLEGAL_GENERATION, UNKNOWN_MEMBER: the partitions are another's by now, who redelivers; a
    // duplicate answer.
    ++stats_.commit_failures;
    say(kLogWarning, std::string("commit: ") + rd_kafka_err2str(error));
  } else {
    ++stats_.commits;
  }
}

void GroupConsumer::await_commits(Milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (commits_in_flight_ > 0) {
    const int left = left_ms(deadline);
    if (left == 0) {
      say(kLogWarning, "commit: no answer in time");
      return;
    }
    rd_kafka_queue_poll_callback(commit_replies_.get(), left);
  }
}

// Commits by way of the last revocation, leaves the group and gives up what is left after
// kLeavePatience.
void GroupConsumer::leave() {
  rd_kafka_t* const client = connection_->get();
  const auto deadline = steady_clock::now() + kLeavePatience;
  const QueueHandle events(rd_kafka_queue_new(client));
  const ErrorHandle error(rd_kafka_consumer_close_queue(client, events.get()));
  if (error) say(kLogWarning, std::string("close: ") + rd_kafka_error_string(error.get()));
  while (!error && !rd_kafka_consumer_closed(client)) {
    const int left = left_ms(deadline);
    if (left == 0) break;
    rd_kafka_queue_poll_callback(events.get(), std::min(left, 100));
  }
  const std::lock_guard lock(mutex_);
  partitions_.clear();
}

Partition* GroupConsumer::find(std::string_view topic, std::int32_t number) {
  for (const auto& partition : partitions_) {
    if (partition->number == number && partition->topic == topic) return partition.get();
  }
  return nullptr;
}

void GroupConsumer::try_nothing_of(std::string_view topic, std::int32_t number) {
  if (!tried_ || tried_->topic != topic || tried_->partition != number) return;
  tried_.reset();
  wake();  // it is the next one's turn
}

void GroupConsumer::forget(std::string_view topic, std::int32_t number) {
  try_nothing_of(topic, number);
  std::erase_if(partitions_, [&](const auto& partition) {
    return partition->number == number && partition->topic == topic;
  });
}

void GroupConsumer::wake() const {
  // A full counter (EAGAIN) is readable already.
  [[maybe_unused]] const auto written = ::write(wake_fd_.get(), &kWake, sizeof kWake);
}

void GroupConsumer::fail(Error error) {
  say(kLogError, error.what);
  const std::lock_guard lock(mutex_);
  if (!fatal_) fatal_ = std::move(error);
}

}  // namespace

Expected<std::unique_ptr<Consumer>> Consumer::create(ConsumerConfig config) {
  auto consumer = std::make_unique<GroupConsumer>(std::move(config));
  FARM_CHECK_OK(consumer->open());
  return std::unique_ptr<Consumer>(std::move(consumer));
}

}  // namespace farm::kafka
