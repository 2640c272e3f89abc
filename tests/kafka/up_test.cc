// gradefarm up and gradefarm topics, with echo_grader in place of the grader.
#include "producer/command/up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "grader/kafka/embedded_broker.h"
#include "producer/command/exit_codes.h"
#include "producer/command/topics.h"
#include "producer/random_name.h"
#include "tests/support/paths.h"

namespace farm::command {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::chrono::seconds kDeadline{60};

// echo_grader appends its process id to the file named by ECHO_GRADER_PIDS once it is ready.
class UpTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("up-test-" + producer::random_name());
    std::filesystem::create_directory(directory_);
    pids_file_ = directory_ / "pids";
    ASSERT_EQ(::setenv("ECHO_GRADER_PIDS", pids_file_.c_str(), 1), 0);
    options_.grader.program = (farm::test::binary_dir() / "tests/kafka/echo_grader").string();
    options_.pool = "cpu";
    options_.drain_timeout = Milliseconds{10'000};
  }
  void TearDown() override {
    ::unsetenv("ECHO_GRADER_PIDS");
    std::filesystem::remove_all(directory_);
  }
  // The processes that became ready so far, once there are `count`.
  std::vector<pid_t> graders(std::size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    std::vector<pid_t> pids;
    while (pids.size() < count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
      pids.clear();
      std::ifstream file(pids_file_);
      for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
    }
    EXPECT_GE(pids.size(), count);
    pids.resize(count, -1);
    return pids;
  }

  std::filesystem::path directory_, pids_file_;
  config::UpOptions options_;
};

TEST_F(UpTest, GraderThatCrashesIsStartedAgainAndASignalEndsAll) {
  testing::internal::CaptureStdout();
  const Interrupt interrupt;
  auto ended = std::async(std::launch::async, [&] { return up(options_, interrupt); });

  const pid_t first = graders(1).front();
  ASSERT_GT(first, 0);
  ::kill(first, SIGKILL);
  const pid_t second = graders(2).back();
  ASSERT_GT(second, 0);
  ::kill(::getpid(), SIGTERM);

  EXPECT_EQ(ended.get(), kExitOk);
  EXPECT_EQ(::kill(second, 0), -1) << "the grader outlived gradefarm up";
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              AllOf(HasSubstr("bootstrap  127.0.0.1:"), HasSubstr("--blob-dir "),
                    HasSubstr("not for production")));
}

TEST_F(UpTest, GraderThatNeverStartsIsAnExitCode) {
  options_.grader.program = "/bin/false";
  testing::internal::CaptureStderr();
  const Interrupt interrupt;

  EXPECT_EQ(up(options_, interrupt), kExitGrader);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("exit status 1"));
}

TEST(Topics, CreateMakesThemAndPrintsWhatExists) {
  auto broker = kafka::EmbeddedBroker::create();
  ASSERT_TRUE(broker) << broker.error().text();
  config::TopicsOptions options;
  options.action = config::TopicsOptions::Action::kCreate;
  options.kafka.brokers = (*broker)->bootstrap();
  options.kafka.broker_kind = config::BrokerKind::kEmbedded;
  options.pools = {"cpu"};
  options.trainers = {"run-17"};

  testing::internal::CaptureStdout();
  const int created = topics(options);
  const std::string table = testing::internal::GetCapturedStdout();
  options.action = config::TopicsOptions::Action::kDescribe;
  testing::internal::CaptureStdout();
  const int described = topics(options);

  EXPECT_EQ(created, kExitOk);
  EXPECT_EQ(described, kExitOk);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), table);
  for (const auto& spec : topic_specs(options)) EXPECT_THAT(table, HasSubstr(spec.name));
}

}  // namespace
}  // namespace farm::command
