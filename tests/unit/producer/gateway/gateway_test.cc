// The gateway between real sockets and a client that does what a test says.
#include "producer/gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

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
  void start(std::optional<Bytes> max_request = std::nullopt) {
    auto client = std::make_unique<FakeClient>();
    client_ = client.get();
    GatewayOptions options;
    options.server.address = "127.0.0.1:0";
    options.trainer = "http-test";
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

TEST_F(GatewayTest, WhatNeedsABlobDirectoryIsNoJudgementWithoutOne) {
  start(kib(100));
  Connection connection(gateway_->address());
  connection.send(run_code(std::string(200'000, 'x')));
  EXPECT_THAT(connection.read_until("}"),
              testing::AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("--blob-dir")));
  Connection small(gateway_->address());
  small.send(run_code("1"));
  EXPECT_TRUE(client_->when([&] { return client_->submitted.size() == 1; }));
}

}  // namespace
}  // namespace farm::gateway
