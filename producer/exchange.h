// Exchange: the part of a client between its callers and Kafka: admits requests into the window,
// publishes them (again), matches replies to callers, and resolves each request once. Knows a
// kafka::Producer and is told each reply; who makes topics and reads them is client.cc.
//
// Owns one worker thread: retries, copies, timeouts, and fetching results that came as blobs.
// Thread-safe, except that the destructor must be the last call. Callbacks: as client.h promises.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "grader/kafka/blob_store.h"
#include "grader/kafka/producer.h"
#include "grader/kafka/record.h"
#include "producer/pending.h"
#include "producer/stats.h"
#include "schemas/blob.h"
#include "schemas/cancel.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::producer {

struct ExchangeOptions {
  std::string pool;
  std::string reply_topic;
  PendingLimits limits;
  Bytes inline_limit;  // larger records travel as blobs
  Bytes max_result;    // of a result that came as a blob
  // Of which there are topics; what is of another goes the normal way.
  std::set<Priority> lanes = {};
};

// A request as its caller gave it.
struct Submitted {
  std::string json;
  RequestIdentity identity;
  std::optional<std::int64_t> deadline_unix_ms;  // where known without reading the text
  Priority priority = Priority::kNormal;
};

class Exchange {
 public:
  enum class Wait { kNever, kForRoom };

  // `producer` must outlive the exchange's last delivery report; `blobs`: none where no directory
  // is shared.
  Exchange(ExchangeOptions options, kafka::Producer& producer,
           std::optional<kafka::BlobStore> blobs);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Resolves `on_result` at once where the request is refused. With Wait::kNever the caller was
  // promised room by wait_for_room(); if another took it since, the window is exceeded by one
  // request.
  void submit(Submitted submitted, const OnResult& on_result, Wait wait);
  bool wait_for_room(std::size_t json_bytes, Milliseconds timeout);
  // As Client.
  std::int64_t cancel(const std::vector<std::string>& request_ids);
  std::int64_t cancel_step(std::int64_t step);
  // A record of the reply topic.
  void on_reply(const kafka::Record& record);
  // Resolves the rest, and what is submitted from now on, as `cancelled`. On return no callback
  // runs any more.
  void close();
  ClientStats stats() const;

 private:
  // A reply whose content is in a blob, to be fetched by the worker.
  struct BlobReply {
    std::string request_id;
    std::int64_t generation = 0;
    BlobReference blob;
  };
  class Callback;

  std::size_t inline_limit() const { return static_cast<std::size_t>(options_.inline_limit.count); }
  Expected<std::string> record_value(Submitted& submitted) const;
  void publish_due();
  void publish(const Publication& publication);
  void on_delivery(const std::string& request_id, int attempt,
                   const Expected<kafka::Delivery>& delivery);
  void give_up(const std::string& request_id, const std::string& why);
  std::string correlation_of(const Publication& publication) const;
  // Counts it if not; mutex_ is held.
  bool waits_for(const std::string& request_id, std::int64_t generation);
  void drop_unreadable();
  void publish_cancels(const std::vector<PendingRequest>& taken);
  void publish_cancel(const Cancel& cancel);
  // Tells the graders and then the callers of these, with mutex_ held by `lock`. How many.
  std::int64_t tell_taken_back(std::vector<PendingRequest> taken,
                               std::unique_lock<std::mutex>& lock);
  void resolve(const std::string& request_id, std::int64_t generation, EvaluationResult result);
  void fetch(const BlobReply& reply);
  void give_up_on_overdue();
  void work();

  const ExchangeOptions options_;
  const std::string request_topic_;
  // Of this exchange alone: ids of another client on the same reply topic may equal ours.
  const std::string correlation_base_;
  kafka::Producer& producer_;
  const std::optional<kafka::BlobStore> blobs_;

  std::mutex close_mutex_;  // taken before mutex_
  mutable std::mutex mutex_;
  std::condition_variable room_;   // the window got room, or closing
  std::condition_variable wake_;   // the worker has something to fetch, or closing
  std::condition_variable quiet_;  // no callback runs
  PendingRequests pending_;
  ClientStats stats_;
  std::deque<BlobReply> to_fetch_;
  std::string last_failure_;     // of a publish, while nothing was delivered since
  std::int64_t generation_ = 0;  // PendingRequest::generation of the next
  int callbacks_ = 0;            // running now
  bool closing_ = false;
  std::thread worker_;
};

}  // namespace farm::producer
