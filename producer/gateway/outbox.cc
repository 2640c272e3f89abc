#include "producer/gateway/outbox.h"

#include <exception>

#include "monitoring/log.h"
#include "schemas/result.h"

namespace farm::gateway {

Outbox::Outbox(producer::Client& client) : client_(client), thread_([this] { work(); }) {}

Outbox::~Outbox() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Outbox::push(EvaluationRequest request, producer::OnResult on_result) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.emplace_back(std::move(request), std::move(on_result));
  }
  wake_.notify_one();
}

void Outbox::take_back(const std::string& request_id) {
  {
    const std::scoped_lock lock(mutex_);
    if (submitting_ == request_id) {
      unwanted_ = true;
      return;
    }
    const auto waits = [&](const auto& entry) { return entry.first.request_id == request_id; };
    if (std::erase_if(waiting_, waits) > 0) return;
  }
  client_.cancel({request_id});
}

void Outbox::hand_over(const EvaluationRequest& request, const producer::OnResult& on_result) {
  try {
    client_.submit(request, on_result);
  } catch (const std::exception& failure) {
    // Out of memory, as a rule: one request fails, and not those that wait.
    monitoring::log::error("cannot hand a request over", {{"error", failure.what()}});
    on_result(unjudged_result(
        {request.request_id, request.trainer, request.step, request.group, request.metadata_json},
        Verdict::kFarmError, "the gateway could not hand it over"));
  }
}

void Outbox::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto [request, on_result] = std::move(waiting_.front());
    waiting_.pop_front();
    submitting_ = request.request_id;
    lock.unlock();
    hand_over(request, on_result);
    lock.lock();
    submitting_.clear();
    if (!std::exchange(unwanted_, false)) continue;
    lock.unlock();
    client_.cancel({request.request_id});
    lock.lock();
  }
}

}  // namespace farm::gateway
