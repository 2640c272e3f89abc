#include "schemas/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "schemas/expected.h"

namespace farm {
namespace {

TEST(Error, TextNamesTheSystemsReason) {
  EXPECT_EQ(internal_error("open /x", EACCES).text(), "open /x: Permission denied");
  EXPECT_EQ(internal_error("open /x").text(), "open /x");
}

TEST(Error, AnExhaustedHostIsRetriedAndAMissingFileIsNot) {
  for (const int number : {EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC, EDQUOT, EBUSY}) {
    EXPECT_EQ(system_error("x", number).code, ErrorCode::kExhausted);
    EXPECT_TRUE(system_error("x", number).retryable());
  }
  EXPECT_FALSE(system_error("x", ENOENT).retryable());
}

TEST(Error, OnlyTheRequestsOwnFaultsAreTheRequests) {
  EXPECT_TRUE(invalid_request("x").request_fault());
  EXPECT_TRUE(unsupported("x").request_fault());
  EXPECT_FALSE(unavailable("x").request_fault());
  EXPECT_FALSE(exhausted("x").request_fault());
  EXPECT_FALSE(internal_error("x").request_fault());
}

Expected<int> half(int number) {
  if (number % 2 != 0) return invalid_request("odd");
  return number / 2;
}

Expected<int> quarter(int number) {
  FARM_TRY(const int once, half(number));
  FARM_TRY(const int twice, half(once));
  return twice;
}

Expected<Done> check_even(int number) {
  FARM_CHECK_OK(half(number));
  return Done{};
}

TEST(Expected, TryReturnsTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().what, "odd");
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_FALSE(check_even(3).has_value());
}

TEST(Expected, CarriesWhatCanOnlyBeMoved) {
  Expected<std::unique_ptr<int>> owner = std::make_unique<int>(7);

  const std::unique_ptr<int> taken = *std::move(owner);

  EXPECT_EQ(*taken, 7);
}

TEST(ExpectedDeathTest, TheValueOfAnErrorAborts) {
  const Expected<int> failed = invalid_request("x");
  EXPECT_DEATH(static_cast<void>(failed.value()), "assertion failed");
}

}  // namespace
}  // namespace farm
