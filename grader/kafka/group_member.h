// GroupMember: one membership in one consumer group. It takes partitions over into an intake,
// which members of other groups may share, and commits what the intake says of them. Private to
// this folder.
//
// Owns one poll thread. What is said to need the lock needs Pulls::mutex.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "grader/kafka/connection.h"
#include "grader/kafka/consumer.h"
#include "grader/kafka/intake.h"
#include "grader/os/unique_fd.h"

namespace farm::kafka {

// What the members of one Consumer have in common. Outlives them.
struct Pulls {
  Pulls(const std::vector<int>& shares, std::function<void(const std::string&)> warn,
        std::size_t ahead)
      : intake(shares, std::move(warn), ahead) {}
  void wake() const;

  os::UniqueFd wake_fd;  // an eventfd
  std::mutex mutex;
  Intake intake;                    // guarded by mutex
  std::condition_variable settled;  // something is done
};

class GroupMember {
 public:
  // `config` but for its group and topics. Both references outlive it.
  GroupMember(const ConsumerConfig& config, std::string group, std::vector<std::string> topics,
              Pulls& pulls);
  ~GroupMember();
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

  // Once. Errors: as Consumer::create().
  Expected<Done> open();
  // Begins to leave the group. Thread-safe, without the lock.
  void stop();
  // Waits until it has left, at most 10 s. Idempotent; not from two threads at once.
  void join();

  // With the lock:
  bool reads(std::string_view topic) const;
  void note_done() { ++done_since_commit_; }
  // Whether somebody waits for something that is to be committed.
  bool has_to_say() const;
  // Makes the poll thread look at once whether there is something to commit. Also without the lock.
  void hurry() const { rd_kafka_queue_yield(group_events_.get()); }
  void add_to(ConsumerStats& sums) const;
  std::optional<Error> failure() const { return failure_; }

  // Thread-safe, without the lock.
  std::optional<Error> fatal() const { return connection_->fatal(); }

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
  void await_given_up(const rd_kafka_topic_partition_list_t& leaving, Milliseconds patience);
  void commit_if_due();
  void commit_dirty(const rd_kafka_topic_partition_list_t* leaving = nullptr);
  void await_commits(Milliseconds patience);
  void committed(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t* offsets);
  void leave();
  void fail(Error error);
  void say(int level, std::string_view line) const { connection_->context().say(level, line); }

  const ConsumerConfig& config_;
  const std::string group_;
  const std::vector<std::string> topics_;
  Pulls& pulls_;
  std::optional<Connection> connection_;
  QueueHandle commit_replies_;
  QueueHandle group_events_;  // what the poll thread polls
  std::atomic<bool> stopping_{false};

  // Poll thread only.
  std::chrono::steady_clock::time_point last_commit_ = std::chrono::steady_clock::now();
  int commits_in_flight_ = 0;
  Milliseconds poll_slice_;      // of the next poll
  Milliseconds say_pause_;       // since the last commit, before one that somebody waits for
  bool somebody_waits_ = false;  // for a commit

  // Guarded by the lock.
  int done_since_commit_ = 0;
  ConsumerStats stats_;  // the counters of it
  std::optional<Error> failure_;

  std::thread poll_thread_;
};

}  // namespace farm::kafka
