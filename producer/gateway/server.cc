#include "producer/gateway/server.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "monitoring/log.h"

namespace farm::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMostHeader = 64 << 10;
constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};
// Of a body that is refused, so that its sender reads the refusal before the connection breaks.
constexpr std::size_t kMostDiscarded = 64U << 20;
constexpr std::chrono::seconds kDiscardTime{5};

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<Endpoint> parse_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Endpoint endpoint{address.substr(0, colon), 0};
  const char* const end = address.data() + address.size();
  const auto read = std::from_chars(address.data() + colon + 1, end, endpoint.port);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return endpoint;
}

// In a time that does not tell how much of it was right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  return difference == 0;
}

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

template <typename Message>
std::string field(const Message& message, boost::beast::string_view name) {
  const auto found = message.find(name);
  return found == message.end() ? std::string() : text_of(found->value());
}

Request request_of(Parser::value_type message) {
  Request request;
  request.method = text_of(message.method_string());
  const std::string target = text_of(message.target());
  request.path = target.substr(0, target.find_first_of("?#"));
  request.user_agent = field(message, "User-Agent");
  request.deadline_ms = field(message, "X-Request-Deadline-Ms");
  request.body = std::move(message.body());
  return request;
}

Response response_of(Reply reply, bool keep_alive, bool is_head) {
  Response response(static_cast<http::status>(reply.status), 11);
  response.set(http::field::content_type, reply.content_type);
  if (reply.status == 401) response.set(http::field::www_authenticate, "Bearer");
  if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
  if (reply.retry_after_s > 0)
    response.set(http::field::retry_after, std::to_string(reply.retry_after_s));
  response.keep_alive(keep_alive);
  if (!is_head) response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

// What is wrong with bytes that are no request; nullopt: nobody is there to be told.
std::optional<Reply> reply_to_failure(const error_code& error) {
  if (error == http::error::body_limit) return refusal(413, "the body is too large");
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return refusal(431, "the headers are too large");
  if (error == http::error::partial_message) return refusal(400, "the request is incomplete");
  if (error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream)
    return refusal(400, "not HTTP: " + error.message());
  return std::nullopt;
}

// Notices that the peer closes its side while its reply is made. A peer that sends its next request
// meanwhile is there, and is not looked at further.
class HangUpWatch {
 public:
  explicit HangUpWatch(tcp::socket& socket)
      : socket_(socket), state_(std::make_shared<State>()), gone_(state_, &state_->gone) {
    const auto look = [state = state_, fd = socket_.native_handle()](const error_code& error) {
      // The descriptor is the connection's while the watch lasts; both are of one thread.
      if (error || state->over) return;
      char byte = 0;
      if (::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) state->gone = true;
    };
    socket_.async_wait(tcp::socket::wait_read, look);
  }
  ~HangUpWatch() {
    state_->over = true;
    error_code ignored;
    socket_.cancel(ignored);
  }
  HangUpWatch(const HangUpWatch&) = delete;
  HangUpWatch& operator=(const HangUpWatch&) = delete;

  std::shared_ptr<const std::atomic<bool>> gone() const { return gone_; }

 private:
  struct State {
    std::atomic<bool> gone{false};
    bool over = false;
  };
  tcp::socket& socket_;
  std::shared_ptr<State> state_;
  std::shared_ptr<const std::atomic<bool>> gone_;
};

class BeastServer final : public Server {
 public:
  BeastServer(ServerOptions options, Handler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        acceptor_(io_),
        workers_(static_cast<std::size_t>(options_.workers)) {}
  ~BeastServer() override { BeastServer::stop(); }

  Expected<Done> listen();

  std::string address() const override { return address_; }
  void post(std::function<void()> work) override { asio::post(workers_, std::move(work)); }
  void stop_accepting() override {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
  }
  bool wait_until_quiet(Milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    return quiet_.wait_for(lock, timeout, [this] { return under_way_ == 0; });
  }
  void stop() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    workers_.stop();
    workers_.join();
  }

 private:
  // Counts a request from its first header to the last byte of its reply.
  class UnderWay {
   public:
    explicit UnderWay(BeastServer& server) : server_(server) { server_.count(1); }
    ~UnderWay() { server_.count(-1); }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

   private:
    BeastServer& server_;
  };
  void count(int change) {
    const std::scoped_lock lock(mutex_);
    under_way_ += change;
    if (under_way_ == 0) quiet_.notify_all();
  }
  bool closing() const {
    const std::scoped_lock lock(mutex_);
    return closing_;
  }

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);
  // Whether the connection goes on.
  asio::awaitable<bool> serve_one(beast::tcp_stream& stream, beast::flat_buffer& buffer);
  asio::awaitable<error_code> read_body(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                        Parser& parser);
  asio::awaitable<bool> write(beast::tcp_stream& stream, Response response);
  // Tells why, and closes without breaking the connection under who is still sending.
  asio::awaitable<void> refuse(beast::tcp_stream& stream, Reply reply);
  asio::awaitable<Reply> ask(Request request);
  bool is_allowed(const Parser::value_type& message) const;

  const ServerOptions options_;
  const Handler handler_;
  mutable std::mutex mutex_;  // of the next three
  std::condition_variable quiet_;
  int under_way_ = 0;
  bool closing_ = false;
  std::string address_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::thread_pool workers_;
  std::thread thread_;
};

