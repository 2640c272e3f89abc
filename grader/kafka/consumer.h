// Consumer: a member of a consumer group that hands out records one at a time, only when asked, and
// commits only what is done. Owns one poll thread (group events, rebalances, commits), so that
// max.poll.interval never depends on how long a request takes. Backpressure is by not pulling: each
// partition has its own queue (not pause/resume).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grader/kafka/client_config.h"
#include "grader/kafka/record.h"
#include "grader/kafka/start_marks.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::kafka {

inline constexpr std::int64_t kMinPrefetchRecords = 10'000;
inline constexpr Bytes kPrefetchBytes = mib(8);  // of one partition

struct ConsumerConfig {
  ClientConfig client;
  std::string group;
  std::vector<std::string> topics;
  // By topic as in `topics`, where each has a group of its own: a group spreads its partitions
  // evenly whatever their topics are, so that of several topics one member may get all of one, and
  // another none. Empty: `group` has all. A member is a client with a connection and threads.
  std::vector<std::string> groups;
  // Of pulls, by topic as in `topics`, while all of them have records: none is starved, and a share
  // that a topic has no records for goes to the largest that has. Empty: topics make no difference.
  std::vector<int> shares;
  std::string instance_id;  // static membership; empty: dynamic
  // How many records of a partition wait in memory at least, within kPrefetchBytes; less than
  // kMinPrefetchRecords is raised to it. A partition has one owner whatever is prefetched, so that
  // a small number would be no fairer, and librdkafka 2.0.2 looks only once a second whether a full
  // queue has room again: with 16 records, 4 partitions of Apache Kafka gave 2,040 records/s in
  // bursts a second apart, with 1,000 they gave 245,770/s.
  std::int64_t prefetch_records = kMinPrefetchRecords;
  Milliseconds session_timeout{0};  // 0: by broker kind (30 s, embedded 6 s)
  Milliseconds commit_interval{1000};
  int commit_after_records = 64;
  // Marks in the commits what is started before it is, so that a record that ends its members is
  // known after the second (start_marks.h). What another process may have had is then handed out
  // only after judge(), and if that one died, one at a time.
  bool trace_starts = false;
  ProcessId process = 0;  // of the marks; 0: one is drawn
  // Records of a topic that are marked ahead of demand: pulling more within one round trip waits
  // for it. After our death this many are suspects, beside those that were pulled.
  std::size_t start_ahead = 8;
};

// Counters since creation, and gauges; a snapshot. Low layers return numbers, service/ records
// metrics.
struct ConsumerStats {
  std::int64_t assigned_partitions = 0;
  // Fetched and not pulled yet, over the partitions assigned now; a little more than there are,
  // since librdkafka has markers of its own in its queues.
  std::int64_t waiting_records = 0;
  std::int64_t rebalances = 0;
  std::int64_t commits = 0;
  std::int64_t commit_failures = 0;
  std::int64_t max_commit_span = 0;  // over the partitions assigned now
  std::int64_t max_metadata_bytes = 0;
  std::int64_t skipped_done = 0;  // redelivered records that an earlier owner had answered
  std::vector<std::pair<std::string, std::int32_t>> partitions;  // assigned now: topic and number
};

class Consumer {
 public:
  // Subscribes and starts the poll thread. Errors: kInternal for a bad property; kUnavailable if
  // the broker cannot be reached within 10 s.
  static Expected<std::unique_ptr<Consumer>> create(ConsumerConfig config);
  virtual ~Consumer() = default;

  // The next record of any assigned partition, round robin, or nullopt when none is waiting. Never
  // blocks. Thread-safe.
  virtual std::optional<Record> pull() = 0;
  // Becomes readable when pull(), after it returned nullopt, may have something again; not for
  // every record: pull until nullopt, or pull again when there is room. An eventfd owned by the
  // consumer: read 8 bytes to clear it.
  virtual int wake_fd() const = 0;
  // The answer to this record was delivered. Committed within commit_interval. Thread-safe; a stale
  // epoch is ignored.
  virtual void done(const Position& position) = 0;
  // Stops pulling for good; pull() returns nullopt from now on. Thread-safe.
  virtual void stop_pulling() = 0;
  // Where starts are traced: the processes whose marks were found at take-overs and of which
  // judge() has to be told what became of them. The records that they may have had wait for that;
  // all others go on. Thread-safe.
  virtual std::vector<ProcessId> awaited() const = 0;
  // It is known to live on although it lost those partitions, or it has ended. Thread-safe.
  virtual void judge(ProcessId process, bool alive) = 0;
  // A fatal error of the client (e.g. fenced instance id), if any: the process should exit.
  virtual std::optional<Error> fatal() const = 0;
  virtual ConsumerStats stats() const = 0;
  // Commits what is done, leaves the group, joins the poll thread. Idempotent; the destructor calls
  // it. Blocks ≤ 10 s.
  virtual void close() = 0;
};

}  // namespace farm::kafka
