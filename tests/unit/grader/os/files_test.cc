#include "grader/os/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace farm::os {
namespace {

TEST(SealedMemfd, HoldsItsContentAndCannotBeChanged) {
  const auto fd = make_sealed_memfd("test", "content");
  ASSERT_TRUE(fd);

  EXPECT_EQ(*read_all(fd->get(), kib(1), "memfd"), "content");
  EXPECT_EQ(::pwrite(fd->get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd->get(), 100), -1);
}

TEST(ReadFile, RefusesMoreThanItsBound) {
  const auto fd = make_sealed_memfd("test", std::string(100, 'x'));
  ASSERT_TRUE(fd);

  const auto content = read_all(fd->get(), Bytes{99}, "memfd");

  ASSERT_FALSE(content);
  EXPECT_NE(content.error().what.find("99"), std::string::npos);
}

TEST(ReadFile, ErrorNamesTheFileAndTheReason) {
  const auto content = read_file("/no/such/file");

  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().text(), "open /no/such/file: No such file or directory");
}

TEST(EventFd, IsReadableFromSignalToClear) {
  const auto event = make_event_fd();
  ASSERT_TRUE(event);
  pollfd readable{event->get(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);

  signal_event(event->get());
  signal_event(event->get());
  EXPECT_EQ(::poll(&readable, 1, 0), 1);

  clear_event(event->get());
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
}

}  // namespace
}  // namespace farm::os