Expected<Done> BeastServer::listen() {
  const auto endpoint = parse_address(options_.address);
  error_code error;
  const auto host = asio::ip::make_address(endpoint ? endpoint->host : "", error);
  if (!endpoint || error)
    return invalid_request("'" + options_.address + "' is no IP address and port to listen on");
  const tcp::endpoint local(host, endpoint->port);
  const auto failed = [&](const char* what) {
    return unavailable(std::string(what) + " " + options_.address, error.value());
  };
  if (acceptor_.open(local.protocol(), error)) return failed("open a socket for");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (acceptor_.bind(local, error)) return failed("bind");
  if (acceptor_.listen(kBacklog, error)) return failed("listen on");
  address_ = host.to_string() + ":" + std::to_string(acceptor_.local_endpoint(error).port());
  asio::co_spawn(io_, accept(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
  return Done{};
}

asio::awaitable<void> BeastServer::accept() {
  asio::steady_timer pause(io_);
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (!error) {
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
      continue;
    }
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
    // Out of descriptors, as a rule: those that are open will close.
    monitoring::log::warning("cannot accept a connection", {{"error", error.message()}});
    pause.expires_after(kPauseWithoutDescriptors);
    co_await pause.async_wait(kAwait);
  }
}

asio::awaitable<void> BeastServer::serve(tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer(kMostHeader + (64 << 10));
  bool goes_on = true;
  while (goes_on) goes_on = co_await serve_one(stream, buffer);
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<bool> BeastServer::serve_one(beast::tcp_stream& stream,
                                             beast::flat_buffer& buffer) {
  Parser parser;
  parser.header_limit(kMostHeader);
  parser.body_limit(static_cast<std::uint64_t>(options_.max_body.count));
  stream.expires_after(options_.idle_timeout);
  auto [header_error, header_bytes] =
      co_await http::async_read_header(stream, buffer, parser, kAwait);
  if (header_error) {
    auto told = reply_to_failure(header_error);
    if (told) co_await refuse(stream, *std::move(told));
    co_return false;
  }
  const UnderWay under_way(*this);
  const SteadyTime received = std::chrono::steady_clock::now();
  if (!is_allowed(parser.get())) {
    co_await refuse(stream, refusal(401, "the bearer token is missing or wrong"));
    co_return false;
  }
  const error_code body_error = co_await read_body(stream, buffer, parser);
  if (body_error) {
    auto told = reply_to_failure(body_error);
    if (told) co_await refuse(stream, *std::move(told));
    co_return false;
  }
  const bool may_go_on = parser.keep_alive();
  const bool is_head = parser.get().method() == http::verb::head;
  stream.expires_never();  // what is asked may take as long as it takes
  Request request = request_of(parser.release());
  request.received = received;
  std::optional<HangUpWatch> watch(stream.socket());
  request.gone = watch->gone();
  Reply reply = co_await ask(std::move(request));
  watch.reset();
  const bool keep_alive = may_go_on && !closing();
  Response response = response_of(std::move(reply), keep_alive, is_head);
  const bool written = co_await write(stream, std::move(response));
  co_return written&& keep_alive;
}

asio::awaitable<error_code> BeastServer::read_body(beast::tcp_stream& stream,
                                                   beast::flat_buffer& buffer, Parser& parser) {
  if (!parser.is_done() && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    stream.expires_after(options_.stall_timeout);
    auto [error, bytes] = co_await http::async_write(stream, go_on, kAwait);
    if (error) co_return error;
  }
  while (!parser.is_done()) {
    stream.expires_after(options_.stall_timeout);
    auto [error, bytes] = co_await http::async_read_some(stream, buffer, parser, kAwait);
    if (error) co_return error;
  }
  co_return error_code();
}

asio::awaitable<bool> BeastServer::write(beast::tcp_stream& stream, Response response) {
  http::response_serializer<http::string_body> serializer(response);
  while (!serializer.is_done()) {
    stream.expires_after(options_.stall_timeout);
    auto [error, bytes] = co_await http::async_write_some(stream, serializer, kAwait);
    if (error) co_return false;
  }
  co_return true;
}

asio::awaitable<void> BeastServer::refuse(beast::tcp_stream& stream, Reply reply) {
  Response response = response_of(std::move(reply), false, false);
  const bool written = co_await write(stream, std::move(response));
  if (!written) co_return;
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  std::string discarded(64 << 10, '\0');
  stream.expires_after(kDiscardTime);
  for (std::size_t total = 0; total < kMostDiscarded;) {
    auto [error, bytes] = co_await stream.async_read_some(asio::buffer(discarded), kAwait);
    if (error) co_return;
    total += bytes;
  }
}

asio::awaitable<Reply> BeastServer::ask(Request request) {
  const auto initiate = [this](auto completion, Request asked) {
    // std::function wants what can be copied.
    auto shared = std::make_shared<decltype(completion)>(std::move(completion));
    OnReply on_reply = [this, shared](Reply reply) {
      asio::post(io_,
                 [shared, reply = std::move(reply)]() mutable { (*shared)(std::move(reply)); });
    };
    if (asked.body.empty()) return handler_(std::move(asked), std::move(on_reply));
    asio::post(workers_,
               [this, asked = std::move(asked), on_reply = std::move(on_reply)]() mutable {
                 handler_(std::move(asked), std::move(on_reply));
               });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(
      initiate, asio::use_awaitable, std::move(request));
}

bool BeastServer::is_allowed(const Parser::value_type& message) const {
  if (options_.token.empty() || message.target() == "/v1/ping") return true;
  const std::string given = field(message, "Authorization");
  // Some clients send the key alone.
  return same_secret(given, "Bearer " + options_.token) || same_secret(given, options_.token);
}

}  // namespace

Expected<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto server = std::make_unique<BeastServer>(options, std::move(handler));
  FARM_CHECK_OK(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace farm::gateway
