// A farm's client without a farm, that does what a test says.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "producer/client.h"
#include "schemas/result.h"

namespace farm::gateway {

class FakeClient final : public producer::Client {
 public:
  // What it was told, in this order. To be read inside of when().
  std::vector<std::string> begun;      // submit() was called
  std::vector<std::string> submitted;  // and returned
  std::vector<std::string> cancelled;
  std::vector<std::string> metadata;  // of what was submitted
  bool full = false;                  // submit() blocks until it is not, or close()
  bool silent = false;                // close() resolves nothing
  bool closed = false;
  std::atomic<bool> broker_up = true;

  // Waits for who holds it: a test that looks at it while its owner ends.
  ~FakeClient() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_; });
  }
  void hold(bool value) {
    const std::scoped_lock lock(mutex_);
    held_ = value;
    changed_.notify_all();
  }

  // Blocks until it is so, generously. Whether it is.
  bool when(const std::function<bool()>& so) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), so);
  }
  void set_full(bool value) {
    const std::scoped_lock lock(mutex_);
    full = value;
    changed_.notify_all();
  }
  // Gives the oldest request without an answer this one.
  void answer(Verdict verdict) {
    std::unique_lock lock(mutex_);
    auto [id, on_result] = std::move(pending_.front());
    pending_.erase(pending_.begin());
    lock.unlock();
    resolve(id, on_result, verdict);
  }

  void submit(const EvaluationRequest& request, producer::OnResult on_result) override {
    std::unique_lock lock(mutex_);
    begun.push_back(request.request_id);
    metadata.push_back(request.metadata_json);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !full || closed; });
    const bool refused = closed;
    if (!refused) pending_.emplace_back(request.request_id, on_result);
    submitted.push_back(request.request_id);
    changed_.notify_all();
    lock.unlock();
    if (refused) resolve(request.request_id, on_result, Verdict::kCancelled);
  }
  std::int64_t cancel(const std::vector<std::string>& request_ids) override {
    const std::scoped_lock lock(mutex_);
    cancelled.insert(cancelled.end(), request_ids.begin(), request_ids.end());
    changed_.notify_all();
    return 0;
  }
  void close() override {
    std::unique_lock lock(mutex_);
    closed = true;
    changed_.notify_all();
    if (silent) return;
    const auto rest = std::exchange(pending_, {});
    lock.unlock();
    for (const auto& [id, on_result] : rest) resolve(id, on_result, Verdict::kCancelled);
  }

  // The gateway has no use for these.
  std::future<EvaluationResult> submit(const EvaluationRequest&) override { return {}; }
  void submit_json(std::string, producer::OnResult) override {}
  std::future<EvaluationResult> submit_json(std::string) override { return {}; }
  bool try_submit_json(std::string&, producer::OnResult&) override { return false; }
  bool wait_for_room(std::size_t, Milliseconds) override { return true; }
  std::int64_t cancel_step(std::int64_t) override { return 0; }
  producer::ClientStats stats() const override { return {}; }

  bool reaches_broker(Milliseconds) const override { return broker_up; }

 private:
  static void resolve(const std::string& id, const producer::OnResult& on_result, Verdict verdict) {
    RequestIdentity identity;
    identity.request_id = id;
    on_result(unjudged_result(identity, verdict, "by the test"));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, producer::OnResult>> pending_;
  bool held_ = false;
};

}  // namespace farm::gateway
