#include "producer/pending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::producer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Admission = PendingRequests::Admission;
using Known = PendingRequests::Known;

// A clock that stands still until a test moves it.
class PendingRequestsTest : public testing::Test {
 protected:
  static PendingLimits limits() {
    return {Bytes{100}, 10, Milliseconds{seconds{10}}, Milliseconds{seconds{300}}};
  }
  static PendingRequest request(const std::string& id, std::size_t bytes = 10) {
    PendingRequest request;
    request.identity.request_id = id;
    request.identity.trainer = "run-17";
    request.value = std::make_shared<const std::string>(bytes, 'x');
    return request;
  }
  Admission add(const std::string& id, std::size_t bytes = 10) {
    auto added = request(id, bytes);
    return pending_.add(added, now_);
  }
  std::vector<std::string> due() {
    std::vector<std::string> ids;
    for (const auto& publication : pending_.take_due(now_)) ids.push_back(publication.request_id);
    return ids;
  }
  // Admitted, published and delivered: waits for its answer.
  void ask(const std::string& id) {
    ASSERT_EQ(add(id), Admission::kAdmitted);
    for (const auto& publication : pending_.take_due(now_)) {
      pending_.delivered(publication.request_id, publication.attempt, now_);
    }
  }

  SteadyTime now_ = SteadyTime{} + std::chrono::hours{1};
  PendingRequests pending_{limits()};
};

TEST_F(PendingRequestsTest, NewRequestsAreDueOnceInOrderOfAdmission) {
  add("b");
  add("a");
  add("c");

  EXPECT_THAT(due(), ElementsAre("b", "a", "c"));
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(PendingRequestsTest, FirstPublicationIsAttemptOneAndCarriesTheRecord) {
  add("a", 7);

  const auto published = pending_.take_due(now_);

  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0].attempt, 1);
  EXPECT_FALSE(published[0].overdue);
  EXPECT_EQ(published[0].trainer, "run-17");
  EXPECT_EQ(*published[0].value, std::string(7, 'x'));
}

TEST_F(PendingRequestsTest, SameIdUnderWayIsADuplicateAndStaysWithTheCaller) {
  add("a");

  auto second = request("a");
  EXPECT_EQ(pending_.add(second, now_), Admission::kDuplicate);

  EXPECT_EQ(second.identity.request_id, "a");
  EXPECT_NE(second.value, nullptr);
  EXPECT_EQ(pending_.size(), 1);
}

TEST_F(PendingRequestsTest, AnsweredIdMayBeAskedAgain) {
  ask("a");
  ASSERT_TRUE(pending_.answer("a", now_));

  EXPECT_EQ(add("a"), Admission::kAdmitted);
  EXPECT_THAT(due(), ElementsAre("a"));
}

TEST_F(PendingRequestsTest, BytesBeyondTheWindowAreNotAdmittedUntilAnAnswerMakesRoom) {
  ask("a");
  EXPECT_EQ(add("big", 91), Admission::kFull);
  EXPECT_EQ(add("fits", 90), Admission::kAdmitted);
  EXPECT_EQ(pending_.outstanding(), Bytes{100});

  ASSERT_TRUE(pending_.answer("a", now_));
  EXPECT_EQ(pending_.outstanding(), Bytes{90});
  EXPECT_EQ(add("small", 10), Admission::kAdmitted);
}

TEST_F(PendingRequestsTest, CountBeyondTheWindowIsNotAdmitted) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(add(std::to_string(i), 1), Admission::kAdmitted);

  EXPECT_EQ(add("eleventh", 1), Admission::kFull);
}

TEST_F(PendingRequestsTest, RecordLargerThanTheWindowIsAdmittedAlone) {
  EXPECT_EQ(add("huge", 1000), Admission::kAdmitted);
  EXPECT_EQ(add("next", 1), Admission::kFull);
}

TEST_F(PendingRequestsTest, OverdueAnswerIsPublishedAgainWhenTheFarmIsSilent) {
  ask("a");

  now_ += seconds{9};
  EXPECT_THAT(due(), IsEmpty());
  now_ += seconds{1};
  const auto published = pending_.take_due(now_);

  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0].attempt, 2);
  EXPECT_TRUE(published[0].overdue);
}

