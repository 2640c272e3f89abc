// gradefarm grade as a whole, against the embedded broker and graders that accept whatever comes.
#include "producer/command/grade.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "grader/kafka/embedded_broker.h"
#include "grader/os/unique_fd.h"
#include "producer/command/exit_codes.h"
#include "producer/random_name.h"
#include "schemas/result.h"
#include "tests/support/paths.h"
#include "tests/support/scripted_grader.h"

namespace farm::command {
namespace {

using test::ScriptedGrader;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string request_json(const std::string& id, const std::string& code = "pass") {
  return R"({"schema_version":1,"trainer":"run-17","request_id":")" + id +
         R"(","submission":{"language":"python","code":")" + code +
         R"("},"evaluation":{"type":"run"}})";
}

class GradeTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("grade-test-" + producer::random_name());
    std::filesystem::create_directory(directory_);
    options_.input = directory_ / "requests.jsonl";
    options_.out = directory_ / "results.jsonl";
    options_.pool = "cpu";
    options_.trainer = "cli";
    options_.max_outstanding = mib(64);
    options_.resubmit_after = Milliseconds{60'000};
    options_.grader.program = (farm::test::binary_dir() / "tests/kafka/echo_grader").string();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write_input(const std::string& text) const { std::ofstream(options_.input) << text; }
  // An executable script in place of the grader.
  void use_script(const std::string& text) {
    options_.grader.program = directory_ / "grader.sh";
    std::ofstream(options_.grader.program) << "#!/bin/sh\n" << text << "\n";
    std::filesystem::permissions(options_.grader.program, std::filesystem::perms::owner_all);
  }
  void use_broker() {
    auto broker = kafka::EmbeddedBroker::create();
    ASSERT_TRUE(broker) << broker.error().text();
    broker_ = std::move(broker).value();
    ASSERT_TRUE(broker_->create_topic("grading.requests.cpu", kafka::EmbeddedBroker::kPartitions));
    options_.kafka.brokers = broker_->bootstrap();
    options_.kafka.broker_kind = config::BrokerKind::kEmbedded;
  }
  std::unique_ptr<ScriptedGrader> grader(ScriptedGrader::Script script) const {
    kafka::ClientConfig client;
    client.brokers = broker_->bootstrap();
    client.kind = kafka::BrokerKind::kEmbedded;
    return std::make_unique<ScriptedGrader>(client, "cpu", std::move(script));
  }
  int grade() {
    testing::internal::CaptureStderr();
    const Interrupt interrupt;
    const int exit_code = command::grade(options_, interrupt);
    stderr_ = testing::internal::GetCapturedStderr();
    return exit_code;
  }
  std::multimap<std::string, EvaluationResult> results() const {
    std::multimap<std::string, EvaluationResult> results;
    std::ifstream file(options_.out);
    for (std::string line; std::getline(file, line);) {
      auto result = decode_result(line);
      EXPECT_TRUE(result) << line;
      if (result) results.emplace(result->request_id, std::move(result).value());
    }
    return results;
  }

  std::filesystem::path directory_;
  config::GradeOptions options_;
  std::unique_ptr<kafka::EmbeddedBroker> broker_;
  std::string stderr_;
};

void accept(ScriptedGrader& grader, const kafka::Record& request) {
  grader.answer(request, ScriptedGrader::accepted(request));
}

TEST_F(GradeTest, EveryLineBecomesOneResult) {
  use_broker();
  auto answering = grader(accept);
  std::string input;
  for (int i = 0; i < 500; ++i) input += request_json(std::to_string(i)) + "\n";
  write_input(input);

  EXPECT_EQ(grade(), kExitOk) << stderr_;

  const auto all = results();
  EXPECT_THAT(all, SizeIs(500));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(all.count(std::to_string(i)), 1U) << i;
  EXPECT_THAT(stderr_, HasSubstr("accepted               500   100.0 %"));
}

TEST_F(GradeTest, BadLinesAreRejectedAndTheRestIsGraded) {
  use_broker();
  auto answering = grader(accept);
  write_input("{\"broken\n" + request_json("good") + "\n\n" + request_json("good") + "\n[]\n" +
              R"({"submission":{"language":"python","code":"x"},"evaluation":{"type":"run"}})");

  EXPECT_EQ(grade(), kExitOk) << stderr_;

  const auto all = results();
  EXPECT_THAT(all, SizeIs(5));
  EXPECT_EQ(all.count(""), 2U);
  EXPECT_EQ(all.count("good"), 2U);
  EXPECT_THAT(stderr_, AllOf(HasSubstr("accepted                 2"),
                             HasSubstr("rejected                 3")));
  std::vector<std::string> messages;
  for (const auto& [id, result] : all) messages.push_back(result.message);
  EXPECT_THAT(messages,
              testing::Contains(HasSubstr("line 4: request_id \"good\" is that of line 2")));
}

TEST_F(GradeTest, WindowSmallerThanTheFileStillGradesAllOfIt) {
  use_broker();
  auto answering = grader(accept);
  options_.max_outstanding = Bytes{static_cast<std::int64_t>(3 * request_json("00").size())};
  std::string input;
  for (int i = 10; i < 60; ++i) input += request_json(std::to_string(i)) + "\n";
  write_input(input);

  EXPECT_EQ(grade(), kExitOk) << stderr_;
  EXPECT_THAT(results(), SizeIs(50));
}

