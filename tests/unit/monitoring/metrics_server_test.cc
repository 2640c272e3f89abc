#include "monitoring/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace farm::monitoring {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// One HTTP exchange; the whole reply, or "" if nobody listens.
std::string http_reply(const std::string& address, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
  std::string reply;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) >= 0) {
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
      reply.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return reply;
}

class MetricsServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto created = MetricsServer::create("127.0.0.1:0", metrics_, health_);
    ASSERT_TRUE(created) << created.error().text();
    server_ = std::move(created).value();
  }
  std::string get(const std::string& path) const {
    return http_reply(server_->address(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  SteadyTime now_{};
  Metrics metrics_{"1.2.3", "cpu"};
  Health health_{{"kafka"}, Milliseconds{1000}, [this] { return now_; }};
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, ServesMetricsAsPrometheusText) {
  const std::string reply = get("/metrics");

  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n" + metrics_.text()));
}

TEST_F(MetricsServerTest, ReadyzFollowsTheConditions) {
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(get("/readyz"), HasSubstr("not ready  kafka"));

  health_.set("kafka", true);

  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsServerTest, HealthzFollowsTheMainLoop) {
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 "));

  now_ += Milliseconds{1001};

  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(MetricsServerTest, OtherPathsAreNotFound) {
  for (const char* path : {"/", "/metrics/", "/../etc/passwd", "/etc/passwd"}) {
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(MetricsServerTest, OnlyReadingIsAllowed) {
  const auto send = [&](const std::string& method) {
    return http_reply(server_->address(),
                      method + " /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  };

  EXPECT_THAT(send("POST"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(send("DELETE"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(send("HEAD"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(send("HEAD"), EndsWith("\r\n\r\n"));
}

TEST_F(MetricsServerTest, SurvivesNonsense) {
  EXPECT_THAT(http_reply(server_->address(), "\x16\x03\x01nonsense\r\n\r\n"),
              Not(HasSubstr("200 OK")));

  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsServerTest, APortInUseIsNamedWithTheRemedy) {
  const auto second = MetricsServer::create(server_->address(), metrics_, health_);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(), "cannot listen on " + server_->address() +
                                       ": Address already in use; choose another with --metrics");
}

TEST_F(MetricsServerTest, NobodyListensAfterItsEnd) {
  const std::string address = server_->address();

  server_.reset();

  EXPECT_EQ(http_reply(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), "");
}

TEST(MetricsServer, RefusesWhatIsNoAddress) {
  const Metrics metrics("1", "cpu");
  const Health health({});

  for (const char* address :
       {"", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1",
        "127.0.0.1:1,127.0.0.1:2", "[::1]:9464", "nowhere.invalid:1", "127.0.0.1:80s"}) {
    const auto server = MetricsServer::create(address, metrics, health);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidRequest);
    EXPECT_THAT(server.error().text(), HasSubstr('\'' + std::string(address) + '\''));
  }
}

}  // namespace
}  // namespace farm::monitoring
