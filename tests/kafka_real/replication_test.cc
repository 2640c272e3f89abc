// Three nodes, of which one is killed: nothing that was acknowledged is lost, and work goes on.
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "tests/support/kafka_fixture.h"
#include "tests/support/paths.h"

namespace farm::kafka::test {
namespace {

class Replication : public KafkaTest {
 protected:
  void SetUp() override {
    KafkaTest::SetUp();
    const char* const directory = std::getenv("GRADEFARM_TEST_KAFKA_DIR");
    if (!directory) GTEST_SKIP() << "needs the ctest fixture, whose nodes it kills";
    directory_ = directory;
  }
  void TearDown() override {
    if (!killed_) return;
    // Starts what does not run; the addresses are those of the fixture.
    const std::string command =
        "'" + (farm::test::source_dir() / "deploy/kafka/kafka.sh").string() + "' start " +
        "--nodes 3 --dir '" + directory_ + "' --port " FARM_TEST_PORT;
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  void kill_node(int number) {
    pid_t pid = 0;
    std::ifstream(directory_ + "/node-" + std::to_string(number) + "/pid") >> pid;
    ASSERT_GT(pid, 1);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    killed_ = true;
  }

 private:
  std::string directory_;
  bool killed_ = false;
};

TEST_F(Replication, KilledNodeCostsNoRecordAndNoCommit) {
  const auto topic = make_topic(6);  // some are led by each node
  const auto group = unique_name("group");
  publish_numbers(topic, 300, -1);
  auto config = consumer_config(topic, group);
  config.session_timeout = Milliseconds(0);  // its default outlasts the change of the coordinator
  auto consumer = join(config);
  std::map<std::string, int> seen;
  for (const auto& record : pull(*consumer, 300)) {
    ++seen[record.value];
    consumer->done(record.position);
  }

  kill_node(2);
  publish_numbers(topic, 300, -1);
  for (const auto& record : pull(*consumer, 300)) {
    ++seen[record.value];
    consumer->done(record.position);
  }
  consumer->close();

  EXPECT_EQ(seen.size(), 300u);
  for (const auto& [value, times] : seen) EXPECT_EQ(times, 2) << value;
  publish_numbers(topic, 1, 0);
  auto next = join(consumer_config(topic, group));
  EXPECT_EQ(pull(*next, 1).at(0).value, "0");
  EXPECT_FALSE(next->pull());
}

}  // namespace
}  // namespace farm::kafka::test
