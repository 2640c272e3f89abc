#include "producer/gateway/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/producer/gateway/fake_client.h"

namespace farm::gateway {
namespace {

class OutboxTest : public testing::Test {
 protected:
  ~OutboxTest() override { client_.close(); }  // the outbox ends with what it is handing over

  void push(const std::string& id) {
    EvaluationRequest request;
    request.request_id = id;
    outbox_.push(std::move(request), [](const EvaluationResult&) {});
  }

  FakeClient client_;
  Outbox outbox_{client_};
};

TEST_F(OutboxTest, HandsOverInOrder) {
  push("a");
  push("b");
  ASSERT_TRUE(client_.when([&] { return client_.submitted.size() == 2; }));
  EXPECT_EQ(client_.submitted, (std::vector<std::string>{"a", "b"}));
}

TEST_F(OutboxTest, WhatStillWaitsIsTakenOut) {
  client_.set_full(true);
  push("a");
  ASSERT_TRUE(client_.when([&] { return client_.begun.size() == 1; }));
  push("b");
  push("c");
  outbox_.take_back("b");
  client_.set_full(false);
  ASSERT_TRUE(client_.when([&] { return client_.submitted.size() == 2; }));
  EXPECT_EQ(client_.submitted, (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(client_.cancelled.empty());
}

TEST_F(OutboxTest, WhatIsBeingHandedOverIsCancelledOnceTheClientHasIt) {
  client_.set_full(true);
  push("a");
  ASSERT_TRUE(client_.when([&] { return client_.begun.size() == 1; }));
  outbox_.take_back("a");
  EXPECT_TRUE(client_.when([&] { return client_.cancelled.empty(); }));
  client_.set_full(false);
  EXPECT_TRUE(client_.when([&] { return client_.cancelled == std::vector<std::string>{"a"}; }));
  EXPECT_EQ(client_.submitted, std::vector<std::string>{"a"});
}

TEST_F(OutboxTest, WhatTheClientHasIsCancelledThere) {
  push("a");
  push("b");
  ASSERT_TRUE(client_.when([&] { return client_.begun.size() == 2; }));
  outbox_.take_back("a");
  EXPECT_TRUE(client_.when([&] { return client_.cancelled == std::vector<std::string>{"a"}; }));
}

}  // namespace
}  // namespace farm::gateway
