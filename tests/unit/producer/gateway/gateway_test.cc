// The gateway between real sockets and a client that does what a test says.
#include "producer/gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/producer/gateway/connection.h"
#include "tests/unit/producer/gateway/fake_client.h"

namespace farm::gateway {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kPing = "GET /v1/ping HTTP/1.1\r\nHost: h\r\n\r\n";

std::string run_code(const std::string& code) {
  std::string request = post(R"({"language": "python", "code": ")" + code + "\"}");
  return request.replace(request.find("/x"), 2, "/run_code");
}

class GatewayTest : public testing::Test {
 protected:
  void start(Bytes max_request = mib(64)) {
    auto client = std::make_unique<FakeClient>();
    client_ = client.get();
    GatewayOptions options;
    options.server.address = "127.0.0.1:0";
    options.trainer = "http-test";
    options.pool = "cpu";
    options.broker_interval = Milliseconds(10);
    options.max_request = max_request;
    auto gateway = Gateway::start(options, std::move(client));
    ASSERT_TRUE(gateway) << gateway.error().text();
    gateway_ = *std::move(gateway);
  }

  FakeClient* client_ = nullptr;  // the gateway's
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, AsksTheFarmAndAnswers) {
  start();
  Connection connection(gateway_->address());
  connection.send(run_code("1"));
  ASSERT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
  client_->answer(Verdict::kFarmError);
  EXPECT_THAT(connection.read_until("}"), StartsWith("HTTP/1.1 504 "));
}

TEST_F(GatewayTest, WhoStillWaitsWhenItEndsIsToldToComeAgain) {
  start();
  Connection connection(gateway_->address());
  connection.send(run_code("1"));
  ASSERT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
  gateway_.reset();
  EXPECT_THAT(connection.read_all(), StartsWith("HTTP/1.1 504 "));
}

TEST_F(GatewayTest, AsksOfOpenConnectionsWhileItEndsAreNoCrash) {
  start();
  Connection kept(gateway_->address());
  kept.send(kPing);
  ASSERT_THAT(kept.read_until("pong"), HasSubstr("200 OK"));
  Connection slow(gateway_->address());
  slow.send(run_code("1"));
  ASSERT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
  client_->silent = true;  // a request is under way to the last moment
  client_->hold(true);
  const std::jthread ending([this] { gateway_.reset(); });
  EXPECT_TRUE(client_->when([&] { return client_->closed; }));
  client_->hold(false);
  kept.send(run_code("2"));
  // On a slow machine the connection may be closed before.
  EXPECT_THAT(kept.read_all(), AnyOf(IsEmpty(), StartsWith("HTTP/1.1 504 ")));
}

TEST_F(GatewayTest, WhatTheFarmWouldRejectForItsSizeIsNoJudgement) {
  start(kib(100));
  Connection connection(gateway_->address());
  connection.send(run_code(std::string(200'000, 'x')));
  EXPECT_THAT(connection.read_until("}"),
              testing::AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("--blob-dir")));
  Connection small(gateway_->address());
  small.send(run_code("1"));
  EXPECT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
}

TEST_F(GatewayTest, PassesOnWhatTheCallerCallsItsRequest) {
  start();
  Connection connection(gateway_->address());
  std::string named = run_code("1");
  named.insert(named.find("Content-Length"),
               "X-Request-Id: run-17/3\r\nTraceparent: 00-a-b-01\r\n");
  connection.send(named + run_code("2"));
  ASSERT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
  client_->answer(Verdict::kFarmError);
  ASSERT_TRUE(client_->when([&] { return client_->submitted.size() == 2; }));
  EXPECT_TRUE(client_->when([&] {
    return client_->metadata ==
           std::vector<std::string>{R"({"http_request_id":"run-17/3","traceparent":"00-a-b-01"})",
                                    "{}"};
  }));
}

TEST_F(GatewayTest, ItsHealthIsTheBrokers) {
  start();
  const auto becomes = [&](const std::string& status) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      Connection connection(gateway_->address());
      connection.send("GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      const std::string reply = connection.read_all();
      if (reply.starts_with("HTTP/1.1 " + status)) return reply;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return std::string();
  };
  EXPECT_THAT(becomes("200"), HasSubstr("ok"));
  Connection wrong(gateway_->address());
  wrong.send("DELETE /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(wrong.read_until("}"), StartsWith("HTTP/1.1 405 "));
  client_->broker_up = false;
  EXPECT_THAT(becomes("503"), HasSubstr("Retry-After: 5\r\n"));
  client_->broker_up = true;
  EXPECT_THAT(becomes("200"), HasSubstr("ok"));
}

TEST_F(GatewayTest, CountsWhatItAnsweredAndWhatWaits) {
  start();
  Connection connection(gateway_->address());
  connection.send(kPing);
  ASSERT_THAT(connection.read_until("pong"), HasSubstr("200 OK"));
  Connection waiting(gateway_->address());
  waiting.send(run_code("1"));
  ASSERT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
  connection.send("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string metrics = connection.read_all();
  EXPECT_THAT(metrics, HasSubstr(R"({pool="cpu",route="/v1/ping",status="200"} 1)"));
  EXPECT_THAT(metrics, HasSubstr("gradefarm_http_waiting{pool=\"cpu\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("gradefarm_http_jobs{pool=\"cpu\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("gradefarm_http_broker_up{pool=\"cpu\"} 1\n"));
}

}  // namespace
}  // namespace farm::gateway
