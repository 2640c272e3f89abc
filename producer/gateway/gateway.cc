#include "producer/gateway/gateway.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "grader/os/sha256.h"
#include "monitoring/gateway_metrics.h"
#include "monitoring/log.h"
#include "producer/gateway/broker_watch.h"
#include "producer/gateway/jobs.h"
#include "producer/gateway/outbox.h"
#include "producer/gateway/routes.h"
#include "producer/random_name.h"
#include "schemas/plain_json.h"
#include "schemas/request.h"

namespace farm::gateway {
namespace {

constexpr Milliseconds kTick{100};
constexpr Milliseconds kBrokerPatience{2'000};
// What the gateway's own request_id and trainer add to a request.
constexpr std::size_t kIdentityRoom = 256;

// What a client calls its request, for who looks at what the farm made of it: bad cases hold it. Of
// callers who share a job it is the first one's.
std::string metadata_of(const Request& request) {
  Object metadata;
  if (!request.request_id.empty()) metadata.set("http_request_id", text(request.request_id));
  if (!request.traceparent.empty()) metadata.set("traceparent", text(request.traceparent));
  return encode_plain_json(metadata.take());
}

class RunningGateway final : public Gateway {
 public:
  RunningGateway(const GatewayOptions& options, std::unique_ptr<producer::Client> client)
      : max_request_(options.max_request),
        metrics_(options.pool),
        client_(std::move(client)),
        broker_([this] { return client_->reaches_broker(kBrokerPatience); },
                options.broker_interval),
        outbox_(std::make_unique<Outbox>(*client_)),
        jobs_(options.trainer, producer::random_name() + "-", Jobs::Times(),
              {[this](EvaluationRequest request, producer::OnResult on_result) {
                 outbox_->push(std::move(request), std::move(on_result));
               },
               [this](const std::string& request_id) { outbox_->take_back(request_id); },
               [this](std::function<void()> work) { server_->post(std::move(work)); }}) {}

  // What still waits, and what connections that are open ask meanwhile, is resolved as cancelled,
  // and told so, before the parts end that tell it: the outbox outlives every handler.
  ~RunningGateway() override {
    if (server_) server_->stop_accepting();
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();  // it takes back what is in the outbox
    client_->close();
    if (server_) {
      server_->wait_until_quiet(kLastWords);
      server_->stop();
    }
    outbox_.reset();
  }

  Expected<Done> listen(const ServerOptions& options) {
    FARM_TRY(server_, Server::start(options, [this](Request request, Server::OnReply on_reply) {
               handle(request, std::move(on_reply));
             }));
    listening_.count_down();
    ticker_ = std::thread([this] { tick(); });
    return Done{};
  }

  std::string address() const override { return server_->address(); }
  bool drain(Milliseconds timeout) override {
    server_->stop_accepting();
    return server_->wait_until_quiet(timeout);
  }

 private:
  static constexpr Milliseconds kLastWords{2'000};

  void handle(const Request& request, Server::OnReply on_reply) {
    listening_.wait();
    if (request.path == "/healthz" || request.path == "/metrics") return on_reply(own(request));
    on_reply = [this, name = name_of_route(request.path), tell = std::move(on_reply)](Reply reply) {
      metrics_.count_request(name, reply.status);
      tell(std::move(reply));
    };
    Routed routed = route(request);
    if (auto* reply = std::get_if<Reply>(&routed)) return on_reply(std::move(*reply));
    auto& question = std::get<Question>(routed);
    question.request.metadata_json = metadata_of(request);
    if (auto refused = objection_to_size(question)) return on_reply(*std::move(refused));
    jobs_.ask(os::sha256_hex(request.path + "\n" + request.body), std::move(question),
              request.received, request.gone, std::move(on_reply));
  }

  // About the gateway itself.
  Reply own(const Request& request) {
    if (request.method == "GET") return request.path == "/healthz" ? health() : show_metrics();
    Reply reply = refusal(405, "Method Not Allowed");
    reply.allow = "GET";
    return reply;
  }

  Reply health() const {
    if (broker_.is_up()) return json_reply(text("ok"));
    Reply reply = refusal(503, "the broker does not answer; requests wait for it");
    reply.retry_after_s = 5;
    return reply;
  }

  Reply show_metrics() {
    metrics_.set_pending(jobs_.waiting(), jobs_.running());
    metrics_.set_broker_up(broker_.is_up());
    Reply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = metrics_.text();
    return reply;
  }

  // The client or a grader would reject it, which is not to look like a judgement.
  std::optional<Reply> objection_to_size(const Question& question) const {
    const std::size_t bytes = encode_request(question.request).size() + kIdentityRoom;
    if (bytes <= static_cast<std::size_t>(max_request_.count)) return std::nullopt;
    monitoring::log::error("a request is too large",
                           {{"bytes", bytes}, {"most", max_request_.count}});
    return refusal(413, "the request makes " + std::to_string(bytes / 1024 + 1) +
                            " KiB for the farm, which takes " +
                            std::to_string(max_request_.count / 1024) +
                            " here: a record without --blob-dir, else what graders read");
  }

  void tick() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kTick, [this] { return ending_; })) {
      lock.unlock();
      expire();
      lock.lock();
    }
  }

  void expire() {
    try {
      jobs_.expire(std::chrono::steady_clock::now());
    } catch (const std::exception& failure) {  // out of memory: the next tick tries again
      monitoring::log::error("cannot look after the jobs", {{"error", failure.what()}});
    }
  }

  const Bytes max_request_;
  monitoring::GatewayMetrics metrics_;
  std::unique_ptr<producer::Client> client_;
  BrokerWatch broker_;
  std::unique_ptr<Outbox> outbox_;
  std::latch listening_{1};  // server_ is there; it serves a moment before
  std::unique_ptr<Server> server_;
  Jobs jobs_;  // ends before the server, of whose connections it holds the ends
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread ticker_;
};

}  // namespace

Expected<std::unique_ptr<Gateway>> Gateway::start(const GatewayOptions& options,
                                                  std::unique_ptr<producer::Client> client) {
  auto gateway = std::make_unique<RunningGateway>(options, std::move(client));
  FARM_CHECK_OK(gateway->listen(options.server));
  return std::unique_ptr<Gateway>(std::move(gateway));
}

}  // namespace farm::gateway
