#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "grader/config/config.h"
#include "tests/support/paths.h"

namespace farm::config {
namespace {

using testing::ElementsAre;

Invocation invocation_here() {
  const std::array argv = {"program", "--workers", "3"};
  return invocation_of_process(static_cast<int>(argv.size()), argv.data());
}

TEST(InvocationOfProcess, LeavesOutTheProgramsName) {
  EXPECT_THAT(invocation_here().arguments, ElementsAre("--workers", "3"));
}

TEST(InvocationOfProcess, SeesTheEnvironment) {
  ASSERT_EQ(setenv("GRADEFARM_TESTED", "a=b", 1), 0);

  EXPECT_EQ(invocation_here().environment["GRADEFARM_TESTED"], "a=b");
}

TEST(InvocationOfProcess, CountsAtLeastOneCpuAndNoMoreThanTheHostHas) {
  EXPECT_GE(invocation_here().cpus, 1);
  EXPECT_LE(invocation_here().cpus, sysconf(_SC_NPROCESSORS_CONF));
}

TEST(InvocationOfProcess, KnowsWhereTheProgramIs) {
  EXPECT_EQ(access((invocation_here().program_directory + "/config_test").c_str(), X_OK), 0);
}

TEST(InvocationOfProcess, ReadsFilesAndSaysWhyNot) {
  const Invocation invocation = invocation_here();

  EXPECT_TRUE(invocation.read_file(test::source_dir() / "grader/config/CONFIGURATION.md"));
  EXPECT_EQ(invocation.read_file("/nonexistent/farm.toml").error().sys_errno, ENOENT);
  EXPECT_EQ(invocation.read_file("/").error().sys_errno, EISDIR);
}

}  // namespace
}  // namespace farm::config