TEST_F(PendingRequestsTest, LongQueueThatMovesIsNoReasonToPublishAgain) {
  for (const char* id : {"1", "2", "3"}) ask(id);

  now_ += seconds{11};
  pending_.answer("1", now_);  // in the order of publishing
  EXPECT_THAT(due(), IsEmpty());
  now_ += seconds{9};
  pending_.answer("2", now_);
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(PendingRequestsTest, OvertakenRequestIsPublishedAgainAlthoughTheFarmAnswers) {
  ask("lost");
  ask("later");
  now_ += seconds{10};
  ASSERT_TRUE(pending_.answer("later", now_));

  EXPECT_THAT(due(), ElementsAre("lost"));
}

TEST_F(PendingRequestsTest, EachFurtherCopyWaitsTwiceAsLong) {
  ask("a");
  std::vector<std::int64_t> waits;
  auto last = now_;
  while (waits.size() < 6) {
    now_ += milliseconds{500};
    for (const auto& publication : pending_.take_due(now_)) {
      waits.push_back(std::chrono::duration_cast<seconds>(now_ - last).count());
      last = now_;
      pending_.delivered("a", publication.attempt, now_);
    }
  }

  EXPECT_THAT(waits, ElementsAre(10, 20, 40, 80, 80, 80));
}

TEST_F(PendingRequestsTest, NothingIsOverdueBeforeItsDeliveryIsKnown) {
  add("a");
  ASSERT_THAT(due(), ElementsAre("a"));

  now_ += seconds{60};
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(PendingRequestsTest, FailedPublishIsRetriedWhenToldAndNotBefore) {
  add("a");
  due();
  pending_.failed("a", 1, now_ + seconds{2});

  now_ += seconds{1};
  EXPECT_THAT(due(), IsEmpty());
  now_ += seconds{1};
  const auto published = pending_.take_due(now_);

  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0].attempt, 2);
  EXPECT_FALSE(published[0].overdue);
}

TEST_F(PendingRequestsTest, ReportOfAnEarlierAttemptIsIgnored) {
  ask("a");
  now_ += seconds{10};
  ASSERT_THAT(due(), ElementsAre("a"));  // attempt 2 is under way

  pending_.failed("a", 1, now_);

  now_ += seconds{1};
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(PendingRequestsTest, LostAnswerIsAskedForAtOnce) {
  ask("a");
  pending_.publish_again("a", now_);

  now_ += seconds{1};
  EXPECT_THAT(due(), ElementsAre("a"));
}

TEST_F(PendingRequestsTest, SecondAnswerFindsNobody) {
  ask("a");

  EXPECT_EQ(pending_.known("a"), Known::kWaiting);
  EXPECT_TRUE(pending_.answer("a", now_));
  EXPECT_EQ(pending_.known("a"), Known::kAnswered);
  EXPECT_FALSE(pending_.answer("a", now_));
}

TEST_F(PendingRequestsTest, IdThatWasNeverAskedIsUnknown) {
  EXPECT_EQ(pending_.known("never"), Known::kUnknown);
  EXPECT_FALSE(pending_.answer("never", now_));
}

TEST_F(PendingRequestsTest, OldAnswersAreForgottenSoThatMemoryIsBounded) {
  for (std::size_t i = 0; i <= PendingRequests::kRememberedAnswers; ++i) {
    const std::string id = std::to_string(i);
    add(id);
    pending_.answer(id, now_);
  }

  EXPECT_EQ(pending_.known("0"), Known::kUnknown);
  EXPECT_EQ(pending_.known("1"), Known::kAnswered);
}

TEST_F(PendingRequestsTest, TimeoutTakesOutWhatWaitedTooLongSinceItWasAdded) {
  ask("old");
  now_ += seconds{100};
  ask("young");

  now_ += seconds{200};
  const auto late = pending_.take_timed_out(now_);

  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].identity.request_id, "old");
  EXPECT_EQ(pending_.known("old"), Known::kUnknown);
  EXPECT_EQ(pending_.size(), 1);
}

TEST_F(PendingRequestsTest, TakeAllLeavesNothingBehind) {
  ask("a");
  add("b");

  std::vector<std::string> ids;
  for (const auto& taken : pending_.take_all()) ids.push_back(taken.identity.request_id);

  EXPECT_THAT(ids, UnorderedElementsAre("a", "b"));
  EXPECT_EQ(pending_.outstanding(), Bytes{0});
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(PendingRequestsTest, RoomPromisedIsKeptBeyondTheWindow) {
  ask("a");
  auto large = request("large", 500);

  EXPECT_EQ(pending_.add_beyond_window(large, now_), Admission::kAdmitted);
  EXPECT_FALSE(pending_.has_room(1));
}

TEST_F(PendingRequestsTest, WhatIsTakenBackIsNotPublishedAgainAndItsAnswerFindsNobody) {
  ask("a");
  ask("b");
  ask("c");

  EXPECT_THAT(pending_.take_back({"a", "unknown", "c"}), testing::SizeIs(2));

  EXPECT_EQ(pending_.known("a"), Known::kAnswered);
  EXPECT_EQ(pending_.known("unknown"), Known::kUnknown);
  EXPECT_EQ(pending_.size(), 1);
  EXPECT_EQ(pending_.outstanding(), Bytes{10});
  now_ += seconds{200};
  EXPECT_THAT(due(), ElementsAre("b"));
}

TEST_F(PendingRequestsTest, AStepIsTakenBackWhole) {
  for (const char* id : {"a", "b", "c", "d"}) {
    auto one = request(id);
    if (*id == 'a' || *id == 'c') one.identity.step = 7;
    if (*id == 'd') one.identity.step = 8;
    ASSERT_EQ(pending_.add(one, now_), Admission::kAdmitted);
  }

  std::vector<std::string> taken;
  for (const auto& request : pending_.take_back_step(7))
    taken.push_back(request.identity.request_id);

  EXPECT_THAT(taken, UnorderedElementsAre("a", "c"));
  EXPECT_THAT(due(), ElementsAre("b", "d"));
}

}  // namespace
}  // namespace farm::producer
