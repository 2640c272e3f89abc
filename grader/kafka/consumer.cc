#include "grader/kafka/consumer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "grader/kafka/connection.h"
#include "grader/kafka/intake.h"
#include "grader/kafka/partition_queue.h"
#include "grader/kafka/take_over.h"
#include "grader/os/unique_fd.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kConnectPatience{10'000};
constexpr Milliseconds kPollSlice{50};                // how late a commit or a stop may be noticed
constexpr Milliseconds kRevokeCommitPatience{3'000};  // a rebalance waits for us meanwhile
constexpr Milliseconds kGivenUpPatience{2'000};       // likewise
constexpr Milliseconds kLeavePatience{5'000};
constexpr Milliseconds kBusyPollSlice{2};       // while somebody waits for a commit
constexpr Milliseconds kCommitRetryPause{100};  // of a commit that somebody waits for

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
      : config_(std::move(config)),
        intake_(config_.shares, [this](const std::string& line) { say(kLogWarning, line); }) {}
  ~GroupConsumer() override { GroupConsumer::close(); }

  Expected<Done> open();

  std::optional<Record> pull() override;
  int wake_fd() const override { return wake_fd_.get(); }
  void done(const Position& position) override;
  void stop_pulling() override;
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

  void await_given_up(const rd_kafka_topic_partition_list_t& leaving);
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
  Intake intake_;                    // guarded by mutex_, as is all below
  std::condition_variable settled_;  // something is done
  int done_since_commit_ = 0;
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
  // partition_queue.h).
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
  return intake_.pull();
}

void GroupConsumer::stop_pulling() {
  pulling_ = false;
  const std::lock_guard lock(mutex_);
  intake_.stop();
}

void GroupConsumer::done(const Position& position) {
  const std::lock_guard lock(mutex_);
  ++done_since_commit_;
  // librdkafka speaks only when a queue becomes non-empty.
  if (intake_.done(position)) wake();
  settled_.notify_all();
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
  stats.assigned_partitions = static_cast<std::int64_t>(intake_.partitions().size());
  stats.skipped_done = intake_.skipped_done();
  for (const auto& partition : intake_.partitions()) {
    stats.max_commit_span = std::max(stats.max_commit_span, partition->tracker.span());
    stats.waiting_records += partition->source->waiting();
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
  const PartitionListHandle committed = ask_committed(*connection_, *partitions);
  for (int i = 0; i < partitions->cnt; ++i) {
    auto& assigned = partitions->elems[i];
    {
      const std::lock_guard lock(mutex_);
      intake_.remove(assigned.topic, assigned.partition);
    }
    auto partition = take_over(*connection_, config_, committed.get(), assigned, wake_fd_.get());
    const std::lock_guard lock(mutex_);
    intake_.add(std::move(partition));
  }
  apply(true, partitions);
  wake();
}

void GroupConsumer::unassign(rd_kafka_topic_partition_list_t* partitions) {
  // Whoever owns a lost partition by now has committed more than we know.
  if (!rd_kafka_assignment_lost(connection_->get())) {
    await_given_up(*partitions);
    commit_dirty(partitions);
    await_commits(kRevokeCommitPatience);
  }
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < partitions->cnt; ++i)
      more |= intake_.remove(partitions->elems[i].topic, partitions->elems[i].partition);
  }
  if (more) wake();
  apply(false, partitions);
}

// Of what is given up the next owner would publish another dead letter, if it did not find it done.
// It is nothing but two records on their way to the broker.
void GroupConsumer::await_given_up(const rd_kafka_topic_partition_list_t& leaving) {
  std::unique_lock lock(mutex_);
  const auto gives_up = [&] {
    bool any = false;
    for (int i = 0; i < leaving.cnt; ++i) {
      AssignedPartition* const partition =
          intake_.find(leaving.elems[i].topic, leaving.elems[i].partition);
      if (!partition) continue;
      partition->leaves = true;  // nothing of it is begun meanwhile
      any = any || intake_.gives_up(*partition);
    }
    return any;
  };
  if (!settled_.wait_for(lock, kGivenUpPatience, [&] { return !gives_up(); }))
    say(kLogWarning, "rebalance: a dead letter is still on its way and may come twice");
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
    const auto& partitions = intake_.partitions();
    somebody_waits_ =
        std::any_of(partitions.begin(), partitions.end(),
                    [this](const auto& partition) { return intake_.has_to_say(*partition); });
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
    for (const auto& partition : intake_.partitions()) {
      const auto mark = partition->tracker.committable();
      const bool leaves = leaving != nullptr &&
                          rd_kafka_topic_partition_list_find(leaving, partition->topic.c_str(),
                                                             partition->number) != nullptr;
      // What is said next is not to be taken for what is being said.
      if (partition->saying && !leaves) continue;
      const bool news = partition->traced && (leaves || intake_.has_to_say(*partition) ||
                                              partition->said != partition->tracker.next_start());
      if ((!partition->tracker.dirty() && !news) || !mark) continue;
      if (!offsets) offsets.reset(rd_kafka_topic_partition_list_new(8));
      auto* entry = rd_kafka_topic_partition_list_add(offsets.get(), partition->topic.c_str(),
                                                      partition->number);
      entry->offset = *mark;
      const std::string metadata = intake_.say(*partition, leaves);
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
    AssignedPartition* const partition = intake_.find(entry.topic, entry.partition);
    if (!partition) continue;
    if (!taken) partition->tracker.mark_dirty();  // tried again at the next interval
    if (intake_.said(*partition, taken)) wake();
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
  intake_.clear();
}

void GroupConsumer::wake() const {
  // A full counter (EAGAIN) is readable already.
  [[maybe_unused]] const auto written =
      ::write(wake_fd_.get(), &PartitionQueue::kWake, sizeof PartitionQueue::kWake);
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
