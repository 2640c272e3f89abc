// What grader/kafka promises whatever the broker.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "grader/kafka/offset_tracker.h"
#include "grader/kafka/start_marks.h"
#include "grader/kafka/tail.h"
#include "grader/kafka/topic_admin.h"
#include "tests/support/kafka_fixture.h"

namespace farm::kafka::test {
namespace {

using ::testing::HasSubstr;

class KafkaContract : public KafkaTest {};

std::multiset<std::string> numbers(int begin, int end) {
  std::multiset<std::string> values;
  for (int i = begin; i < end; ++i) values.insert(std::to_string(i));
  return values;
}

TEST_F(KafkaContract, RecordArrivesWithKeyValueHeadersAndTime) {
  const auto topic = make_topic(1);
  OutgoingRecord sent;
  sent.topic = topic;
  sent.key = std::string("k\0y", 3);
  sent.value = std::string(200'000, 'v');
  sent.headers = {{"request_id", "r-1"}, {"kafka_correlationId", std::string("\0\1\xff", 3)}};

  const auto delivery = publish(sent);
  ASSERT_TRUE(delivery) << delivery.error().text();
  auto consumer = join(consumer_config(topic, unique_name("group")));
  const auto records = pull(*consumer, 1);

  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(delivery->partition, 0);
  EXPECT_EQ(delivery->offset, 0);
  EXPECT_EQ(records[0].position.topic, topic);
  EXPECT_EQ(records[0].position.partition, 0);
  EXPECT_EQ(records[0].position.offset, 0);
  EXPECT_EQ(records[0].key, sent.key);
  EXPECT_EQ(records[0].value, sent.value);
  EXPECT_EQ(records[0].headers, sent.headers);
  EXPECT_GT(records[0].timestamp_unix_ms, 1'600'000'000'000);
}

TEST_F(KafkaContract, RecordKeepsTheTimeThatItIsGiven) {
  const auto topic = make_topic(1);
  OutgoingRecord sent;
  sent.topic = topic;
  sent.value = "v";
  // Within the time that the broker keeps records.
  sent.timestamp_unix_ms =
      std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count() -
      60'000;

  ASSERT_TRUE(publish(sent));
  auto consumer = join(consumer_config(topic, unique_name("group")));
  const auto records = pull(*consumer, 1);

  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].timestamp_unix_ms, sent.timestamp_unix_ms);
}

TEST_F(KafkaContract, WhatWasNotDoneIsRedeliveredToTheNextMember) {
  const auto topic = make_topic(2);
  const auto group = unique_name("group");
  publish_numbers(topic, 20, -1);

  auto first = join(consumer_config(topic, group));
  EXPECT_EQ(values_of(pull(*first, 20)), numbers(0, 20));
  first->close();
  auto second = join(consumer_config(topic, group));

  EXPECT_EQ(values_of(pull(*second, 20)), numbers(0, 20));
}

TEST_F(KafkaContract, NextMemberGetsExactlyTheUnfinishedOnesOfOutOfOrderWork) {
  const auto topic = make_topic(1);
  const auto group = unique_name("group");
  publish_numbers(topic, 30, 0);

  auto first = join(consumer_config(topic, group));
  const auto records = pull(*first, 30);
  std::multiset<std::string> unfinished;
  for (const auto& record : records) {
    const bool finished = record.position.offset % 3 != 0;
    if (finished) {
      first->done(record.position);
    } else {
      unfinished.insert(record.value);
    }
  }
  first->close();
  publish_numbers(topic, 1,
                  0);  // "0" again, behind the rest: the end of what the second member gets
  auto second = join(consumer_config(topic, group));
  const auto redelivered = pull(*second, unfinished.size() + 1);

  unfinished.insert("0");
  EXPECT_EQ(values_of(redelivered), unfinished);
  EXPECT_EQ(second->stats().skipped_done, 20);
}

TEST_F(KafkaContract, CommitsWhileItRunsSoThatAKilledMemberLosesNothingDone) {
  const auto topic = make_topic(1);
  const auto group = unique_name("group");
  publish_numbers(topic, 10, 0);

  // The first member stays in the group until the test ends: it never commits by leaving.
  auto first = join(consumer_config(topic, group));
  for (const auto& record : pull(*first, 10)) {
    if (record.position.offset != 4) first->done(record.position);
  }
  ASSERT_TRUE(eventually([&] { return first->stats().commits > 0; }));
  EXPECT_GT(first->stats().max_metadata_bytes, 0);
  EXPECT_EQ(first->stats().max_commit_span, 6);
}

TEST_F(KafkaContract, SecondMemberTakesOverPartitionsWhileStartedWorkGoesOn) {
  const auto topic = make_topic(4);
  const auto group = unique_name("group");
  publish_numbers(topic, 40, -1);

  auto first = join(consumer_config(topic, group));
  const auto started = pull(*first, 40);
  auto second = join(consumer_config(topic, group));
  ASSERT_TRUE(eventually([&] {
    return first->stats().assigned_partitions == 2 && second->stats().assigned_partitions == 2;
  }));
  // All that the first member has started is finished now: what it kept is committed, what moved is
  // not its to commit.
  for (const auto& record : started) first->done(record.position);
  first->close();
  std::set<std::int32_t> moved;
  std::vector<Record> redelivered;
  const auto moved_count = [&] {
    return std::count_if(started.begin(), started.end(), [&](const Record& record) {
      return moved.contains(record.position.partition);
    });
  };
  do {
    redelivered.push_back(pull(*second, 1).at(0));
    moved.insert(redelivered.back().position.partition);
  } while (moved.size() < 2 || redelivered.size() < static_cast<std::size_t>(moved_count()));

  std::multiset<std::string> expected;
  for (const auto& record : started) {
    if (moved.contains(record.position.partition)) expected.insert(record.value);
  }
  EXPECT_EQ(moved.size(), 2u);
  EXPECT_EQ(values_of(redelivered), expected);
}

TEST_F(KafkaContract, WithTracedStartsAllIsHandedOutAndAnOrderlyLeaveCastsNoSuspicion) {
  const auto topic = make_topic(2);
  auto config = consumer_config(topic, unique_name("group"));
  config.trace_starts = true;
  const auto count = static_cast<int>(StartMarks::kMaxMarks) - 8;  // of one partition, perhaps
  publish_numbers(topic, count, -1);

  auto first = join(config);
  const auto records = pull(*first, static_cast<std::size_t>(count) / 2);
  for (std::size_t i = 0; i < records.size() / 2; ++i) first->done(records[i].position);
  first->close();
  auto second = join(config);
  const auto rest = pull(*second, static_cast<std::size_t>(count) - records.size() / 2);

  for (const auto& record : rest) EXPECT_EQ(record.crashes, 0) << record.value;
  auto all = values_of(rest);
  for (std::size_t i = 0; i < records.size() / 2; ++i) all.insert(records[i].value);
  EXPECT_EQ(all, numbers(0, count));
}

TEST_F(KafkaContract, AMemberThatJoinsWhileTracedWorkRunsFindsNoDeath) {
  const auto topic = make_topic(4);
  auto config = consumer_config(topic, unique_name("group"));
  config.trace_starts = true;
  for (int partition = 0; partition < 4; ++partition) publish_numbers(topic, 10, partition);
  auto first = join(config);
  const auto started = pull(*first, 20);

  auto second = join(config);
  ASSERT_TRUE(eventually([&] {
    return first->stats().assigned_partitions == 2 && second->stats().assigned_partitions == 2;
  }));
  const auto moved = pull(*second, 20);

  for (const auto& record : moved) EXPECT_EQ(record.crashes, 0) << record.value;
  EXPECT_TRUE(second->awaited().empty()) << "a mark that was not handed over";
  auto expected = numbers(0, 10);
  expected.merge(numbers(0, 10));
  EXPECT_EQ(values_of(moved), expected);
}

TEST_F(KafkaContract, PartitionIsNotPulledBeyondTheSpanUntilTheOldestIsDone) {
  const auto topic = make_topic(1);
  const int count = static_cast<int>(OffsetTracker::kMaxSpan) + 10;
  publish_numbers(topic, count, 0);

  auto consumer = join(consumer_config(topic, unique_name("group")));
  const auto records = pull(*consumer, OffsetTracker::kMaxSpan);
  for (std::size_t i = 1; i < records.size(); ++i) consumer->done(records[i].position);
  EXPECT_FALSE(consumer->pull());

  consumer->done(records[0].position);
  EXPECT_EQ(pull(*consumer, 10).size(), 10u);
}

TEST_F(KafkaContract, PullTakesTurnsOverPartitions) {
  const auto topic = make_topic(2);
  publish_numbers(topic, 200, 0);
  publish_numbers(topic, 5, 1);

  auto consumer = join(consumer_config(topic, unique_name("group")));
  ASSERT_TRUE(eventually([&] { return consumer->stats().waiting_records >= 205; }));
  const auto records = pull(*consumer, 10);

  for (std::size_t i = 1; i < records.size(); ++i) {
    EXPECT_NE(records[i].position.partition, records[i - 1].position.partition) << "record " << i;
  }
}

TEST_F(KafkaContract, TopicsGetTheirSharesOfPulls) {
  const auto normal = make_topic(1);
  const auto high = make_topic(1);
  publish_numbers(normal, 100, 0);
  publish_numbers(high, 100, 0);
  auto config = consumer_config(normal, unique_name("group"));
  config.topics = {normal, high};
  config.shares = {1, 3};

  auto consumer = join(config);
  ASSERT_TRUE(eventually([&] { return consumer->stats().waiting_records >= 200; }));
  const auto first = pull(*consumer, 40);

  EXPECT_EQ(std::count_if(first.begin(), first.end(),
                          [&](const Record& record) { return record.position.topic == high; }),
            30);
  EXPECT_EQ(pull(*consumer, 160).size(), 160u);
}

TEST_F(KafkaContract, WithAGroupForEachTopicWhoComesLaterGetsItsPartOfEach) {
  const auto one = make_topic(4);
  const auto other = make_topic(4);
  auto config = consumer_config(one, unique_name("group"));
  config.topics = {one, other};
  config.groups = {config.group, config.group + ".other"};
  auto first = join(config);
  ASSERT_TRUE(eventually([&] { return first->stats().assigned_partitions == 8; }));

  auto second = join(config);

  const auto halves = [&](const Consumer& consumer) {
    const auto partitions = consumer.stats().partitions;
    return partitions.size() == 4 &&
           std::count_if(partitions.begin(), partitions.end(),
                         [&](const auto& partition) { return partition.first == one; }) == 2;
  };
  EXPECT_TRUE(eventually([&] { return halves(*first) && halves(*second); }));
  publish_numbers(one, 40, -1);
  publish_numbers(other, 40, -1);
  std::size_t pulled = 0;
  EXPECT_TRUE(eventually([&] {
    for (auto* const consumer : {first.get(), second.get()}) {
      while (const auto record = consumer->pull()) {
        consumer->done(record->position);
        ++pulled;
      }
    }
    return pulled == 80;
  }));
}

TEST_F(KafkaContract, PullsNothingAfterStopPulling) {
  const auto topic = make_topic(1);
  publish_numbers(topic, 3, 0);

  auto consumer = join(consumer_config(topic, unique_name("group")));
  const auto records = pull(*consumer, 1);
  consumer->stop_pulling();

  EXPECT_FALSE(consumer->pull());
  consumer->done(records.at(0).position);
  EXPECT_TRUE(eventually([&] { return consumer->stats().commits == 1; }));
}

TEST_F(KafkaContract, CloseIsIdempotentAndLeavesNothingToPull) {
  const auto topic = make_topic(1);
  publish_numbers(topic, 3, 0);

  auto consumer = join(consumer_config(topic, unique_name("group")));
  pull(*consumer, 1);
  consumer->close();
  consumer->close();

  EXPECT_FALSE(consumer->pull());
  EXPECT_FALSE(consumer->fatal());
  EXPECT_EQ(consumer->stats().assigned_partitions, 0);
}

TEST_F(KafkaContract, PublishToAPartitionThatDoesNotExistIsTheRequestsFault) {
  const auto topic = make_topic(2);

  OutgoingRecord record;
  record.topic = topic;
  record.partition = 99;
  const auto delivery = publish(record);

  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().code, ErrorCode::kInvalidRequest) << delivery.error().text();
}

