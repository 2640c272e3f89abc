#include "producer/gateway/server.h"

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
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "monitoring/listen_address.h"
#include "monitoring/log.h"
#include "producer/gateway/body_memory.h"
#include "producer/gateway/hang_up_watch.h"
#include "producer/gateway/http_messages.h"

namespace farm::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMostHeader = 64 << 10;
constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};
// Of a body that is refused, so that its sender reads the refusal before the connection breaks.
constexpr std::size_t kMostDiscarded = 64U << 20;
constexpr std::chrono::seconds kDiscardTime{5};
constexpr std::chrono::milliseconds kRoomTick{50};

class BeastServer final : public Server {
 public:
  BeastServer(ServerOptions options, Handler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        memory_(options_.max_held),
        acceptor_(io_),
        workers_(static_cast<std::size_t>(options_.workers)) {}
  ~BeastServer() override { BeastServer::stop(); }

  Expected<Done> listen();

  std::string address() const override { return address_; }
  void post(std::function<void()> work) override {
    asio::post(workers_, [work = std::move(work)] {
      try {
        work();
      } catch (const std::exception& failure) {
        monitoring::log::error("work failed", {{"error", failure.what()}});
      }
    });
  }
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
  // Whether so much of a body, in or out, took too long.
  bool is_too_slow(SteadyTime began, std::size_t bytes) const {
    const auto earned = std::chrono::duration<double>(static_cast<double>(bytes) /
                                                      static_cast<double>(options_.min_rate.count));
    return std::chrono::steady_clock::now() - began > options_.stall_timeout + earned;
  }

  void run();
  void handle(Request request, const OnReply& on_reply) const;
  void start_accepting();

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
  // Whether there was room for the body in time.
  asio::awaitable<bool> take_room(Parser& parser, BodyMemory::Share& room);
  asio::awaitable<error_code> read_body(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                        Parser& parser, BodyMemory::Share& room);
  asio::awaitable<bool> write(beast::tcp_stream& stream, HttpResponse response);
  // Tells why, and closes without breaking the connection under who is still sending.
  asio::awaitable<void> refuse(beast::tcp_stream& stream, Reply reply);
  asio::awaitable<Reply> ask(Request request);

  const ServerOptions options_;
  const Handler handler_;
  mutable std::mutex mutex_;  // of the next three
  std::condition_variable quiet_;
  int under_way_ = 0;
  bool closing_ = false;
  int connections_ = 0;  // of the one thread, like the next
  BodyMemory memory_;
  std::string address_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::thread_pool workers_;
  std::thread thread_;
};

Expected<Done> BeastServer::listen() {
  FARM_TRY(const auto where, monitoring::parse_listen_address(options_.address));
  error_code error;
  const tcp::endpoint local(asio::ip::make_address(where.host, error), where.port);
  const auto failed = [&](const char* what) {
    return unavailable(std::string(what) + " " + options_.address, error.value());
  };
  if (acceptor_.open(local.protocol(), error)) return failed("open a socket for");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (acceptor_.bind(local, error)) return failed("bind");
  if (acceptor_.listen(kBacklog, error)) return failed("listen on");
  address_ = monitoring::ListenAddress{where.host, acceptor_.local_endpoint(error).port()}.text();
  start_accepting();
  thread_ = std::thread([this] { run(); });
  return Done{};
}

// What a handler of Asio throws (memory is out) ends its connection, and nothing else.
void BeastServer::run() {
  while (true) {
    try {
      io_.run();
      return;
    } catch (const std::exception& failure) {
      monitoring::log::error("a connection failed", {{"error", failure.what()}});
    }
  }
}

void BeastServer::start_accepting() {
  asio::co_spawn(io_, accept(), [this](const std::exception_ptr& failure) {
    if (!failure) return;
    monitoring::log::error("accepting connections failed, going on");
    start_accepting();
  });
}

asio::awaitable<void> BeastServer::accept() {
  asio::steady_timer pause(io_);
  while (acceptor_.is_open()) {
    if (connections_ >= options_.max_connections) {
      pause.expires_after(kPauseWithoutDescriptors);
      co_await pause.async_wait(kAwait);
      continue;
    }
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
  struct Counted {
    explicit Counted(int& connections) : count(connections) { ++count; }
    ~Counted() { --count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    int& count;
  };
  const Counted counted(connections_);
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
  if (!is_allowed(parser.get(), options_.token)) {
    co_await refuse(stream, refusal(401, "the bearer token is missing or wrong"));
    co_return false;
  }
  BodyMemory::Share room(memory_);
  const bool fits = co_await take_room(parser, room);
  if (!fits) {
    co_await refuse(stream, no_room());
    co_return false;
  }
  const error_code body_error = co_await read_body(stream, buffer, parser, room);
  if (body_error) {
    auto told = reply_to_failure(body_error);
    if (told) co_await refuse(stream, *std::move(told));
    co_return false;
  }
  const bool may_go_on = parser.keep_alive();
  const bool is_head = parser.get().method() == http::verb::head;
  const bool may_probe = parser.get().version() >= 11;
  stream.expires_never();  // what is asked may take as long as it takes
  Request request = request_of(parser.release());
  request.received = received;
  const std::string request_id = request.request_id;
  std::optional<HangUpWatch> watch(std::in_place, stream.socket(), may_probe);
  request.gone = watch->gone();
  Reply reply = co_await ask(std::move(request));
  watch.reset();
  room.set(0);
  const bool keep_alive = may_go_on && !closing();
  HttpResponse response = response_of(std::move(reply), keep_alive, is_head);
  if (!request_id.empty()) response.set("X-Request-Id", request_id);
  const bool written = co_await write(stream, std::move(response));
  co_return written&& keep_alive;
}

asio::awaitable<bool> BeastServer::take_room(Parser& parser, BodyMemory::Share& room) {
  const auto declared = parser.content_length();
  const auto bytes = declared ? static_cast<std::int64_t>(*declared) : std::int64_t{0};
  const SteadyTime until = std::chrono::steady_clock::now() + options_.room_timeout;
  asio::steady_timer pause(io_);
  while (bytes > 0 && !memory_.has_room(bytes)) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    pause.expires_after(kRoomTick);
    co_await pause.async_wait(kAwait);
  }
  room.set(bytes);
  co_return true;
}

asio::awaitable<error_code> BeastServer::read_body(beast::tcp_stream& stream,
                                                   beast::flat_buffer& buffer, Parser& parser,
                                                   BodyMemory::Share& room) {
  if (!parser.is_done() && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    stream.expires_after(options_.stall_timeout);
    auto [error, bytes] = co_await http::async_write(stream, go_on, kAwait);
    if (error) co_return error;
  }
  const SteadyTime began = std::chrono::steady_clock::now();
  while (!parser.is_done()) {
    stream.expires_after(options_.stall_timeout);
    auto [error, bytes] = co_await http::async_read_some(stream, buffer, parser, kAwait);
    if (error) co_return error;
    const std::size_t size = parser.get().body().size();
    if (!parser.is_done() && is_too_slow(began, size)) co_return asio::error::timed_out;
    // Of chunks nobody said how many there would be.
    const std::int64_t more = static_cast<std::int64_t>(size) - room.bytes();
    if (more <= 0) continue;
    if (!memory_.has_room(more)) co_return asio::error::no_buffer_space;
    room.set(static_cast<std::int64_t>(size));
  }
  co_return error_code();
}

asio::awaitable<bool> BeastServer::write(beast::tcp_stream& stream, HttpResponse response) {
  http::response_serializer<http::string_body> serializer(response);
  const SteadyTime began = std::chrono::steady_clock::now();
  for (std::size_t total = 0; !serializer.is_done();) {
    stream.expires_after(options_.stall_timeout);
    auto [error, bytes] = co_await http::async_write_some(stream, serializer, kAwait);
    if (error) co_return false;
    total += bytes;
    if (is_too_slow(began, total)) co_return false;
  }
  co_return true;
}

asio::awaitable<void> BeastServer::refuse(beast::tcp_stream& stream, Reply reply) {
  HttpResponse response = response_of(std::move(reply), false, false);
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
    // std::function wants what can be copied. A handler that fails may have replied before.
    auto shared = std::make_shared<decltype(completion)>(std::move(completion));
    auto told = std::make_shared<std::atomic<bool>>(false);
    OnReply on_reply = [this, shared, told](Reply reply) {
      if (told->exchange(true)) return;
      asio::post(io_,
                 [shared, reply = std::move(reply)]() mutable { (*shared)(std::move(reply)); });
    };
    if (asked.body.empty()) return handle(std::move(asked), on_reply);
    asio::post(workers_,
               [this, asked = std::move(asked), on_reply = std::move(on_reply)]() mutable {
                 handle(std::move(asked), on_reply);
               });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(
      initiate, asio::use_awaitable, std::move(request));
}

void BeastServer::handle(Request request, const OnReply& on_reply) const {
  try {
    handler_(std::move(request), on_reply);
  } catch (const std::exception& failure) {
    monitoring::log::error("cannot handle a request", {{"error", failure.what()}});
    on_reply(refusal(504, "the gateway could not handle this, try again"));
  }
}

}  // namespace

Expected<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto server = std::make_unique<BeastServer>(options, std::move(handler));
  FARM_CHECK_OK(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace farm::gateway
