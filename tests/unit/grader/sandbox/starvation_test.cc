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

}  // namespace
}  // namespace farm::sandbox
