// The children here are shell scripts: what GraderProcess promises does not depend on the program.
#include "producer/command/grader_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace farm::command {
namespace {

using testing::HasSubstr;

constexpr Milliseconds kPatience{20'000};
const auto kNever = [] { return false; };

GraderCommand script(const std::string& text) { return {"/bin/sh", {"-c", text, "sh"}, true}; }

// Started, and ready where the script says so.
GraderProcess started(const std::string& text) {
  auto process = GraderProcess::start(script(text));
  FARM_ASSERT(process);
  return std::move(process).value();
}

ExitStatus wait_for_end(GraderProcess& process) {
  std::optional<ExitStatus> status;
  while (!(status = process.exited())) ::usleep(1000);
  return *status;
}

TEST(GraderProcess, IsReadyWhenItSaysSo) {
  auto process = started("echo ready >&3; exec sleep 1000");

  EXPECT_TRUE(process.wait_ready(kPatience, kNever));
  EXPECT_FALSE(process.exited());
}

TEST(GraderProcess, IsToldWhichDescriptorToAnswerOn) {
  auto process = started("test \"$1 $2\" = '--ready-fd 3' && echo ready >&3; exec sleep 1000");

  EXPECT_TRUE(process.wait_ready(kPatience, kNever));
}

TEST(GraderProcess, EarlyDeathIsReportedWithStatusAndLastWords) {
  auto process = started("echo 'no cgroup' >&2; exit 7");

  const auto ready = process.wait_ready(kPatience, kNever);

  ASSERT_FALSE(ready);
  EXPECT_THAT(ready.error().what, HasSubstr("exit status 7"));
  EXPECT_THAT(ready.error().what, HasSubstr("no cgroup"));
}

TEST(GraderProcess, DeathBySignalIsReportedByName) {
  auto process = started("kill -SEGV $$");

  EXPECT_EQ(wait_for_end(process).text(), "signal 11 (Segmentation fault)");
}

TEST(GraderProcess, WaitingForReadinessEndsWithItsTimeout) {
  auto process = started("exec sleep 1000");

  const auto ready = process.wait_ready(Milliseconds{1}, kNever);

  ASSERT_FALSE(ready);
  EXPECT_THAT(ready.error().what, HasSubstr("not ready within 1 ms"));
}

TEST(GraderProcess, WaitingForReadinessCanBeGivenUp) {
  auto process = started("exec sleep 1000");

  EXPECT_FALSE(process.wait_ready(kPatience, [] { return true; }));
}

TEST(GraderProcess, MissingProgramIsAnErrorOfStart) {
  const auto process = GraderProcess::start({"/nonexistent/gradefarm-grader", {}, true});

  ASSERT_FALSE(process);
  EXPECT_THAT(process.error().text(), HasSubstr("/nonexistent/gradefarm-grader: No such file"));
}

TEST(GraderProcess, StopLetsItDrain) {
  auto process =
      started("trap 'echo drained >&2; exit 0' TERM; echo ready >&3; while :; do sleep 0.01; done");
  ASSERT_TRUE(process.wait_ready(kPatience, kNever));

  EXPECT_EQ(process.stop(kPatience, kNever).text(), "exit status 0");
  EXPECT_THAT(process.stderr_tail(), HasSubstr("drained"));
}

TEST(GraderProcess, StopKillsWhatDoesNotDrain) {
  auto process = started("trap '' TERM; echo ready >&3; while :; do sleep 0.01; done");
  ASSERT_TRUE(process.wait_ready(kPatience, kNever));

  EXPECT_EQ(process.stop(Milliseconds{1}, kNever).text(), "signal 9 (Killed)");
}

TEST(GraderProcess, DestructionLeavesNoChild) {
  pid_t pid = -1;
  {
    auto process = started("echo ready >&3; exec sleep 1000");
    ASSERT_TRUE(process.wait_ready(kPatience, kNever));
    pid = process.pid();
  }

  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(GraderProcess, MovedFromOneOwnsNothing) {
  auto first = started("echo ready >&3; exec sleep 1000");
  GraderProcess second(std::move(first));

  EXPECT_EQ(first.pid(), -1);  // NOLINT(bugprone-use-after-move): what is tested
  EXPECT_TRUE(second.wait_ready(kPatience, kNever));
}

TEST(GraderProcess, ChildHasNoDescriptorOfOurs) {
  const int ours = ::open("/dev/null", O_RDONLY);  // NOLINT(android-cloexec-open): what is tested
  ASSERT_GE(ours, 0);

  auto process = started("ls /proc/$$/fd | tr '\\n' ' ' >&2");
  wait_for_end(process);
  ::close(ours);

  EXPECT_EQ(process.stderr_tail(), "0 1 2 3 ");
}

TEST(GraderProcess, ChildIsAloneInItsProcessGroup) {
  auto process = started("echo ready >&3; exec sleep 1000");
  ASSERT_TRUE(process.wait_ready(kPatience, kNever));

  EXPECT_EQ(::getpgid(process.pid()), process.pid());
}

TEST(GraderProcess, OnlyTheEndOfALongStderrIsKept) {
  auto process = started(
      "i=0; while [ $i -lt 2000 ]; do echo \"line $i of many, many lines\" >&2; i=$((i+1)); done");
  wait_for_end(process);

  const std::string tail = process.stderr_tail();
  EXPECT_LE(tail.size(), 32U * 1024);
  EXPECT_THAT(tail, HasSubstr("line 1999 of many"));
}

}  // namespace
}  // namespace farm::command
