#include "producer/gateway/deadline.h"

#include <gtest/gtest.h>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

constexpr std::string_view kRequests = "python-requests/2.32.3";

std::optional<Milliseconds> run_code_patience(std::string_view body, std::string_view agent) {
  return patience_of_run_code(*decode_plain_json(body), agent, 10, 20);
}

TEST(Patience, OfVerlIsBothTimeoutsAndTenSeconds) {
  EXPECT_EQ(
      run_code_patience(
          R"({"compile_timeout": 10, "run_timeout": 20, "memory_limit_MB": 1, "fetch_files": []})",
          kRequests),
      Milliseconds(40'000));
}

TEST(Patience, OfCoder1IsTheRunTimeoutAndTwoSeconds) {
  EXPECT_EQ(run_code_patience(R"({"run_timeout": 20})", kRequests), Milliseconds(22'000));
}

TEST(Patience, OfRollIsThirtySeconds) {
  EXPECT_EQ(run_code_patience(R"({"expected_stdout": ""})", "aiohttp"), Milliseconds(30'000));
}

TEST(Patience, IsUnknownOfOthers) {
  EXPECT_EQ(run_code_patience(R"({"code": "", "run_timeout": 20})", "curl/7.88"), std::nullopt);
  EXPECT_EQ(run_code_patience(R"({"code": "", "files": {}})", kRequests), std::nullopt);
  EXPECT_EQ(patience_of_common_evaluate("curl/7.88", 10, 10), std::nullopt);
  EXPECT_EQ(patience_of_common_evaluate(kRequests, 10, std::nullopt), std::nullopt);
}

TEST(Patience, OfIcipsForkIsBothTimeoutsAndTenSeconds) {
  EXPECT_EQ(patience_of_common_evaluate(kRequests, 30, 30), Milliseconds(70'000));
}

TEST(Patience, IsWhatAHeaderSays) {
  EXPECT_EQ(patience_of_header("1500"), Milliseconds(1'500));
  EXPECT_EQ(patience_of_header(""), std::nullopt);
  EXPECT_EQ(patience_of_header("-1"), std::nullopt);
  EXPECT_EQ(patience_of_header("1s"), std::nullopt);
}

TEST(HoldTime, LeavesTimeForTheReply) {
  EXPECT_EQ(hold_time(Milliseconds(30'000)), Milliseconds(28'000));
  EXPECT_EQ(hold_time(Milliseconds(1'000)), Milliseconds(900));
}

}  // namespace
}  // namespace farm::gateway
