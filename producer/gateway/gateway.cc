#include "producer/gateway/gateway.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "grader/os/sha256.h"
#include "producer/gateway/jobs.h"
#include "producer/gateway/outbox.h"
#include "producer/gateway/routes.h"
#include "producer/random_name.h"

namespace farm::gateway {
namespace {

constexpr Milliseconds kTick{100};

class RunningGateway final : public Gateway {
 public:
  explicit RunningGateway(std::string trainer, std::unique_ptr<producer::Client> client)
      : client_(std::move(client)),
        outbox_(std::make_unique<Outbox>(*client_)),
        jobs_(std::move(trainer), producer::random_name() + "-", Jobs::Times(),
              {[this](EvaluationRequest request, producer::OnResult on_result) {
                 outbox_->push(std::move(request), std::move(on_result));
               },
               [this](const std::string& request_id) {
                 if (!outbox_->take_out(request_id)) client_->cancel({request_id});
               },
               [this](std::function<void()> work) { server_->post(std::move(work)); }}) {}

  // What still waits is resolved as cancelled, and told so, before the parts end that tell it.
  ~RunningGateway() override {
    if (server_) server_->stop_accepting();
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();  // it takes back what is in the outbox
    client_->close();
    outbox_.reset();
    if (server_) {
      server_->wait_until_quiet(kLastWords);
      server_->stop();
    }
  }

  Expected<Done> listen(const ServerOptions& options) {
    FARM_TRY(server_, Server::start(options, [this](Request request, Server::OnReply on_reply) {
               handle(request, std::move(on_reply));
             }));
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
    Routed routed = route(request);
    if (auto* reply = std::get_if<Reply>(&routed)) return on_reply(std::move(*reply));
    jobs_.ask(os::sha256_hex(request.path + "\n" + request.body),
              std::get<Question>(std::move(routed)), request.received, request.gone,
              std::move(on_reply));
  }

  void tick() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kTick, [this] { return ending_; })) {
      lock.unlock();
      jobs_.expire(std::chrono::steady_clock::now());
      lock.lock();
    }
  }

  std::unique_ptr<producer::Client> client_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Server> server_;
  Jobs jobs_;  // ends before the server, of whose connections it holds the ends
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread ticker_;
};

}  // namespace

Expected<std::unique_ptr<Gateway>> Gateway::start(const GatewayOptions& options) {
  FARM_TRY(auto client, producer::Client::create(options.client));
  auto gateway = std::make_unique<RunningGateway>(options.client.trainer, std::move(client));
  FARM_CHECK_OK(gateway->listen(options.server));
  return std::unique_ptr<Gateway>(std::move(gateway));
}

}  // namespace farm::gateway
