#include "producer/gateway/outbox.h"

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

bool Outbox::take_out(const std::string& request_id) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(waiting_,
                       [&](const auto& entry) { return entry.first.request_id == request_id; }) > 0;
}

void Outbox::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto [request, on_result] = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    client_.submit(request, std::move(on_result));
  }
}

}  // namespace farm::gateway
