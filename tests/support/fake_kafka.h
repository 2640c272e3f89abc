// Scripted Kafka ends for tests of what stands above them: no broker, no threads of their own. The
// real ones run in tests/kafka and tests/kafka_real.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grader/kafka/consumer.h"
#include "grader/kafka/producer.h"
#include "grader/os/files.h"

namespace farm::testing {

// Hands out what the test put in; remembers what was done.
class FakeConsumer final : public kafka::Consumer {
 public:
  FakeConsumer() : wake_(std::move(os::make_event_fd()).value()) {}

  void add(kafka::Record record) {
    const std::lock_guard lock(mutex_);
    record.position.offset = next_offset_++;
    waiting_.push_back(std::move(record));
    os::signal_event(wake_.get());
  }
  std::vector<std::int64_t> done_offsets() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  std::optional<kafka::Record> pull() override {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || stopped_) return std::nullopt;
    kafka::Record record = std::move(waiting_.front());
    waiting_.pop_front();
    return record;
  }
  int wake_fd() const override { return wake_.get(); }
  void done(const kafka::Position& position) override {
    const std::lock_guard lock(mutex_);
    done_.push_back(position.offset);
  }
  void stop_pulling() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  std::vector<kafka::ProcessId> awaited() const override { return {}; }
  void judge(kafka::ProcessId, bool) override {}
  std::optional<Error> fatal() const override { return std::nullopt; }
  kafka::ConsumerStats stats() const override { return {}; }
  void close() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  mutable std::mutex mutex_;
  os::UniqueFd wake_;
  std::deque<kafka::Record> waiting_;
  std::vector<std::int64_t> done_;
  std::int64_t next_offset_ = 0;
  bool stopped_ = false;
  bool closed_ = false;
};

// Keeps what is published. Reports at once, as scripted, or when the test says so (hold()).
class FakeProducer final : public kafka::Producer {
 public:
  // The next publishes to this topic fail with these, then succeed.
  void fail_next(const std::string& topic, const Error& error, int times = 1) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) failures_[topic].push_back(error);
  }
  void hold(bool on) {
    const std::lock_guard lock(mutex_);
    hold_ = on;
  }
  // Gives the reports that were held back.
  void release() {
    std::vector<OnDelivery> reports;
    {
      const std::lock_guard lock(mutex_);
      reports.swap(held_);
    }
    for (const OnDelivery& report : reports) report(kafka::Delivery{0, 0});
  }
  std::vector<kafka::OutgoingRecord> published() const {
    const std::lock_guard lock(mutex_);
    return published_;
  }

  Expected<Done> publish(kafka::OutgoingRecord record, OnDelivery on_delivery) override {
    std::optional<Error> failure;
    {
      const std::lock_guard lock(mutex_);
      auto& failures = failures_[record.topic];
      if (!failures.empty()) {
        failure = failures.front();
        failures.pop_front();
      } else {
        published_.push_back(std::move(record));
        if (hold_) {
          held_.push_back(std::move(on_delivery));
          return Done{};
        }
      }
    }
    if (failure) {
      on_delivery(std::move(*failure));
    } else {
      on_delivery(kafka::Delivery{0, 0});
    }
    return Done{};
  }
  Expected<Done> warm(const std::vector<std::string>&, Milliseconds) override { return Done{}; }
  Expected<int> partitions(const std::string&, Milliseconds) override { return 1; }
  Expected<Done> flush(Milliseconds) override { return Done{}; }

 private:
  mutable std::mutex mutex_;
  bool hold_ = false;
  std::map<std::string, std::deque<Error>> failures_;
  std::vector<OnDelivery> held_;
  std::vector<kafka::OutgoingRecord> published_;
};

}  // namespace farm::testing
