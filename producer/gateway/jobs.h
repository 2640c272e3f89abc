// Jobs: what was asked of the farm and who waits for it. Not a queue: each job is handed over at
// once.
//
// Requests that are alike byte for byte share one job while it runs. A caller that would give up
// soon is told 504; its job goes on, and the answer is kept for the caller who comes again with the
// same bytes. What was handed out is forgotten: who asks then gets another run, since a program may
// print the time.
//
// Thread-safe. Callbacks run on whatever thread calls, without a lock held.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "producer/gateway/message.h"
#include "producer/gateway/question.h"
#include "producer/pending.h"
#include "schemas/units.h"

namespace farm::gateway {

class Jobs {
 public:
  using OnReply = std::function<void(Reply)>;
  // Hands a request to the farm; on_result comes exactly once, on any thread, maybe before it
  // returns.
  using Submit = std::function<void(EvaluationRequest, producer::OnResult)>;
  // Runs what may take some milliseconds, now or later.
  using Post = std::function<void(std::function<void()>)>;

  // `trainer` names the farm's client; request ids are `id_prefix` and a number.
  Jobs(std::string trainer, std::string id_prefix, Milliseconds keep, Submit submit, Post post);
  // Nobody is told anything any more. Results that are still to come must not.
  ~Jobs() = default;
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // `key` stands for the bytes that were asked. on_reply comes once: with the answer, or with 504
  // when the question's patience is nearly over.
  void ask(const std::string& key, Question question, SteadyTime now, OnReply on_reply);

  // 504 for those whose time has come; forgets answers older than `keep` for which nobody came. To
  // be called a few times a second.
  void expire(SteadyTime now);

  // Callers that were not told anything yet.
  std::int64_t waiting() const;
  std::int64_t running() const;  // jobs without an answer

 private:
  struct Waiter {
    OnReply on_reply;
    std::optional<SteadyTime> until;
  };
  struct Job {
    std::int64_t number = 0;
    std::vector<Waiter> waiters;
    std::optional<Reply> answer;  // that nobody was there for
    SteadyTime answered;
  };
  using Make = std::function<Reply(const EvaluationResult&)>;

  void settle(const std::string& key, std::int64_t number, Reply reply, bool judged);

  const std::string trainer_, id_prefix_;
  const Milliseconds keep_;
  const Submit submit_;
  const Post post_;
  mutable std::mutex mutex_;  // guards the two below
  std::unordered_map<std::string, Job> jobs_;
  std::int64_t last_number_ = 0;
};

}  // namespace farm::gateway
