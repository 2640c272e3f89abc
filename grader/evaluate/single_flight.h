// SingleFlight: of several threads that want the same value at the same time, one makes it and the
// others wait for it. It remembers nothing: a value is shared with those who waited, and gone.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "schemas/units.h"

namespace farm::evaluate {

// Thread-safe.
template <typename Value>
class SingleFlight {
 public:
  using Shared = std::shared_ptr<const Value>;

  // A place among those who want `key`. Whoever leads makes the value and shares it; one that goes
  // away without having shared lets everybody who waits make their own.
  class Seat {
   public:
    Seat(Seat&& other) noexcept
        : flights_(std::exchange(other.flights_, nullptr)),
          key_(std::move(other.key_)),
          value_(std::move(other.value_)) {}
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (flights_ != nullptr) flights_->land(key_, nullptr);
    }

    bool leads() const { return flights_ != nullptr; }
    void share(Shared value) { std::exchange(flights_, nullptr)->land(key_, std::move(value)); }
    // Who followed: what the leader shared. Null: nothing came, in time.
    const Shared& value() const { return value_; }

   private:
    friend class SingleFlight;
    Seat(SingleFlight* flights, std::string key, Shared value)
        : flights_(flights), key_(std::move(key)), value_(std::move(value)) {}
    SingleFlight* flights_;  // set while it leads
    std::string key_;
    Shared value_;
  };

  // Leads at once, or blocks until the leader is done, `patience` is over or `cancelled` (may be
  // null) says so.
  Seat join(const std::string& key, Milliseconds patience, const std::atomic<bool>* cancelled) {
    std::unique_lock lock(mutex_);
    const auto [place, first] = flights_.try_emplace(key);
    if (first) {
      place->second = std::make_shared<Flight>();
      return Seat(this, key, nullptr);
    }
    const std::shared_ptr<Flight> flight = place->second;
    ++waiting_;
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!flight->landed && std::chrono::steady_clock::now() < until &&
           (cancelled == nullptr || !cancelled->load())) {
      // Nobody is woken by `cancelled`, so that it is looked at from time to time.
      landed_.wait_for(lock, kLook);
    }
    --waiting_;
    return Seat(nullptr, {}, flight->value);
  }

  // Threads that wait in join() now.
  int waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  static constexpr Milliseconds kLook{50};
  struct Flight {
    bool landed = false;
    Shared value;
  };

  void land(const std::string& key, Shared value) {
    {
      const std::lock_guard lock(mutex_);
      const auto place = flights_.find(key);
      place->second->landed = true;
      place->second->value = std::move(value);
      flights_.erase(place);
    }
    landed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable landed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
  int waiting_ = 0;
};

}  // namespace farm::evaluate
