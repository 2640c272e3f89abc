#include "grader/sandbox/launch_protocol.h"

#include <gtest/gtest.h>

namespace farm::sandbox {
namespace {

RunSpec full_spec() {
  RunSpec spec;
  spec.commands = {{"/usr/bin/g++", "-o", std::string("a\0b", 3)}, {"./a"}};
  spec.env = {{"A", "1"}, {"B", ""}};
  spec.files = {{"d/x.txt", std::string("\0\xff", 2), true, false}};
  spec.limits.cpu = Milliseconds(1234);
  spec.limits.tmpfs_inodes = 77;
  spec.profile = Profile::kCompile;
  spec.fetch = {"a", "b/c"};
  spec.fetch_limit = mib(3);
  return spec;
}

TEST(LaunchPayload, RoundTripKeepsEveryField) {
  const auto decoded = decode_payload(encode_payload(full_spec()));

  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(encode_payload(*decoded), encode_payload(full_spec()));
  EXPECT_EQ(decoded->commands[0][2], std::string("a\0b", 3));
  EXPECT_EQ(decoded->limits.cpu, Milliseconds(1234));
  EXPECT_TRUE(decoded->files[0].executable);
  EXPECT_FALSE(decoded->files[0].writable);
  EXPECT_EQ(decoded->fetch_limit, mib(3));
}

TEST(LaunchPayload, EveryTruncationIsAnErrorNotACrash) {
  const std::string whole = encode_payload(full_spec());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_payload(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(LaunchPayload, CountThatLiesDoesNotAllocate) {
  const std::int64_t huge = std::int64_t{1} << 60;
  const std::string bytes(reinterpret_cast<const char*>(&huge), sizeof huge);

  EXPECT_FALSE(decode_payload(bytes + std::string(64, '\0')));
}

TEST(LaunchPayload, RunWithoutCommandsIsRefused) {
  EXPECT_FALSE(decode_payload(encode_payload(RunSpec())));
}

}  // namespace
}  // namespace farm::sandbox
