#include "monitoring/metrics_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "monitoring/listen_address.h"

namespace farm::monitoring {
namespace {

// Connects and hangs up at once: wakes civetweb's accepting thread.
void knock(const ListenAddress& address) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(address.port);
  if (inet_pton(AF_INET, address.host.c_str(), &peer.sin_addr) != 1) return;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  // Whether it succeeds does not matter: the caller knocks again until nobody listens.
  static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer));
  ::close(fd);
}

// civetweb says why it cannot start only in its log, as "cannot bind to 127.0.0.1:80: 13
// (Permission denied)".
std::string reason_in(const std::string& message) {
  const std::size_t open = message.rfind('(');
  const std::size_t close = message.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return message;
  return message.substr(open + 1, close - open - 1);
}

struct Reply {
  int status;
  std::string_view status_text;
  std::string_view content_type;
  std::string body;
};

void send(mg_connection* connection, const Reply& reply, bool with_body) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + ' ';
  ((text += reply.status_text) += "\r\nContent-Type: ") += reply.content_type;
  text += "\r\nContent-Length: " + std::to_string(reply.body.size());
  text += "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
  if (with_body) text += reply.body;
  mg_write(connection, text.data(), text.size());
}

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

Reply show(const HealthReport& report) {
  return report.good ? Reply{200, "OK", kPlain, report.text}
                     : Reply{503, "Service Unavailable", kPlain, report.text};
}

class CivetMetricsServer final : public MetricsServer {
 public:
  CivetMetricsServer(const Metrics& metrics, const Health& health)
      : metrics_(metrics), health_(health) {}
  ~CivetMetricsServer() override {
    if (context_ == nullptr) return;
    // Left alone, mg_stop() returns only when the accepting thread's poll ends, up to 2 s later: a
    // drain of two seconds for nothing.
    const std::jthread waker([this](const std::stop_token& stopped) {
      while (!stopped.stop_requested()) {
        knock(address_);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    mg_stop(context_);
  }
  CivetMetricsServer(const CivetMetricsServer&) = delete;
  CivetMetricsServer& operator=(const CivetMetricsServer&) = delete;

  Expected<Done> start(const ListenAddress& address) {
    const std::string listen = address.text();
    // Two workers: a scraper and an orchestrator's probe. Neither may be starved for long by a
    // silent client.
    std::array<const char*, 9> options = {
        "listening_ports",   listen.c_str(), "num_threads", "2", "request_timeout_ms", "3000",
        "enable_keep_alive", "no",           nullptr};
    mg_callbacks callbacks{};
    callbacks.log_message = &CivetMetricsServer::on_log;
    callbacks.begin_request = &CivetMetricsServer::on_request;
    context_ = mg_start(&callbacks, this, options.data());
    if (context_ == nullptr) {
      const std::lock_guard lock(log_mutex_);
      return internal_error("cannot listen on " + listen + ": " + reason_in(first_log_) +
                            "; choose another with --metrics");
    }
    mg_server_port port{};
    FARM_ASSERT(mg_get_server_ports(context_, 1, &port) == 1);
    address_ = {address.host, static_cast<std::uint16_t>(port.port)};
    return Done{};
  }

  std::string address() const override { return address_.text(); }

 private:
  static int on_log(const mg_connection* connection, const char* message) {
    auto* self = static_cast<CivetMetricsServer*>(mg_get_user_data(mg_get_context(connection)));
    // Only the first complaint is kept: where starting fails, it is the reason. civetweb's threads
    // may log meanwhile.
    const std::lock_guard lock(self->log_mutex_);
    if (self->first_log_.empty()) self->first_log_ = message;
    return 1;
  }

  static int on_request(mg_connection* connection) {
    const auto* self =
        static_cast<const CivetMetricsServer*>(mg_get_user_data(mg_get_context(connection)));
    const mg_request_info* info = mg_get_request_info(connection);
    const std::string_view method = info->request_method;
    const Reply reply = self->answer(method, info->local_uri);
    send(connection, reply, method != "HEAD");
    return reply.status;  // not 0: civetweb does nothing of its own with the request
  }

  Reply answer(std::string_view method, std::string_view path) const {
    if (method != "GET" && method != "HEAD") {
      return {405, "Method Not Allowed", kPlain, "only GET\n"};
    }
    if (path == "/metrics") {
      return {200, "OK", "text/plain; version=0.0.4; charset=utf-8", metrics_.text()};
    }
    if (path == "/healthz") return show(health_.liveness());
    if (path == "/readyz") return show(health_.readiness());
    return {404, "Not Found", kPlain, "there are /metrics, /healthz and /readyz\n"};
  }

  const Metrics& metrics_;
  const Health& health_;
  mg_context* context_ = nullptr;
  std::mutex log_mutex_;  // guards first_log_
  std::string first_log_;
  ListenAddress address_;
};

}  // namespace

Expected<std::unique_ptr<MetricsServer>> MetricsServer::create(const std::string& address,
                                                               const Metrics& metrics,
                                                               const Health& health) {
  FARM_TRY(const ListenAddress parsed, parse_listen_address(address));
  auto server = std::make_unique<CivetMetricsServer>(metrics, health);
  FARM_CHECK_OK(server->start(parsed));
  return std::unique_ptr<MetricsServer>(std::move(server));
}

}  // namespace farm::monitoring
