#include "producer/bench/turns.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace farm::bench {
namespace {

// The state that the threads of one turn share.
class Turnover {
 public:
  Turnover(const Crew& crew, const Budget& budget, const Unit& unit)
      : crew_(crew), budget_(budget), unit_(unit) {}

  void work(int worker) {
    if (crew_.enter_thread) {
      if (auto entered = crew_.enter_thread(worker); !entered) return fail(entered.error());
    }
    double items = 0;
    double seconds = 0;
    while (const auto number = claim()) {
      if (crew_.give_up && crew_.give_up()) return fail(unavailable("interrupted"));
      const auto counted = unit_(worker, *number);
      if (!counted) return fail(counted.error());
      items += counted->items;
      seconds += counted->seconds;
    }
    const std::lock_guard lock(mutex_);
    if (seconds > 0) rate_ += items / seconds;
  }

  Expected<double> outcome() const {
    if (error_) return *error_;
    return rate_;
  }

 private:
  std::optional<std::int64_t> claim() {
    if (failed_) return std::nullopt;
    const std::int64_t number = next_++;
    if (budget_.count) return number < *budget_.count ? std::optional(number) : std::nullopt;
    const bool over = number > 0 && std::chrono::steady_clock::now() - begun_ >= budget_.time;
    return over ? std::nullopt : std::optional(number);
  }
  void fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    failed_ = true;
  }

  const Crew& crew_;
  const Budget& budget_;
  const Unit& unit_;
  const SteadyTime begun_ = std::chrono::steady_clock::now();
  std::atomic<std::int64_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  double rate_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Expected<double> items_per_second(const Crew& crew, const Budget& budget, const Unit& unit) {
  Turnover turnover(crew, budget, unit);
  std::vector<std::thread> threads;
  for (int worker = 0; worker < crew.workers; ++worker)
    threads.emplace_back([&turnover, worker] { turnover.work(worker); });
  for (std::thread& thread : threads) thread.join();
  return turnover.outcome();
}

Expected<Turns> take_turns(
    int rounds, const Turn& farm, const Turn& baseline,
    const std::function<void(int round, double farm, double baseline)>& on_round) {
  Turns turns;
  for (int round = 0; round < rounds; ++round) {
    const bool farm_first = round % 2 == 0;
    FARM_TRY(const double first, farm_first ? farm() : baseline());
    FARM_TRY(const double second, farm_first ? baseline() : farm());
    turns.farm.push_back(farm_first ? first : second);
    turns.baseline.push_back(farm_first ? second : first);
    if (on_round) on_round(round, turns.farm.back(), turns.baseline.back());
  }
  return turns;
}

Spread spread_of(std::vector<double> values) {
  FARM_ASSERT(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

std::vector<double> ratios_of(const Turns& turns) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < turns.farm.size(); ++i)
    ratios.push_back(turns.farm[i] / turns.baseline[i]);
  return ratios;
}

double seconds_between(SteadyTime begun, SteadyTime ended) {
  return std::chrono::duration<double>(ended - begun).count();
}

}  // namespace farm::bench