TEST_F(KafkaContract, PublishToAnIllegalTopicNameIsTheRequestsFault) {
  for (const auto& name : {std::string(), std::string(".."), std::string("a/b"),
                           std::string(250, 'a'), std::string("a\0b", 3)}) {
    OutgoingRecord record;
    record.topic = name;
    const auto delivery = publish(record);
    ASSERT_FALSE(delivery) << name;
    EXPECT_EQ(delivery.error().code, ErrorCode::kInvalidRequest) << name;
  }
}

TEST_F(KafkaContract, RecordAboveTheMaximumIsRefusedWithBothSizes) {
  OutgoingRecord record;
  record.topic = make_topic(1);
  record.value = std::string(20'000'000, 'x');
  const auto delivery = publish(record);

  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().code, ErrorCode::kInvalidRequest);
  EXPECT_THAT(delivery.error().what, HasSubstr("20000000 bytes"));
  EXPECT_THAT(delivery.error().what, HasSubstr("maximum is 1048576 bytes"));
}

TEST_F(KafkaContract, RecordOfExactlyTheMaximumIsDeliveredThoughIncompressible) {
  OutgoingRecord record;
  record.topic = make_topic(1);
  record.value.resize(static_cast<std::size_t>(ProducerConfig{}.max_record.count));
  std::uint64_t state = 88172645463325252u;  // xorshift64
  for (char& byte : record.value) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  const auto delivery = publish(record);

  EXPECT_TRUE(delivery) << delivery.error().text();
}

