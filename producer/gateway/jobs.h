// Jobs: what was asked of the farm and who waits for it. Not a queue: each job is handed over at
// once.
//
// Requests that are alike byte for byte share one job while it runs. A caller that would give up
// soon is told 504; its job goes on, and the answer is kept for the caller who comes again with the
// same bytes. What was handed out is forgotten: who asks then gets another run, since a program may
// print the time. A job whose callers have all hung up for some seconds is taken back, and so is
// one whose callers were told 504 and did not come again for a minute: nobody else asks for it.
//
// Thread-safe. Callbacks run on whatever thread calls, without a lock held.
#pragma once

#include <atomic>
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
  // Takes a request back; its on_result may still come.
  using Cancel = std::function<void(const std::string& request_id)>;
  // Runs what may take some milliseconds, now or later.
  using Post = std::function<void(std::function<void()>)>;
  struct Farm {
    Submit submit;
    Cancel cancel;
    Post post;
  };
  struct Times {
    Milliseconds keep{60'000};  // of a job, or its answer, for whom told 504 may come again
    Milliseconds grace{5'000};  // from when the last caller hung up until the job is taken back
  };

  // `trainer` names the farm's client; request ids are `id_prefix` and a number.
  Jobs(std::string trainer, std::string id_prefix, Times times, Farm farm);
  // Nobody is told anything any more. Results that are still to come must not.
  ~Jobs() = default;
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // `key` stands for the bytes that were asked. on_reply comes once: with the answer, with 504 when
  // the question's patience, which began at `asked`, is nearly over, or when the job is taken back.
  // `gone` becomes true when the caller hangs up; null: it does not.
  void ask(const std::string& key, Question question, SteadyTime asked,
           std::shared_ptr<const std::atomic<bool>> gone, OnReply on_reply);

  // 504 for those whose time has come; takes back jobs that nobody waits for any more, and forgets
  // answers for which nobody came. To be called a few times a second.
  void expire(SteadyTime now);

  // Callers that were not told anything yet.
  std::int64_t waiting() const;
  std::int64_t running() const;  // jobs without an answer

 private:
  struct Waiter {
    OnReply on_reply;
    std::optional<SteadyTime> until;
    std::shared_ptr<const std::atomic<bool>> gone;
  };
  struct Job {
    std::int64_t number = 0;
    std::vector<Waiter> waiters;
    std::optional<Reply> answer;  // that nobody was there for
    SteadyTime answered;
    std::optional<SteadyTime> deserted;  // since when no caller waits and is there
  };
  using Make = std::function<Reply(const EvaluationResult&)>;

  std::string id_of(const Job& job) const { return id_prefix_ + std::to_string(job.number); }
  // Whether nobody has waited for it for long enough: longer where callers were told to come again.
  bool is_deserted(Job& job, SteadyTime now) const;
  void hand_over(const std::string& key, std::int64_t number, Question question);
  void settle(const std::string& key, std::int64_t number, Reply reply, bool judged);

  const std::string trainer_, id_prefix_;
  const Times times_;
  const Farm farm_;
  mutable std::mutex mutex_;  // guards the two below
  std::unordered_map<std::string, Job> jobs_;
  std::int64_t last_number_ = 0;
};

}  // namespace farm::gateway