TEST_F(GradeTest, EmptyInputIsDoneAtOnce) {
  use_broker();
  write_input("");

  EXPECT_EQ(grade(), kExitOk);
  EXPECT_THAT(results(), IsEmpty());
}

TEST_F(GradeTest, WhatNobodyAnswersInTimeIsToldByTheExitCode) {
  use_broker();  // and no grader
  options_.timeout = Milliseconds{300};
  write_input(request_json("lost") + "\n");

  EXPECT_EQ(grade(), kExitUnanswered);

  EXPECT_THAT(results(), IsEmpty());
  EXPECT_THAT(stderr_,
              AllOf(HasSubstr("unanswered               1"), HasSubstr("gave up after 300 ms")));
}

TEST_F(GradeTest, InterruptWritesWhatCameAndExitsWith130) {
  use_broker();
  std::atomic<int> seen = 0;
  auto answering = grader([&](ScriptedGrader& self, const kafka::Record& request) {
    if (++seen == 1) accept(self, request);
    if (seen == 2) ::kill(::getpid(), SIGINT);
  });
  options_.max_outstanding =
      Bytes{1};  // one at a time: the first is written before the second is sent
  write_input(request_json("1") + "\n" + request_json("2") + "\n" + request_json("3") + "\n");

  EXPECT_EQ(grade(), 130);

  EXPECT_THAT(results(), SizeIs(1));
  EXPECT_THAT(stderr_, HasSubstr("interrupted"));
}

TEST_F(GradeTest, OutputThatIsClosedByItsReaderEndsTheRun) {
  use_broker();
  write_input(request_json("1") + "\n");
  options_.out = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(options_.out.c_str(), 0600), 0);
  // For reading and writing, so that nobody waits for the other side; closed before the first
  // result.
  os::UniqueFd reader(::open(options_.out.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(reader);
  auto answering = grader([&](ScriptedGrader& self, const kafka::Record& request) {
    reader.reset();
    accept(self, request);
  });

  EXPECT_EQ(grade(), kExitUnanswered);
  EXPECT_THAT(stderr_, HasSubstr("was closed by its reader"));
}

TEST_F(GradeTest, MissingInputIsNamed) {
  use_broker();

  EXPECT_EQ(grade(), kExitFile);
  EXPECT_THAT(stderr_, AllOf(HasSubstr("requests.jsonl"), HasSubstr("No such file")));
}

TEST_F(GradeTest, OutputThatCannotBeMadeIsNamed) {
  use_broker();
  write_input("");
  options_.out = directory_ / "missing" / "results.jsonl";

  EXPECT_EQ(grade(), kExitFile);
  EXPECT_THAT(stderr_, HasSubstr("missing/results.jsonl"));
}

TEST_F(GradeTest, EmbeddedStartsAndStopsAGraderOfItsOwn) {
  options_.embedded = true;
  options_.grader.workers = 2;
  std::string input;
  for (int i = 0; i < 50; ++i) input += request_json(std::to_string(i)) + "\n";
  write_input(input);

  EXPECT_EQ(grade(), kExitOk) << stderr_;

  EXPECT_THAT(results(), SizeIs(50));
  EXPECT_THAT(stderr_, HasSubstr("not for production"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

TEST_F(GradeTest, EmbeddedGraderThatCannotStartIsReportedWithItsWords) {
  options_.embedded = true;
  use_script("echo 'no cgroup for me' >&2; exit 3");
  write_input(request_json("1") + "\n");

  EXPECT_EQ(grade(), kExitGrader);
  EXPECT_THAT(stderr_, AllOf(HasSubstr("exit status 3"), HasSubstr("no cgroup for me")));
}

TEST_F(GradeTest, EmbeddedGraderThatIsMissingIsNamed) {
  options_.embedded = true;
  options_.grader.program = directory_ / "gradefarm-grader";
  write_input(request_json("1") + "\n");

  EXPECT_EQ(grade(), kExitGrader);
  EXPECT_THAT(stderr_, HasSubstr(options_.grader.program));
}

TEST_F(GradeTest, EmbeddedGraderThatDiesEndsTheRunAndIsReported) {
  options_.embedded = true;
  write_input(request_json("1", "die") + "\n");

  EXPECT_EQ(grade(), kExitGrader);
  EXPECT_THAT(stderr_, AllOf(HasSubstr("the grader ended with exit status 9"),
                             HasSubstr("echo grader: told to die"), HasSubstr("unanswered")));
}

TEST_F(GradeTest, BlobsOfTheEmbeddedFarmAreRemoved) {
  options_.embedded = true;
  ASSERT_EQ(::setenv("TMPDIR", directory_.c_str(), 1), 0);
  write_input(request_json("large", std::string(300 * 1024, 'x')) + "\n");

  const int exit_code = grade();
  ::unsetenv("TMPDIR");

  EXPECT_EQ(exit_code, kExitOk) << stderr_;
  EXPECT_THAT(results(), SizeIs(1));
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_THAT(entry.path().filename().string(), Not(testing::StartsWith("gradefarm-")));
  }
}

}  // namespace
}  // namespace farm::command
