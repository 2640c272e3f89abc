#include "grader/sandbox/starvation.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "grader/os/unique_fd.h"

namespace farm::sandbox {
namespace {

TEST(RunDelay, IsTheSecondFieldOfSchedstat) {
  EXPECT_EQ(parse_run_delay("123456 789 5\n"), Nanoseconds(789));
}

TEST(RunDelay, UnreadableTextCountsAsNone) {
  EXPECT_EQ(parse_run_delay(""), Nanoseconds(0));
  EXPECT_EQ(parse_run_delay("1"), Nanoseconds(0));
  EXPECT_EQ(parse_run_delay("1 x 2"), Nanoseconds(0));
  EXPECT_EQ(parse_run_delay("1 -5 2"), Nanoseconds(0));
}

TEST(RunDelay, ProcessThatIsGoneCountsAsNone) {
  const os::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));

  EXPECT_EQ(longest_run_delay(proc.get(), {0x3fffffff}), Nanoseconds(0));
  EXPECT_GE(longest_run_delay(proc.get(), {::getpid()}), Nanoseconds(0));
}

TEST(ProcessState, FollowsTheNameWhichMayHoldAnything) {
  EXPECT_EQ(parse_state("42 (python3) S 1 42"), 'S');
  EXPECT_EQ(parse_state("42 (a) R (b) Z 1 42"), 'Z');
  EXPECT_EQ(parse_state("42 (a) "), '\0');
  EXPECT_EQ(parse_state("42 (a"), '\0');
  EXPECT_EQ(parse_state(""), '\0');
}

TEST(StillWaiting, AreThoseThatWereReadyBeforeAndHaveHadNoCpuSince) {
  const Runnable before{{"1/task/1/", "5 9 1"}, {"1/task/2/", "5 9 1"}, {"1/task/3/", "5 9 1"}};
  const Runnable now{{"1/task/1/", "5 9 1"}, {"1/task/2/", "6 9 1"}, {"1/task/4/", "5 9 1"}};

  EXPECT_EQ(still_waiting(before, now), (Runnable{{"1/task/1/", "5 9 1"}}));
}

TEST(RunnableThreads, ThisThreadIsOne) {
  const os::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));

  EXPECT_EQ(runnable_threads(proc.get(), {::getpid()}).size(), 1U);
  EXPECT_FALSE(has_ended(proc.get(), ::getpid()));
}

}  // namespace
}  // namespace farm::sandbox
