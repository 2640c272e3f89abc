// Client: publishes evaluation requests to Kafka and tells each one's result exactly once, whatever
// happens to brokers and graders meanwhile. Not a judge and not a validator: requests are judged,
// and refused, by the grader that takes them.
//
// Lifecycle: create() makes the reply topic where it is missing, captures its end and looks the
// request topic up, so that no answer is missed and the first request does not wait. The destructor
// calls close(). Threads: all members are thread-safe. Callbacks run on the client's own threads,
// concurrently, or, for a request that is refused at once, inside the call that submits it. They
// must not block, nor call submit() (which may block until a callback has run; try_submit_json() is
// for them) or close().
//
//   auto client = Client::create({.kafka = {.brokers = "kafka:9092"}, .trainer = "run-17"});
//   std::future<EvaluationResult> answer = client.value()->submit(request);
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "grader/kafka/client_config.h"
#include "producer/pending.h"
#include "producer/stats.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::producer {

// Zero or empty means: the default for the kind of broker, in parentheses (Apache; embedded).
struct ClientOptions {
  kafka::ClientConfig kafka;
  std::string trainer;       // required: names the reply topic; [a-zA-Z0-9._-]
  std::string pool = "cpu";  // requests go to grading.requests.<pool>
  std::string reply_topic;   // grading.replies.<trainer>
  int reply_partitions = 4;  // where it has to be created; the embedded broker always makes 4
  std::string blob_dir;      // shared with the graders; none: larger records are rejected
  Bytes inline_limit;        // of a record's value (900 KiB; 256 KiB)
  Bytes max_outstanding;     // unanswered record values (64 MiB; 8 MiB: 2 MiB a partition)
  std::int64_t max_requests = 16'384;    // unanswered requests
  Milliseconds resubmit_after{0};        // (180 s; 15 s); pending.h has the rule
  Milliseconds request_timeout{0};       // then the result is farm_error (30 min)
  Milliseconds connect_timeout{10'000};  // of each step of create()
  Bytes max_result = mib(256);           // of a result that came as a blob
};

// The largest record value of a client with these options; more needs a blob directory.
Bytes inline_limit_of(const ClientOptions& options);

class Client {
 public:
  // Blocks ≤ 4 × connect_timeout. Errors: kInvalidRequest (trainer or pool that cannot be part of a
  // topic name; a reply topic outside grading.replies.); kUnavailable (broker; names the address;
  // request topic missing); kInternal (blob directory, bad property).
  static Expected<std::unique_ptr<Client>> create(ClientOptions options);
  virtual ~Client() = default;

  // Publishes one request; blocks while the window of outstanding bytes is full. The result comes
  // exactly once, also for what could not be published: `rejected` where the request is at fault
  // (no readable request_id, the same id under way already, too large without a blob directory),
  // `farm_error` where the farm is.
  virtual void submit(const EvaluationRequest& request, OnResult on_result) = 0;
  virtual std::future<EvaluationResult> submit(const EvaluationRequest& request) = 0;
  // The same for the JSON text of a request, published as it is.
  virtual void submit_json(std::string json, OnResult on_result) = 0;
  virtual std::future<EvaluationResult> submit_json(std::string json) = 0;

  // As submit_json(), but never blocks. False: the window is full and nothing happened; `json` and
  // `on_result` are untouched.
  virtual bool try_submit_json(std::string& json, OnResult& on_result) = 0;
  // Blocks until the window has room for a request of so many bytes of JSON, or for `timeout`.
  // Whether it has.
  virtual bool wait_for_room(std::size_t json_bytes, Milliseconds timeout) = 0;

  // Takes requests of this client back: those with these ids, or all of a step. Tells the graders,
  // which kill what runs of them and begin no others, and resolves them as `cancelled` before it
  // returns. How many there were. Other clients' requests are not meant, nor is what is submitted
  // after a callback came, under the same ids too, unless this host's clock is set back meanwhile.
  // Where no broker can be reached the farm may grade them all the same; nobody waits for that.
  virtual std::int64_t cancel(const std::vector<std::string>& request_ids) = 0;
  virtual std::int64_t cancel_step(std::int64_t step) = 0;

  // Resolves what is unanswered, and what is submitted from now on, as `cancelled`. On return no
  // callback runs any more. Idempotent; the destructor calls it. The farm may still grade what was
  // published.
  virtual void close() = 0;

  virtual ClientStats stats() const = 0;
  // Whether a broker answers a question of its own, on a connection of its own. Blocks ≤ timeout.
  virtual bool reaches_broker(Milliseconds timeout) const = 0;
};

}  // namespace farm::producer
