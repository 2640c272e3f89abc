// The server over real sockets: what clients send well, badly, slowly or half.
#include "producer/gateway/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/producer/gateway/connection.h"

namespace farm::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Reply told(const std::string& text) {
  Reply reply;
  reply.body = text;
  return reply;
}

// Says what it got.
void echo(const Request& request, const Server::OnReply& on_reply) {
  on_reply(told(request.method + " " + request.path + " [" + request.body + "]"));
}

std::unique_ptr<Server> serve(Server::Handler handler, ServerOptions options = {}) {
  options.address = "127.0.0.1:0";
  auto server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server) << server.error().text();
  return std::move(server).value();
}

TEST(GatewayServer, KeepsAConnectionForTheNextRequest) {
  const auto server = serve(echo);
  Connection connection(server->address());
  connection.send("GET /a?q=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(
      connection.read_until("GET /a []"),
      AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: application/json\r\n")));
  connection.send(post("body", "Connection: close\r\n"));
  EXPECT_THAT(connection.read_all(), HasSubstr("POST /x [body]"));
}

TEST(GatewayServer, ABodyAboveTheLimitIsRefusedBeforeItIsSent) {
  ServerOptions options;
  options.max_body = Bytes{1000};
  const auto server = serve(echo, options);
  Connection declared(server->address());
  declared.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_THAT(declared.read_until("}"),
              AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("{\"detail\":")));
  Connection chunked(server->address());
  chunked.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
               std::string(2000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.read_until("}"), StartsWith("HTTP/1.1 413 "));
  Connection sent(server->address());
  sent.send(post(std::string(300'000, 'x')));
  EXPECT_THAT(sent.read_until("}"), StartsWith("HTTP/1.1 413 "));
}

TEST(GatewayServer, ReadsChunksAndWhatWaitsForContinue) {
  const auto server = serve(echo);
  Connection chunked(server->address());
  chunked.send(
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.read_until("]"), HasSubstr("POST /x [abc]"));
  Connection careful(server->address());
  careful.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(careful.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  careful.send("ab");
  EXPECT_THAT(careful.read_until("]"), HasSubstr("POST /x [ab]"));
}

TEST(GatewayServer, WhatIsNotHttpOrCutInTheMiddleIs400) {
  const auto server = serve(echo);
  Connection nonsense(server->address());
  nonsense.send("what is this\r\n\r\n");
  EXPECT_THAT(nonsense.read_until("}"),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("{\"detail\":")));
  Connection cut(server->address());
  cut.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
  cut.half_close();
  EXPECT_THAT(cut.read_all(), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("{\"detail\":")));
  Connection headers(server->address());
  headers.send("GET / HTTP/1.1\r\nHost: h\r\nLong: " + std::string(200'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(headers.read_until("}"), StartsWith("HTTP/1.1 431 "));
}

TEST(GatewayServer, AHalfClosedClientGetsItsReply) {
  const auto server = serve(echo);
  Connection connection(server->address());
  connection.send(post("body"));
  connection.half_close();
  EXPECT_THAT(connection.read_all(), HasSubstr("POST /x [body]"));
}

TEST(GatewayServer, AsksForTheToken) {
  ServerOptions options;
  options.token = "secret";
  const auto server = serve(echo, options);
  const auto status_with = [&](const std::string& header, const std::string& path,
                               const std::string& method = "GET") {
    Connection connection(server->address());
    connection.send(method + " " + path + " HTTP/1.1\r\nHost: h\r\n" + header + "\r\n");
    return connection.read_until("\r\n").substr(9, 3);
  };
  EXPECT_EQ(status_with("", "/x"), "401");
  EXPECT_EQ(status_with("Authorization: Bearer wrong\r\n", "/x"), "401");
  EXPECT_EQ(status_with("Authorization: Bearer secret\r\n", "/x"), "200");
  EXPECT_EQ(status_with("Authorization: secret\r\n", "/x"), "200");
  EXPECT_EQ(status_with("authorization: bearer secret\r\n", "/x"), "200");
  EXPECT_EQ(status_with("Authorization: Basic secret\r\n", "/x"), "401");
  EXPECT_EQ(status_with("", "/v1/ping"), "200");
  EXPECT_EQ(status_with("Content-Length: 0\r\n", "/v1/ping"), "200");
  EXPECT_EQ(status_with("", "/v1/ping", "POST"), "401");
  EXPECT_EQ(status_with("", "/healthz"), "200");
  EXPECT_EQ(status_with("", "/metrics"), "401");
}

TEST(GatewayServer, NobodyWithoutTheTokenMakesItReadABody) {
  ServerOptions options;
  options.token = "secret";
  const auto server = serve(echo, options);
  for (const char* start : {"POST /v1/ping HTTP/1.1\r\n", "GET /v1/ping HTTP/1.1\r\n"}) {
    Connection connection(server->address());
    connection.send(std::string(start) + "Host: h\r\nContent-Length: 100000000\r\n\r\n");
    EXPECT_THAT(connection.read_until("}"), StartsWith("HTTP/1.1 401 ")) << start;
  }
}

TEST(GatewayServer, SendsTheRequestsIdBack) {
  const auto server = serve(echo);
  Connection connection(server->address());
  connection.send(post("a", "X-Request-Id: run-17/3\r\n"));
  EXPECT_THAT(connection.read_until("]"), HasSubstr("X-Request-Id: run-17/3\r\n"));
  connection.send(post("b", "X-Request-Id: " + std::string(200, 'x') + "\r\n"));
  EXPECT_THAT(connection.read_until("]"), testing::Not(HasSubstr("X-Request-Id")));
}

TEST(GatewayServer, AHandlerThatFailsFailsOneRequest) {
  const auto server = serve([](const Request& request, const Server::OnReply& on_reply) {
    if (request.body == "fail" || request.path == "/fail") throw std::bad_alloc();
    echo(request, on_reply);
  });
  Connection connection(server->address());
  connection.send(post("fail"));
  EXPECT_THAT(connection.read_until("}"), StartsWith("HTTP/1.1 504 "));
  connection.send("GET /fail HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(connection.read_until("}"), StartsWith("HTTP/1.1 504 "));
  server->post([] { throw std::bad_alloc(); });
  connection.send(post("good"));
  EXPECT_THAT(connection.read_until("]"), HasSubstr("[good]"));
}

TEST(GatewayServer, ABodyWithoutRoomIsSentAwayUntilThereIsSome) {
  std::promise<Server::OnReply> held;
  ServerOptions options;
  options.max_held = Bytes{100};
  options.room_timeout = Milliseconds(0);
  const auto server = serve(
      [&](const Request& request, Server::OnReply on_reply) {
        if (request.body[0] == 'a') return held.set_value(std::move(on_reply));
        echo(request, on_reply);
      },
      options);
  Connection first(server->address());
  first.send(post(std::string(80, 'a')));
  const Server::OnReply reply = held.get_future().get();
  const std::string body(80, 'b');
  const std::string chunked =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n" + body +
      "\r\n0\r\n\r\n";
  for (const std::string& request : {post(body), chunked}) {
    Connection refused(server->address());
    refused.send(request);
    EXPECT_THAT(refused.read_until("}"),
                AllOf(StartsWith("HTTP/1.1 504 "), HasSubstr("Retry-After: 1\r\n")));
  }
  Connection small(server->address());
  small.send(post(std::string(10, 'b')));
  EXPECT_THAT(small.read_until("]"), StartsWith("HTTP/1.1 200 "));
  reply(told("done"));
  EXPECT_THAT(first.read_until("done"), HasSubstr("200 OK"));
  for (const std::string& request : {post(body), chunked}) {
    Connection later(server->address());
    later.send(request);
    EXPECT_THAT(later.read_until("]"), StartsWith("HTTP/1.1 200 "));
  }
}

TEST(GatewayServer, ABodyThatTricklesIsEnded) {
  ServerOptions options;
  options.stall_timeout = Milliseconds(1'000);
  const auto server = serve(echo, options);
  Connection connection(server->address());
  connection.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  const std::jthread sender([&](const std::stop_token& stopped) {
    while (!stopped.stop_requested()) {
      connection.send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const std::string reply = connection.read_until("}");
  // Where this machine is slower still, the body has stalled, and the server closes without a word.
  EXPECT_THAT(reply, testing::AnyOf(StartsWith("HTTP/1.1 408 "), testing::IsEmpty()));
  EXPECT_TRUE(!reply.empty() || connection.ended());
}

TEST(GatewayServer, AddsTheHeadersOfARefusal) {
  const auto server = serve([](const Request&, const Server::OnReply& on_reply) {
    Reply reply = refusal(503, "later");
    reply.retry_after_s = 7;
    reply.allow = "POST";
    on_reply(reply);
  });
  Connection connection(server->address());
  connection.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(connection.read_until("}"),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 7\r\n"),
                    HasSubstr("Allow: POST\r\n")));
}

TEST(GatewayServer, AConnectionMayCloseBeforeItsReply) {
  std::promise<Server::OnReply> asked;
  auto server = serve([&](const Request& request, Server::OnReply on_reply) {
    if (request.path == "/x") return asked.set_value(std::move(on_reply));
    echo(request, on_reply);
  });
  {
    Connection gone(server->address());
    gone.send(post("body"));
    auto reply = asked.get_future();
    ASSERT_EQ(reply.wait_for(std::chrono::seconds(kPatienceSeconds)), std::future_status::ready);
    gone.half_close();
    Server::OnReply late = reply.get();
    late(told("late"));
  }
  Connection next(server->address());
  next.send("GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(next.read_until("[]"), HasSubstr("GET /y []"));
}

TEST(GatewayServer, TellsWhenACallerHangsUpAndOnlyThen) {
  std::promise<std::pair<Request, Server::OnReply>> left;
  std::promise<std::pair<Request, Server::OnReply>> stayed;
  auto server = serve([&](const Request& request, Server::OnReply on_reply) {
    (request.body == "left" ? left : stayed).set_value({request, std::move(on_reply)});
  });
  Connection staying(server->address());
  staying.send(post("stay") + "GET /next");  // the next request has begun
  auto [there, reply] = stayed.get_future().get();
  auto leaving = std::make_unique<Connection>(server->address());
  leaving->send(post("left"));
  auto [gone, late] = left.get_future().get();
  EXPECT_FALSE(gone.gone->load());
  leaving.reset();
  for (int i = 0; !gone.gone->load() && i < kPatienceSeconds * 100; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(gone.gone->load());
  EXPECT_FALSE(there.gone->load());
  late(told("late"));
  reply(told("in time"));
  EXPECT_THAT(staying.read_until("in time"), HasSubstr("200 OK"));
}

TEST(GatewayServer, AResetIsAHangUp) {
  std::promise<std::pair<Request, Server::OnReply>> asked;
  auto server = serve([&](const Request& request, Server::OnReply on_reply) {
    asked.set_value({request, std::move(on_reply)});
  });
  auto leaving = std::make_unique<Connection>(server->address());
  leaving->reset_at_end();
  leaving->send(post("body"));
  auto [request, late] = asked.get_future().get();
  leaving.reset();
  for (int i = 0; !request.gone->load() && i < kPatienceSeconds * 100; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(request.gone->load());
  late(told("late"));
}

TEST(GatewayServer, AHalfClosedClientIsStillThereHoweverLongItsReplyTakes) {
  std::promise<std::pair<Request, Server::OnReply>> asked;
  auto server = serve([&](const Request& request, Server::OnReply on_reply) {
    asked.set_value({request, std::move(on_reply)});
  });
  Connection waiting(server->address());
  waiting.send(post("body"));
  waiting.half_close();
  auto [request, reply] = asked.get_future().get();
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  // One that has closed would be found gone by the second.
  EXPECT_THAT(waiting.read_until(interim + interim), HasSubstr(interim + interim));
  EXPECT_FALSE(request.gone->load());
  reply(told("done"));
  EXPECT_THAT(waiting.read_all(), HasSubstr("done"));
}

TEST(GatewayServer, ManyWaitWithoutAThreadEachWhileOthersAreAnswered) {
  constexpr std::size_t kMany = 300;
  std::mutex mutex;
  std::vector<Server::OnReply> waiting;
  auto server = serve([&](const Request& request, Server::OnReply on_reply) {
    if (request.body.empty()) return echo(request, on_reply);
    const std::scoped_lock lock(mutex);
    waiting.push_back(std::move(on_reply));
  });
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < kMany; ++i) {
    connections.push_back(std::make_unique<Connection>(server->address()));
    connections.back()->send(post("wait"));
  }
  const auto count = [&] {
    const std::scoped_lock lock(mutex);
    return waiting.size();
  };
  for (int i = 0; count() < kMany && i < kPatienceSeconds * 100; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_EQ(count(), kMany);
  Connection quick(server->address());
  quick.send("GET /v1/ping HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(quick.read_until("[]"), HasSubstr("GET /v1/ping []"));
  EXPECT_FALSE(server->wait_until_quiet(Milliseconds(0)));
  for (std::size_t i = 0; i < kMany; ++i) waiting[i](told("answer " + std::to_string(i)));
  waiting.clear();
  for (auto& connection : connections)
    EXPECT_THAT(connection->read_until("answer"), HasSubstr("200 OK"));
  EXPECT_TRUE(server->wait_until_quiet(Milliseconds(kPatienceSeconds * 1000)));
}

TEST(GatewayServer, StopsAcceptingAndClosesAfterTheReplyThatIsUnderWay) {
  std::promise<Server::OnReply> asked;
  auto server = serve(
      [&](const Request&, Server::OnReply on_reply) { asked.set_value(std::move(on_reply)); });
  Connection connection(server->address());
  connection.send(post("body"));
  Server::OnReply reply = asked.get_future().get();
  server->stop_accepting();
  EXPECT_FALSE(server->wait_until_quiet(Milliseconds(0)));
  reply(told("done"));
  EXPECT_THAT(connection.read_all(), AllOf(HasSubstr("done")));
  EXPECT_TRUE(server->wait_until_quiet(Milliseconds(kPatienceSeconds * 1000)));
}

TEST(GatewayServer, AnAddressThatCannotBeUsedIsAnError) {
  const auto first = serve(echo);
  ServerOptions options;
  options.address = first->address();
  const auto second = Server::start(options, echo);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr(first->address()));
  options.address = "nowhere";
  EXPECT_FALSE(Server::start(options, echo));
}

}  // namespace
}  // namespace farm::gateway
