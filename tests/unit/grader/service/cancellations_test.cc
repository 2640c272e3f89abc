#include "grader/service/cancellations.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace farm::service {
namespace {

const SteadyTime kStart{std::chrono::hours(100)};

class CancellationsTest : public ::testing::Test {
 protected:
  static EvaluationRequest request(const std::string& id, const std::string& trainer = "run",
                                   std::optional<std::int64_t> step = std::nullopt) {
    EvaluationRequest request;
    request.request_id = id;
    request.trainer = trainer;
    request.step = step;
    return request;
  }
  // Why the request would have to stop if it began now.
  StopReason fate(const EvaluationRequest& request, std::int64_t published_unix_ms = 100) {
    const StopReason reason = cancellations_->begin(0, request, published_unix_ms).reason();
    cancellations_->end(0);
    return reason;
  }
  static bool readable(const StopSignal& stop) {
    pollfd event{stop.fd(), POLLIN, 0};
    return ::poll(&event, 1, 0) == 1;
  }

  std::unique_ptr<Cancellations> cancellations_ = std::move(Cancellations::create(2)).value();
};

TEST_F(CancellationsTest, WhatRunsIsToldAndWhatDoesNotBelongIsNot) {
  const StopSignal& meant = cancellations_->begin(0, request("a", "run", 7), 100);
  const StopSignal& other = cancellations_->begin(1, request("a", "walk", 7), 100);
  EXPECT_FALSE(readable(meant));

  cancellations_->add({"run", {}, 7}, 200, kStart);

  EXPECT_EQ(meant.reason(), StopReason::kCancelled);
  EXPECT_TRUE(meant.requested());
  EXPECT_TRUE(readable(meant));
  EXPECT_EQ(other.reason(), StopReason::kNone);
  EXPECT_FALSE(readable(other));
}

TEST_F(CancellationsTest, IdsAndStepsAreOfTheTrainerThatTookThemBack) {
  cancellations_->add({"run", {"a", "b"}, std::nullopt}, 200, kStart);
  cancellations_->add({"run", {}, 7}, 200, kStart);

  EXPECT_EQ(fate(request("a")), StopReason::kCancelled);
  EXPECT_EQ(fate(request("b")), StopReason::kCancelled);
  EXPECT_EQ(fate(request("c")), StopReason::kNone);
  EXPECT_EQ(fate(request("a", "walk")), StopReason::kNone);
  EXPECT_EQ(fate(request("c", "run", 7)), StopReason::kCancelled);
  EXPECT_EQ(fate(request("c", "run", 8)), StopReason::kNone);
  EXPECT_EQ(fate(request("c", "walk", 7)), StopReason::kNone);
}

TEST_F(CancellationsTest, WhatIsPublishedLaterIsNotMeant) {
  cancellations_->add({"run", {"a"}, std::nullopt}, 200, kStart);
  cancellations_->add({"run", {"a"}, std::nullopt}, 150, kStart);  // read late

  EXPECT_EQ(fate(request("a"), 200), StopReason::kCancelled);
  EXPECT_EQ(fate(request("a"), 201), StopReason::kNone);
}

TEST_F(CancellationsTest, WithoutATimeAllAreMeant) {
  cancellations_->add({"run", {"a"}, std::nullopt}, 0, kStart);
  cancellations_->add({"run", {"a"}, std::nullopt}, 50, kStart);
  EXPECT_EQ(fate(request("a"), 100), StopReason::kCancelled);
  cancellations_->add({"run", {"b"}, std::nullopt}, 50, kStart);
  EXPECT_EQ(fate(request("b"), 0), StopReason::kCancelled);
}

TEST_F(CancellationsTest, ASlotBeginsItsNextRequestWithoutTheStopOfTheLast) {
  cancellations_->add({"run", {"a"}, std::nullopt}, 200, kStart);
  EXPECT_TRUE(readable(cancellations_->begin(0, request("a"), 100)));
  cancellations_->end(0);

  const StopSignal& next = cancellations_->begin(0, request("c"), 100);

  EXPECT_FALSE(next.requested());
  EXPECT_FALSE(readable(next));
}

TEST_F(CancellationsTest, ADeadlineStopsWhatRunsAndTheFirstReasonCounts) {
  EvaluationRequest late = request("a");
  late.deadline_unix_ms = 1'000;
  const StopSignal& stop = cancellations_->begin(0, late, 100);
  cancellations_->expire(1'000);
  EXPECT_EQ(stop.reason(), StopReason::kNone);

  cancellations_->expire(1'001);
  cancellations_->add({"run", {"a"}, std::nullopt}, 200, kStart);

  EXPECT_EQ(stop.reason(), StopReason::kExpired);
  EXPECT_TRUE(readable(stop));
}

TEST_F(CancellationsTest, WhatIsOlderThanTheTopicIsForgotten) {
  cancellations_->add({"run", {"a"}, std::nullopt}, 200, kStart);
  cancellations_->add({"run", {"b"}, std::nullopt}, 200, kStart);
  cancellations_->add({"run", {"b"}, std::nullopt}, 300,
                      kStart + Cancellations::kRemembered + Milliseconds(1));

  EXPECT_EQ(fate(request("a")), StopReason::kNone);
  EXPECT_EQ(fate(request("b")), StopReason::kCancelled);
}

TEST_F(CancellationsTest, NoMoreIsRememberedThanTheBound) {
  cancellations_->add({"run", {"first"}, std::nullopt}, 200, kStart);
  for (std::size_t i = 0; i < Cancellations::kMaxRemembered; ++i)
    cancellations_->add({"run", {std::to_string(i)}, std::nullopt}, 200, kStart);

  EXPECT_EQ(fate(request("first")), StopReason::kNone);
  EXPECT_EQ(fate(request("0")), StopReason::kCancelled);
}

TEST_F(CancellationsTest, CancelsAndRequestsMayComeFromManyThreads) {
  std::thread teller([&] {
    for (int i = 0; i < 1'000; ++i) {
      cancellations_->add({"run", {std::to_string(i)}, std::nullopt}, 200, kStart);
      cancellations_->expire(i);
    }
  });
  for (int i = 0; i < 1'000; ++i) fate(request(std::to_string(i)));
  teller.join();

  EXPECT_EQ(fate(request("999")), StopReason::kCancelled);
}

}  // namespace
}  // namespace farm::service
