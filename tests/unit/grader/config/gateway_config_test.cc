#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grader/config/config.h"
#include "tests/unit/grader/config/invocation_of.h"

namespace farm::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

GatewayConfig config_of(const std::string& arguments) {
  auto parsed = parse_gateway(invocation_of(arguments));
  if (!parsed || !std::holds_alternative<GatewayConfig>(*parsed)) {
    ADD_FAILURE() << (parsed ? "no configuration" : parsed.error().text());
    return {};
  }
  return std::get<GatewayConfig>(*parsed);
}

std::string refusal_of(const std::string& arguments) {
  const auto parsed = parse_gateway(invocation_of(arguments));
  return parsed ? "" : parsed.error().text();
}

TEST(GatewayConfig, ListensOnLoopbackUnlessToldOtherwise) {
  const GatewayConfig config = config_of("--brokers a:1 --blob-dir /b");
  EXPECT_EQ(config.listen, "127.0.0.1:8080");
  EXPECT_EQ(config.max_body, mib(128));
  EXPECT_EQ(config.token_file, "");
  EXPECT_EQ(config.drain_timeout, Milliseconds{30'000});
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(GatewayConfig, WarnsOfAnAddressThatOthersReachWithoutAToken) {
  EXPECT_THAT(config_of("--brokers a:1 --listen 0.0.0.0:80").warnings,
              testing::Contains(HasSubstr("--http-token-file")));
  EXPECT_THAT(
      config_of("--brokers a:1 --blob-dir /b --listen 0.0.0.0:80 --http-token-file /t").warnings,
      IsEmpty());
}

TEST(GatewayConfig, WarnsThatLargeRequestsNeedABlobDirectory) {
  EXPECT_THAT(config_of("--brokers a:1").warnings, testing::ElementsAre(HasSubstr("--blob-dir")));
}

TEST(GatewayConfig, NeedsABrokerAndAnAddress) {
  EXPECT_THAT(refusal_of(""), HasSubstr("no broker is given"));
  EXPECT_THAT(refusal_of("--brokers a:1 --listen off"), HasSubstr("has to listen"));
  EXPECT_THAT(refusal_of("--brokers a:1 --isolation full"), HasSubstr("gradefarm-gateway --help"));
}

}  // namespace
}  // namespace farm::config
