#include "producer/gateway/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

using testing::HasSubstr;

Reply reply(const std::string& method, const std::string& path, const std::string& body = "") {
  Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  Routed routed = route(request);
  EXPECT_TRUE(std::holds_alternative<Reply>(routed));
  return std::get<Reply>(std::move(routed));
}

TEST(Routes, PingIsAJsonString) {
  const Reply pong = reply("GET", "/v1/ping");
  EXPECT_EQ(pong.status, 200);
  EXPECT_EQ(pong.content_type, "application/json");
  EXPECT_EQ(pong.body, "\"pong\"");
}

TEST(Routes, UnknownPathsAndMethodsAreJson) {
  EXPECT_EQ(reply("GET", "/nothing").status, 404);
  EXPECT_EQ(reply("GET", "/nothing").body, R"({"detail":"Not Found"})");
  const Reply method = reply("GET", "/run_code");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.allow, "POST");
}

TEST(Routes, OnlyKnownPathsAreNamesForMetrics) {
  EXPECT_EQ(name_of_route("/run_code"), "/run_code");
  EXPECT_EQ(name_of_route("/run_code/7"), "other");
}

TEST(Routes, BodiesThatAreNoJsonAre422) {
  for (const char* body : {"", "{", "{\"code\": \"\xff\"}", "nonsense"}) {
    EXPECT_EQ(reply("POST", "/run_code", body).status, 422) << body;
  }
  EXPECT_EQ(reply("POST", "/common_evaluate", std::string(100'000, '[')).status, 422);
}

TEST(Routes, AHeaderSaysHowLongTheClientWaits) {
  Request request;
  request.method = "POST";
  request.path = "/run_code";
  request.body = R"({"code": "", "language": "python"})";
  request.deadline_ms = "1234";
  const Routed routed = route(request);
  EXPECT_EQ(std::get<Question>(routed).patience, Milliseconds(1234));
}

TEST(Routes, TheOpenApiDocumentNamesEveryRoute) {
  const Reply document = reply("GET", "/openapi.json");
  const auto value = decode_plain_json(document.body);
  ASSERT_TRUE(value) << value.error().what;
  for (const char* path : {"/run_code", "/common_evaluate", "/common_evaluate_batch", "/v1/ping",
                           "/healthz", "/metrics"})
    EXPECT_NE(find_member(*find_member(*value, "paths"), path), nullptr) << path;
  EXPECT_THAT(reply("GET", "/docs").body, HasSubstr("openapi.json"));
  EXPECT_EQ(reply("GET", "/").content_type, "text/html; charset=utf-8");
}

}  // namespace
}  // namespace farm::gateway
