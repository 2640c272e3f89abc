#include "grader/os/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace farm::os {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }
int some_fd() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFd, ClosesWhatItOwns) {
  const int raw = some_fd();
  { const UniqueFd fd(raw); }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, MovedFromOwnsNothing) {
  UniqueFd from(some_fd());
  const int raw = from.get();
  const UniqueFd to(std::move(from));

  EXPECT_EQ(from.get(), -1);  // NOLINT: the moved-from state is the subject
  EXPECT_EQ(to.get(), raw);
  EXPECT_TRUE(is_open(raw));
}

TEST(UniqueFd, MoveAssignmentClosesTheOldOneAndSurvivesItself) {
  UniqueFd fd(some_fd());
  const int old = fd.get();
  fd = UniqueFd(::dup(old));
  EXPECT_FALSE(is_open(old));

  UniqueFd& alias = fd;
  fd = std::move(alias);
  EXPECT_TRUE(is_open(fd.get()));
}

}  // namespace
}  // namespace farm::os