TEST_F(KafkaContract, EveryReportIsGivenWhenTheProducerIsDestroyed) {
  const auto topic = make_topic(1);
  std::atomic<int> queued{0};
  std::atomic<int> reported{0};
  {
    auto producer = make_producer();
    for (int i = 0; i < 500; ++i) {
      OutgoingRecord record;
      record.topic = topic;
      record.value = std::string(1'000, 'x');
      if (producer->publish(record, [&](const Expected<Delivery>& delivery) {
            if (!delivery) {
              EXPECT_EQ(delivery.error().code, ErrorCode::kUnavailable);
            }
            ++reported;
          })) {
        ++queued;
      }
    }
  }
  EXPECT_EQ(queued, 500);
  EXPECT_EQ(reported, 500);
}

TEST_F(KafkaContract, TailSeesAllThatIsPublishedAfterItsCreationAndNothingBefore) {
  const auto topic = make_topic(4);
  publish_numbers(topic, 10, -1);

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Record> seen;
  auto tail = Tail::create(client(), topic, [&](Record record) {
    const std::lock_guard lock(mutex);
    seen.push_back(std::move(record));
    changed.notify_all();
  });
  ASSERT_TRUE(tail) << tail.error().text();
  publish_numbers(topic, 25, -1);

  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, kDeadline, [&] { return seen.size() >= 25; }));
  EXPECT_EQ(values_of(seen), numbers(0, 25));
}

