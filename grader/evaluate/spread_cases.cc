#include "grader/evaluate/spread_cases.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace farm::evaluate {
namespace {

class Spread {
 public:
  Spread(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
         SteadyTime deadline, const Tools& tools)
      : request_(request),
        plan_(plan),
        builds_(builds),
        deadline_(deadline),
        tools_(tools),
        ran_(plan.cases.size()) {}

  // In the order of the cases, which is that in which they began.
  Expected<Done> run(Runs& runs) {
    while (const std::optional<std::size_t> index = next_case()) {
      if (*index > 0) borrow();
      run_one(*index, tools_);
    }
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return lent_ == 0; });
    }
    for (std::size_t index = 0; index < ran_.size() && ran_[index]; ++index) {
      if (!*ran_[index]) return numbered(std::move(*ran_[index]).error(), index);
      keep(*std::move(*ran_[index]), plan_.run_all_cases, runs);
      if (runs.stop != Stop::kNot) return Done{};
    }
    runs.stop = stop_;
    return Done{};
  }

 private:
  std::optional<std::size_t> next_case(bool starts = false) {
    const std::lock_guard lock(mutex_);
    if (starts) --starting_;
    if (stop_ == Stop::kNot && next_ < ran_.size()) stop_ = reason_to_stop(deadline_, tools_);
    if (stop_ != Stop::kNot || next_ == ran_.size()) return std::nullopt;
    return next_++;
  }

  void run_one(std::size_t index, const Tools& tools) {
    Expected<CaseRun> run = run_case(request_, plan_, builds_, index, tools);
    const std::lock_guard lock(mutex_);
    if (stop_ == Stop::kNot)
      stop_ = run ? reason_after(*run, plan_.run_all_cases) : Stop::kCaseFailed;
    ran_[index].emplace(std::move(run));
  }

  // All the sandboxes that are idle now, and no more than there are cases left.
  void borrow() {
    if (!tools_.lend) return;
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (stop_ != Stop::kNot || next_ + starting_ >= ran_.size()) return;
        ++lent_;
        ++starting_;
      }
      if (tools_.lend([this](sandbox::Sandbox& sandbox) { help(sandbox); })) continue;
      const std::lock_guard lock(mutex_);
      --lent_;
      --starting_;
      return;
    }
  }

  void help(sandbox::Sandbox& sandbox) {
    Tools own = tools_;
    own.sandbox = &sandbox;
    std::optional<std::size_t> index = next_case(true);
    while (index) {
      run_one(*index, own);
      index = tools_.wanted_back() ? std::nullopt : next_case();
    }
    const std::lock_guard lock(mutex_);
    --lent_;
    changed_.notify_all();  // under the lock: whoever waits owns this object
  }

  Error numbered(Error error, std::size_t index) const {
    const bool pointed = error.request_fault() && plan_.cases.size() == 1;
    if (!pointed) error.what = "case " + std::to_string(index) + ": " + error.what;
    return error;
  }

  const EvaluationRequest& request_;
  const Plan& plan_;
  const Builds& builds_;
  const SteadyTime deadline_;
  const Tools& tools_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Expected<CaseRun>>> ran_;  // by case
  std::size_t next_ = 0;                               // that nobody has begun
  std::size_t lent_ = 0;                               // sandboxes
  std::size_t starting_ = 0;                           // of them, without a case so far
  Stop stop_ = Stop::kNot;                             // no further case begins
};

}  // namespace

Expected<Done> run_spread(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                          SteadyTime deadline, Runs& runs, const Tools& tools) {
  return Spread(request, plan, builds, deadline, tools).run(runs);
}

}  // namespace farm::evaluate
