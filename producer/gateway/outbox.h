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
  // Takes a request back wherever it is: what waits here is dropped with its on_result, what the
  // client has is cancelled there, and what is being handed over is so as soon as the client has
  // it. on_result may still come.
  void take_back(const std::string& request_id);

 private:
  void work();
  void hand_over(const EvaluationRequest& request, const producer::OnResult& on_result);

  producer::Client& client_;
  std::mutex mutex_;  // guards the next five
  std::condition_variable wake_;
  std::deque<std::pair<EvaluationRequest, producer::OnResult>> waiting_;
  std::string submitting_;  // the id of what the client is given now; empty: nothing
  bool unwanted_ = false;   // it was taken back meanwhile
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace farm::gateway
