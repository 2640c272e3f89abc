#include "grader/sandbox/seccomp.h"

#include <gtest/gtest.h>

namespace farm::sandbox {
namespace {

TEST(SyscallFilter, IsBuiltForEveryProfileWithinTheKernelsSize) {
  for (const Profile profile : {Profile::kNative, Profile::kManaged, Profile::kCompile}) {
    const auto filter = build_filter(profile);

    ASSERT_TRUE(filter) << filter.error().text();
    EXPECT_GT(filter->program.size(), 100U);
    EXPECT_LE(filter->program.size(), 4096U);
  }
}

TEST(SyscallFilter, OnlyManagedRuntimesGetNetlink) {
  EXPECT_NE(build_filter(Profile::kManaged)->program.size(),
            build_filter(Profile::kNative)->program.size());
}

}  // namespace
}  // namespace farm::sandbox
