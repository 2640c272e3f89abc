#include "grader/os/unix_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grader/os/files.h"

namespace farm::os {
namespace {

TEST(MessageSocket, CarriesBytesAndDescriptorsTogether) {
  auto pair = make_message_socket_pair();
  ASSERT_TRUE(pair);
  const auto file = make_sealed_memfd("test", "inside");
  ASSERT_TRUE(file);

  ASSERT_TRUE(send_message(pair->first.get(), "hello", {file->get()}));
  auto message = receive_message(pair->second.get());

  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->bytes, "hello");
  ASSERT_EQ((*message)->fds.size(), 1U);
  EXPECT_EQ(*read_all((*message)->fds[0].get(), kib(1), "memfd"), "inside");
}

TEST(MessageSocket, ClosedPeerIsNoMessageAndNoCrash) {
  auto pair = make_message_socket_pair();
  ASSERT_TRUE(pair);
  pair->first.reset();

  const auto message = receive_message(pair->second.get());
  ASSERT_TRUE(message);
  EXPECT_FALSE(*message);
  EXPECT_FALSE(send_message(pair->second.get(), "anyone?"));
}

TEST(MessageSocket, TellsTheSendersPidWhereAsked) {
  auto pair = make_message_socket_pair();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(pass_credentials(pair->second.get()));

  ASSERT_TRUE(send_message(pair->first.get(), "who"));
  const auto message = receive_message(pair->second.get());

  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->sender_pid, ::getpid());
}

TEST(MessageSocket, EmptyQueueIsSaidWithoutWaiting) {
  auto pair = make_message_socket_pair();
  ASSERT_TRUE(pair);

  const auto message = receive_message(pair->second.get(), MSG_DONTWAIT);

  ASSERT_FALSE(message);
  EXPECT_TRUE(message.error().retryable());
}

}  // namespace
}  // namespace farm::os
