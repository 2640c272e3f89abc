// Outbox: a thread that hands requests to the farm's client, which blocks while its window is full;
// nobody else may wait for that. First in, first out.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "producer/client.h"
#include "schemas/request.h"

namespace farm::gateway {

class Outbox {
 public:
  // `client` must outlive it.
  explicit Outbox(producer::Client& client);
  // Hands over what is left; close the client before, so that this does not take long.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Never blocks.
  void push(EvaluationRequest request, producer::OnResult on_result);
  // Takes out what still waits here under this id; its on_result is dropped. Whether it was here.
  bool take_out(const std::string& request_id);

 private:
  void work();

  producer::Client& client_;
  std::mutex mutex_;  // guards the next three
  std::condition_variable wake_;
  std::deque<std::pair<EvaluationRequest, producer::OnResult>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace farm::gateway
