#include "grader/kafka/group_member.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "grader/kafka/take_over.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kConnectPatience{10'000};
// How late a commit that is due by time may be noticed; all else wakes the poll thread.
constexpr Milliseconds kPollSlice{50};
// Starts of so long are marked by one commit.
constexpr Milliseconds kSayPause{3};
// Of the broker's answer while somebody waits for it: group events wait meanwhile.
constexpr Milliseconds kReplySlice{10};
// A rebalance waits for us meanwhile, for max.poll.interval.ms at most; the others go on with what
// they keep.
constexpr Milliseconds kRevokeCommitPatience{10'000};
constexpr Milliseconds kGivenUpPatience{5'000};
constexpr Milliseconds kLastPatience{2'000};  // of each, where we leave the group
constexpr Milliseconds kLeavePatience{5'000};
constexpr Milliseconds kCommitRetryPause{100};  // of a commit that somebody waits for

Properties properties_of(const ConsumerConfig& config, const std::string& group) {
  const bool embedded = config.client.kind == BrokerKind::kEmbedded;
  const auto session = config.session_timeout.count() > 0 ? config.session_timeout
                       : embedded                         ? Milliseconds(6'000)
                                                          : Milliseconds(30'000);
  Properties properties = {
      {"group.id", group},
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

}  // namespace

GroupMember::GroupMember(const ConsumerConfig& config, std::string group,
                         std::vector<std::string> topics, Pulls& pulls)
    : config_(config),
      group_(std::move(group)),
      topics_(std::move(topics)),
      pulls_(pulls),
      poll_slice_(kPollSlice),
      say_pause_(kSayPause) {}

GroupMember::~GroupMember() {
  stop();
  join();
}

// librdkafka 2.0.2 waits by the realtime clock: one that was put back would keep the poll thread
// waiting for as much.
void GroupMember::stop() {
  stopping_ = true;
  if (group_events_) hurry();
}

bool GroupMember::has_to_say() const {
  const auto& partitions = pulls_.intake.partitions();
  return std::any_of(partitions.begin(), partitions.end(), [this](const auto& partition) {
    return reads(partition->topic) && pulls_.intake.has_to_say(*partition);
  });
}

void GroupMember::join() {
  if (poll_thread_.joinable()) poll_thread_.join();
}

bool GroupMember::reads(std::string_view topic) const {
  return std::find(topics_.begin(), topics_.end(), topic) != topics_.end();
}

void GroupMember::add_to(ConsumerStats& sums) const {
  sums.rebalances += stats_.rebalances;
  sums.commits += stats_.commits;
  sums.commit_failures += stats_.commit_failures;
  sums.max_metadata_bytes = std::max(sums.max_metadata_bytes, stats_.max_metadata_bytes);
}

Expected<Done> GroupMember::open() {
  FARM_TRY(Connection connection,
           Connection::create(
               RD_KAFKA_CONSUMER, config_.client, properties_of(config_, group_), this,
               [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, &on_rebalance); }));
  FARM_CHECK_OK(connection.await_broker(kConnectPatience));
  connection_ = std::move(connection);
  commit_replies_.reset(rd_kafka_queue_new(connection_->get()));
  group_events_.reset(rd_kafka_queue_get_consumer(connection_->get()));
  FARM_ASSERT(group_events_);  // null only for what is in no group
  // Group events and errors then come by rd_kafka_consumer_poll() too; records never do (see
  // partition_queue.h).
  rd_kafka_poll_set_consumer(connection_->get());

  PartitionListHandle topics(rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
  for (const auto& topic : topics_) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  if (const auto error = rd_kafka_subscribe(connection_->get(), topics.get())) {
    return internal_error("cannot subscribe to Kafka topics: " +
                          std::string(rd_kafka_err2str(error)));
  }
  poll_thread_ = std::thread([this] { run(); });
  return Done{};
}

void GroupMember::run() {
  while (!stopping_) {
    // One of two queues can be waited for, and the next commit waits for the reply to this one.
    const bool for_reply = commits_in_flight_ > 0 && somebody_waits_;
    const Milliseconds poll = for_reply ? Milliseconds(0) : poll_slice_;
    const Milliseconds reply = for_reply ? kReplySlice : Milliseconds(0);
    const MessageHandle event(
        rd_kafka_consumer_poll(connection_->get(), static_cast<int>(poll.count())));
    if (event) serve_event(*event);
    rd_kafka_queue_poll_callback(commit_replies_.get(), static_cast<int>(reply.count()));
    commit_if_due();
  }
  leave();
}

void GroupMember::serve_event(const rd_kafka_message_t& event) {
  if (event.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Impossible while every partition has its own queue. Going on would commit past this record.
    fail(internal_error(std::string("a Kafka record of topic ") + rd_kafka_topic_name(event.rkt) +
                        " came outside its partition's queue"));
    return;
  }
  say(kLogWarning, std::string("consumer: ") + rd_kafka_message_errstr(&event));
}

void GroupMember::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                               rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto& self = *static_cast<GroupMember*>(static_cast<ConnectionContext*>(opaque)->owner);
  {
    const std::lock_guard lock(self.pulls_.mutex);
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

void GroupMember::assign(rd_kafka_topic_partition_list_t* partitions) {
  const PartitionListHandle committed = ask_committed(*connection_, *partitions);
  for (int i = 0; i < partitions->cnt; ++i) {
    auto& assigned = partitions->elems[i];
    {
      const std::lock_guard lock(pulls_.mutex);
      pulls_.intake.remove(assigned.topic, assigned.partition);
    }
    auto partition =
        take_over(*connection_, config_, committed.get(), assigned, pulls_.wake_fd.get());
    const std::lock_guard lock(pulls_.mutex);
    pulls_.intake.add(std::move(partition));
  }
  apply(true, partitions);
  pulls_.wake();
}

void GroupMember::unassign(rd_kafka_topic_partition_list_t* partitions) {
  // Whoever owns a lost partition by now has committed more than we know.
  if (!rd_kafka_assignment_lost(connection_->get())) {
    await_given_up(*partitions, stopping_ ? kLastPatience : kGivenUpPatience);
    commit_dirty(partitions);
    await_commits(stopping_ ? kLastPatience : kRevokeCommitPatience);
  }
  bool more = false;
  {
    const std::lock_guard lock(pulls_.mutex);
    for (int i = 0; i < partitions->cnt; ++i)
      more |= pulls_.intake.remove(partitions->elems[i].topic, partitions->elems[i].partition);
  }
  if (more) pulls_.wake();
  apply(false, partitions);
}

// Of what is given up the next owner would publish another dead letter, if it did not find it done.
// It is nothing but two records on their way to the broker.
void GroupMember::await_given_up(const rd_kafka_topic_partition_list_t& leaving,
                                 Milliseconds patience) {
  std::unique_lock lock(pulls_.mutex);
  const auto gives_up = [&] {
    bool any = false;
    for (int i = 0; i < leaving.cnt; ++i) {
      AssignedPartition* const partition =
          pulls_.intake.find(leaving.elems[i].topic, leaving.elems[i].partition);
      if (!partition) continue;
      pulls_.intake.leave(*partition);  // nothing of it is begun meanwhile
      any = any || pulls_.intake.gives_up(*partition);
    }
    return any;
  };
  if (!pulls_.settled.wait_for(lock, patience, [&] { return !gives_up(); }))
    say(kLogWarning, "rebalance: a dead letter is still on its way and may come twice");
}

void GroupMember::apply(bool add, const rd_kafka_topic_partition_list_t* partitions) {
  rd_kafka_t* const client = connection_->get();
  if (std::strcmp(rd_kafka_rebalance_protocol(client), "COOPERATIVE") == 0) {
    const ErrorHandle error(add ? rd_kafka_incremental_assign(client, partitions)
                                : rd_kafka_incremental_unassign(client, partitions));
    if (error) say(kLogError, std::string("rebalance: ") + rd_kafka_error_string(error.get()));
  } else {
    rd_kafka_assign(client, add ? partitions : nullptr);
  }
}

void GroupMember::commit_if_due() {
  {
    const std::lock_guard lock(pulls_.mutex);
    const auto since = steady_clock::now() - last_commit_;
    const auto& partitions = pulls_.intake.partitions();
    const bool says = has_to_say();
    somebody_waits_ = std::any_of(partitions.begin(), partitions.end(), [this](const auto& one) {
      return reads(one->topic) && pulls_.intake.awaits_commit(*one);
    });
    poll_slice_ = kPollSlice;
    if (says && since < say_pause_) {
      const auto left = std::chrono::ceil<Milliseconds>(say_pause_ - since);
      poll_slice_ = std::min(left, kPollSlice);
    }
    const bool due = since >= config_.commit_interval ||
                     done_since_commit_ >= config_.commit_after_records ||
                     (says && since >= say_pause_);
    if (!due || commits_in_flight_ > 0) return;
  }
  commit_dirty();
}

// Sends the marks and done-maps of all partitions that have something new. The reply comes by
// commit_replies_, since a synchronous rd_kafka_commit() has no time limit and group events would
// wait behind it. `leaving`: partitions that are given up in order.
void GroupMember::commit_dirty(const rd_kafka_topic_partition_list_t* leaving) {
  last_commit_ = steady_clock::now();
  PartitionListHandle offsets;
  {
    const std::lock_guard lock(pulls_.mutex);
    done_since_commit_ = 0;
    for (const auto& partition : pulls_.intake.partitions()) {
      if (!reads(partition->topic)) continue;
      const auto mark = partition->tracker.committable();
      const bool leaves = leaving != nullptr &&
                          rd_kafka_topic_partition_list_find(leaving, partition->topic.c_str(),
                                                             partition->number) != nullptr;
      // What is said next is not to be taken for what is being said.
      if (partition->saying && !leaves) continue;
      const bool news = partition->traced && (leaves || pulls_.intake.has_to_say(*partition));
      if ((!partition->tracker.dirty() && !news) || !mark) continue;
      if (!offsets) offsets.reset(rd_kafka_topic_partition_list_new(8));
      auto* entry = rd_kafka_topic_partition_list_add(offsets.get(), partition->topic.c_str(),
                                                      partition->number);
      entry->offset = *mark;
      const std::string metadata = pulls_.intake.say(*partition, leaves);
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

void GroupMember::on_commit(rd_kafka_t*, rd_kafka_resp_err_t error,
                            rd_kafka_topic_partition_list_t* offsets, void* opaque) {
  auto& self = *static_cast<GroupMember*>(opaque);
  --self.commits_in_flight_;
  self.committed(error, offsets);
}

void GroupMember::committed(rd_kafka_resp_err_t error,
                            const rd_kafka_topic_partition_list_t* offsets) {
  const std::lock_guard lock(pulls_.mutex);
  bool failed = error != RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int i = 0; offsets && i < offsets->cnt; ++i) {
    const auto& entry = offsets->elems[i];
    const bool taken =
        error == RD_KAFKA_RESP_ERR_NO_ERROR && entry.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    failed = failed || !taken;
    AssignedPartition* const partition = pulls_.intake.find(entry.topic, entry.partition);
    if (!partition) continue;
    if (!taken) partition->tracker.mark_dirty();  // tried again at the next interval
    if (pulls_.intake.said(*partition, taken)) pulls_.wake();
  }
  say_pause_ = failed ? kCommitRetryPause : kSayPause;
  if (failed) {
    // ILLEGAL_GENERATION, UNKNOWN_MEMBER: the partitions are another's by now, who redelivers; a
    // duplicate answer.
    ++stats_.commit_failures;
    say(kLogWarning, std::string("commit: ") + rd_kafka_err2str(error));
  } else {
    ++stats_.commits;
  }
}

void GroupMember::await_commits(Milliseconds patience) {
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
void GroupMember::leave() {
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
  const std::lock_guard lock(pulls_.mutex);
  // Their queues end before the client does.
  pulls_.intake.remove_topics(topics_);
}

void GroupMember::fail(Error error) {
  say(kLogError, error.what);
  const std::lock_guard lock(pulls_.mutex);
  if (!failure_) failure_ = std::move(error);
}

}  // namespace farm::kafka