TEST_F(KafkaContract, TailFromTheBeginningHasSeenAllThatWasThereOnceItHasCaughtUp) {
  const auto topic = make_topic(4);
  publish_numbers(topic, 40, -1);
  std::mutex mutex;
  std::vector<Record> seen;

  auto tail = Tail::create(
      client(), topic,
      [&](Record record) {
        const std::lock_guard lock(mutex);
        seen.push_back(std::move(record));
      },
      Tail::From::kBeginning);
  ASSERT_TRUE(tail) << tail.error().text();
  const auto caught_up = (*tail)->await_caught_up(kDeadline);

  ASSERT_TRUE(caught_up) << caught_up.error().text();
  const std::lock_guard lock(mutex);
  EXPECT_EQ(values_of(seen), numbers(0, 40));
}

TEST_F(KafkaContract, TailOfAnEmptyTopicHasCaughtUpAtOnce) {
  const auto topic = make_topic(1);

  auto tail = Tail::create(
      client(), topic, [](const Record&) {}, Tail::From::kBeginning);

  ASSERT_TRUE(tail) << tail.error().text();
  EXPECT_TRUE((*tail)->await_caught_up(Milliseconds(0)));
}

TEST_F(KafkaContract, TopicsAreCreatedOnceAndDescribed) {
  const auto prefix = unique_name("grading.replies.described");
  const std::vector<TopicSpec> specs = {{prefix + ".b", 4, 1, {}}, {prefix + ".a", 4, 1, {}}};

  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto created = create_topics(client(), specs, Milliseconds(10'000));
    ASSERT_TRUE(created) << created.error().text();
  }
  const auto described = describe_topics(client(), prefix, Milliseconds(10'000));

  ASSERT_TRUE(described) << described.error().text();
  ASSERT_EQ(described->size(), 2u);
  EXPECT_EQ(described->at(0).name, prefix + ".a");
  EXPECT_EQ(described->at(0).partitions, 4);
  EXPECT_EQ(described->at(0).replication, 1);
  EXPECT_EQ(described->at(1).name, prefix + ".b");
}

TEST_F(KafkaContract, TopicWithAnIllegalNameIsRefused) {
  const auto created = create_topics(client(), {{"a/b", 1, 1, {}}}, Milliseconds(10'000));

  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kInvalidRequest);
  EXPECT_THAT(created.error().what, HasSubstr("a/b"));
}

TEST_F(KafkaContract, WarmProducerKnowsItsTopics) {
  const auto topic = make_topic(1);
  auto producer = make_producer();

  const auto warmed = producer->warm({topic}, Milliseconds(10'000));

  EXPECT_TRUE(warmed) << warmed.error().text();
}

}  // namespace
}  // namespace farm::kafka::test
