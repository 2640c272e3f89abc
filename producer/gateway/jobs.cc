#include "producer/gateway/jobs.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

#include "monitoring/log.h"
#include "producer/gateway/deadline.h"

namespace farm::gateway {
namespace {

Reply not_yet() {
  return refusal(504,
                 "no answer yet; the work goes on, and the same request sent again waits for it");
}

// To callers that have hung up, of whom none may be there to read it.
Reply taken_back() {
  Reply reply = refusal(504, "taken back: the caller had closed the connection");
  reply.retry_after_s = 1;
  return reply;
}

// A reply that cannot be put together (memory is out, as a rule) fails its job, and no other.
Reply made(const std::function<Reply(const EvaluationResult&)>& make,
           const EvaluationResult& result) {
  try {
    return make(result);
  } catch (const std::exception& failure) {
    monitoring::log::error("cannot put a reply together", {{"error", failure.what()}});
    return refusal(504, "the reply could not be put together, try again");
  }
}

}  // namespace

Jobs::Jobs(std::string trainer, std::string id_prefix, Times times, Farm farm)
    : trainer_(std::move(trainer)),
      id_prefix_(std::move(id_prefix)),
      times_(times),
      farm_(std::move(farm)) {}

void Jobs::ask(const std::string& key, Question question, SteadyTime asked,
               std::shared_ptr<const std::atomic<bool>> gone, OnReply on_reply) {
  Waiter waiter{std::move(on_reply), std::nullopt, std::move(gone)};
  if (question.patience) waiter.until = asked + hold_time(*question.patience);
  std::optional<Reply> kept;
  OnReply tell;
  std::int64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = jobs_.try_emplace(key).first;
    Job& job = at->second;
    if (job.answer) {
      kept = std::move(job.answer);
      tell = std::move(waiter.on_reply);
      jobs_.erase(at);
    } else {
      job.waiters.push_back(std::move(waiter));
      job.deserted.reset();
      if (job.number == 0) number = job.number = ++last_number_;
    }
  }
  if (kept) return tell(*std::move(kept));
  if (number == 0) return;  // another caller's job

  try {
    hand_over(key, number, std::move(question));
  } catch (const std::exception& failure) {
    // Nobody is to join a job that does not run.
    monitoring::log::error("cannot hand a job over", {{"error", failure.what()}});
    settle(key, number, refusal(504, "the farm was not asked, try again"), false);
  }
}

void Jobs::hand_over(const std::string& key, std::int64_t number, Question question) {
  EvaluationRequest request = std::move(question.request);
  request.trainer = trainer_;
  request.request_id = id_prefix_ + std::to_string(number);
  auto make = std::make_shared<const Make>(std::move(question.reply));
  farm_.submit(std::move(request), [this, key, number, make](EvaluationResult result) {
    // Putting a reply together takes as long as it is large; the farm's client has no time for it.
    auto shared = std::make_shared<const EvaluationResult>(std::move(result));
    farm_.post([this, key, number, make, shared] {
      Reply reply = made(*make, *shared);
      const bool judged = reply.status != 504;
      settle(key, number, std::move(reply), judged);
    });
  });
}

void Jobs::settle(const std::string& key, std::int64_t number, Reply reply, bool judged) {
  std::vector<Waiter> waiters;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = jobs_.find(key);
    if (at == jobs_.end() || at->second.number != number) return;
    waiters = std::move(at->second.waiters);
    at->second.waiters.clear();
    if (waiters.empty() && judged) {
      at->second.answer = std::move(reply);
      at->second.answered = std::chrono::steady_clock::now();
      return;
    }
    jobs_.erase(at);
  }
  for (std::size_t i = 0; i + 1 < waiters.size(); ++i) waiters[i].on_reply(reply);
  if (!waiters.empty()) waiters.back().on_reply(std::move(reply));
}

bool Jobs::is_deserted(Job& job, SteadyTime now) const {
  if (job.answer) return false;
  const bool deserted =
      std::all_of(job.waiters.begin(), job.waiters.end(),
                  [](const Waiter& waiter) { return waiter.gone && waiter.gone->load(); });
  if (!deserted) {
    job.deserted.reset();
    return false;
  }
  if (!job.deserted) job.deserted = now;
  return now - *job.deserted >= (job.waiters.empty() ? times_.keep : times_.grace);
}

void Jobs::expire(SteadyTime now) {
  std::vector<Waiter> late;
  std::vector<Waiter> left;
  std::vector<std::string> unwanted;
  {
    const std::scoped_lock lock(mutex_);
    for (auto at = jobs_.begin(); at != jobs_.end();) {
      Job& job = at->second;
      const auto first_late = std::stable_partition(
          job.waiters.begin(), job.waiters.end(),
          [&](const Waiter& waiter) { return !waiter.until || *waiter.until > now; });
      std::move(first_late, job.waiters.end(), std::back_inserter(late));
      job.waiters.erase(first_late, job.waiters.end());
      const bool deserted = is_deserted(job, now);
      if (deserted) {
        std::move(job.waiters.begin(), job.waiters.end(), std::back_inserter(left));
        unwanted.push_back(id_of(job));
      }
      const bool forgotten = job.answer && now - job.answered > times_.keep;
      at = deserted || forgotten ? jobs_.erase(at) : std::next(at);
    }
  }
  for (const std::string& id : unwanted) farm_.cancel(id);
  for (Waiter& waiter : late) waiter.on_reply(not_yet());
  for (Waiter& waiter : left) waiter.on_reply(taken_back());
}

std::int64_t Jobs::waiting() const {
  const std::scoped_lock lock(mutex_);
  std::int64_t count = 0;
  for (const auto& [key, job] : jobs_) count += static_cast<std::int64_t>(job.waiters.size());
  return count;
}

std::int64_t Jobs::running() const {
  const std::scoped_lock lock(mutex_);
  return std::count_if(jobs_.begin(), jobs_.end(),
                       [](const auto& entry) { return !entry.second.answer; });
}

}  // namespace farm::gateway
