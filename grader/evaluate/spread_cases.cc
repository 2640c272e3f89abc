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

  // In the order of the cases, which is that in which they began. The last one is never given away:
  // nothing would be left to do here meanwhile.
  Expected<Done> run(Runs& runs) {
    while (const std::optional<std::size_t> index = next_case()) {
      if (*index == 0 || *index + 1 == ran_.size() || !give_away(*index)) run_one(*index, tools_);
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
  std::optional<std::size_t> next_case() {
    const std::lock_guard lock(mutex_);
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

  // Whether some other sandbox is idle, which takes this case and goes on with the next.
  bool give_away(std::size_t index) {
    if (!tools_.lend) return false;
    count_lent(+1);
    if (tools_.lend([this, index](sandbox::Sandbox& sandbox) { help(sandbox, index); }))
      return true;
    count_lent(-1);
    return false;
  }

  void help(sandbox::Sandbox& sandbox, std::optional<std::size_t> index) {
    Tools own = tools_;
    own.sandbox = &sandbox;
    while (index) {
      run_one(*index, own);
      index = tools_.wanted_back() ? std::nullopt : next_case();
    }
    count_lent(-1);  // *this may be gone
  }

  void count_lent(int more) {
    const std::lock_guard lock(mutex_);
    lent_ += more;
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
  int lent_ = 0;                                       // sandboxes
  Stop stop_ = Stop::kNot;                             // no further case begins
};

}  // namespace

Expected<Done> run_spread(const EvaluationRequest& request, const Plan& plan, const Builds& builds,
                          SteadyTime deadline, Runs& runs, const Tools& tools) {
  return Spread(request, plan, builds, deadline, tools).run(runs);
}

}  // namespace farm::evaluate
