#include "grader/service/roll_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "schemas/topics.h"

namespace farm::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr kafka::ProcessId kA = 11;
constexpr kafka::ProcessId kB = 22;

const SteadyTime kStart{};

TEST(Fates, WhoIsHeardLivesAndWhoIsSilentHasEnded) {
  Fates fates;
  EXPECT_TRUE(fates.ask({kA, kB}, kStart));
  fates.listening(kStart + 1s);
  fates.heard(kA);

  EXPECT_THAT(fates.known(kStart + 1s), ElementsAre(Pair(kA, true)));
  EXPECT_THAT(fates.known(kStart + 1s + Fates::kSilence - 1ms), ElementsAre(Pair(kA, true)));
  EXPECT_THAT(fates.known(kStart + 1s + Fates::kSilence),
              ElementsAre(Pair(kA, true), Pair(kB, false)));
}

TEST(Fates, SilenceCountsOnlyWhileSomebodyListens) {
  Fates fates;
  fates.ask({kA}, kStart);
  EXPECT_THAT(fates.known(kStart + Fates::kSilence), IsEmpty());

  fates.listening(kStart + Fates::kSilence);

  EXPECT_THAT(fates.known(kStart + 2 * Fates::kSilence - 1ms), IsEmpty());
  EXPECT_THAT(fates.known(kStart + 2 * Fates::kSilence), ElementsAre(Pair(kA, false)));
}

TEST(Fates, NobodyIsWaitedForForEver) {
  Fates fates;
  fates.ask({kA}, kStart);

  EXPECT_THAT(fates.known(kStart + Fates::kLongest), ElementsAre(Pair(kA, false)));
}

TEST(Fates, WhatWasHeardForAnEarlierLossTellsNothingOfALaterOne) {
  Fates fates;
  fates.ask({kA}, kStart);
  fates.listening(kStart);
  fates.heard(kA);
  EXPECT_FALSE(fates.ask({kA}, kStart + 1s)) << "it is listened already";
  EXPECT_FALSE(fates.ask({}, kStart + 2s));
  EXPECT_THAT(fates.known(kStart + 2s), IsEmpty());

  EXPECT_TRUE(fates.ask({kA}, kStart + 3s));

  EXPECT_THAT(fates.known(kStart + 3s), IsEmpty());
}

TEST(ProcessOf, OnlyAWholeNumberAboveNoughtIsOne) {
  const auto read = [](const std::string& text) {
    return process_of({{std::string(headers::kProcess), text}});
  };
  EXPECT_EQ(read("12"), 12);
  EXPECT_EQ(read("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"", "0", "-1", "x", "1x", "9223372036854775808"})
    EXPECT_EQ(read(text), std::nullopt) << text;
  EXPECT_EQ(process_of({}), std::nullopt);
}

// A topic whose readers the test lets speak.
class RollCallTest : public ::testing::Test {
 protected:
  class Listener final : public kafka::Tail {
   public:
    explicit Listener(int& open) : open_(open) { ++open_; }
    ~Listener() override { --open_; }
    Expected<Done> await_caught_up(Milliseconds) override { return Done{}; }

   private:
    int& open_;
  };

  RollCallParts parts() {
    return {[this] { return awaited_; },
            [this](kafka::ProcessId process, bool alive) {
              judged_[process] = alive;
              std::erase(awaited_, process);
            },
            [this](std::function<void(kafka::Record)> on_record)
                -> Expected<std::unique_ptr<kafka::Tail>> {
              ++asked_;
              if (!reachable_) return unavailable("no broker");
              say_ = std::move(on_record);
              return std::unique_ptr<kafka::Tail>(std::make_unique<Listener>(open_));
            }};
  }
  void report(kafka::ProcessId process) const {
    kafka::Record record;
    record.headers = {{std::string(headers::kProcess), std::to_string(process)}};
    say_(std::move(record));
  }

  std::vector<kafka::ProcessId> awaited_;
  std::map<kafka::ProcessId, bool> judged_;
  bool reachable_ = true;
  int asked_ = 0;
  int open_ = 0;
  std::function<void(kafka::Record)> say_;
};

TEST_F(RollCallTest, NobodyListensWhileNobodyIsAskedFor) {
  RollCall roll_call(parts());
  roll_call.step(kStart);
  EXPECT_EQ(asked_, 0);

  awaited_ = {kA};
  roll_call.step(kStart);
  EXPECT_EQ(open_, 1);
  report(kA);
  roll_call.step(kStart + 1s);
  EXPECT_THAT(judged_, ElementsAre(Pair(kA, true)));

  roll_call.step(kStart + 2s);
  EXPECT_EQ(open_, 0);
}

TEST_F(RollCallTest, WhoIsSilentIsJudgedToHaveEnded) {
  RollCall roll_call(parts());
  awaited_ = {kA};
  roll_call.step(kStart);
  report(kB);
  roll_call.step(kStart + 1s);
  EXPECT_THAT(judged_, IsEmpty());

  roll_call.step(kStart + 1s + Fates::kSilence);

  EXPECT_THAT(judged_, ElementsAre(Pair(kA, false)));
}

TEST_F(RollCallTest, ForEachThatComesToBeAskedForItIsListenedAnew) {
  RollCall roll_call(parts());
  awaited_ = {kA};
  roll_call.step(kStart);
  roll_call.step(kStart + 1s);
  report(kB);  // not from after B was asked for
  awaited_ = {kA, kB};

  roll_call.step(kStart + 2s);
  roll_call.step(kStart + 3s);

  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(open_, 1);
  EXPECT_THAT(judged_, IsEmpty());
}

TEST_F(RollCallTest, ATopicThatCannotBeReadIsTriedAgainForAWhile) {
  reachable_ = false;
  RollCall roll_call(parts());
  awaited_ = {kA};
  roll_call.step(kStart);
  roll_call.step(kStart + 1s);
  EXPECT_EQ(asked_, 2);
  EXPECT_THAT(judged_, IsEmpty());

  roll_call.step(kStart + Fates::kLongest);

  EXPECT_THAT(judged_, ElementsAre(Pair(kA, false)));
}

}  // namespace
}  // namespace farm::service
