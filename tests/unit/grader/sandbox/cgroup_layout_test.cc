#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grader/sandbox/cgroup.h"

namespace farm::sandbox {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kV1Mounts =
    "30 29 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "31 29 0:27 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "33 29 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "37 29 0:33 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "39 29 0:35 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr std::string_view kV1Self = "8:pids:/\n4:memory:/jobs/7\n2:cpuacct:/\n1:cpu:/\n0::/\n";

TEST(CgroupLayout, V1GroupsAreFoundBelowTheirOwnMounts) {
  const auto layout = parse_cgroup_layout(kV1Self, kV1Mounts, "hugetlb");

  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->version, 1);
  ASSERT_EQ(layout->hierarchies.size(), 4U);
  EXPECT_EQ(layout->hierarchies[0].controller, "memory");
  EXPECT_EQ(layout->hierarchies[0].directory, "/sys/fs/cgroup/memory/jobs/7");
  EXPECT_EQ(layout->hierarchies[1].directory, "/sys/fs/cgroup/pids");
}

TEST(CgroupLayout, CpuAndCpuacctMayShareAMount) {
  const auto layout =
      parse_cgroup_layout("3:cpu,cpuacct:/a\n2:memory:/a\n1:pids:/a\n",
                          "30 29 0:26 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                          "33 29 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n"
                          "37 29 0:33 / /cg/pids rw - cgroup cgroup rw,pids\n",
                          "");

  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->hierarchies[2].directory, "/cg/cpu,cpuacct/a");
  EXPECT_EQ(layout->hierarchies[3].directory, "/cg/cpu,cpuacct/a");
}

TEST(CgroupLayout, V2IsPreferredWhereItOffersWhatWeNeed) {
  const auto layout = parse_cgroup_layout(
      "0::/system.slice/farm.service\n",
      "25 1 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
      "cpuset cpu io memory pids\n");

  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->version, 2);
  EXPECT_EQ(layout->hierarchies[0].directory, "/sys/fs/cgroup/system.slice/farm.service");
}

TEST(CgroupLayout, MountThatShowsOnlyAPartIsResolvedBelowItsRoot) {
  const auto layout = parse_cgroup_layout(
      "0::/docker/abc/farm\n", "25 1 0:22 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      "cpu memory pids\n");

  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->hierarchies[0].directory, "/sys/fs/cgroup/farm");
}

TEST(CgroupLayout, MissingControllerIsNamedWithTheRemedy) {
  const auto layout =
      parse_cgroup_layout("1:cpu:/\n", "30 29 0:26 / /cg/cpu rw - cgroup cgroup rw,cpu\n", "");

  ASSERT_FALSE(layout);
  EXPECT_THAT(layout.error().what, HasSubstr("'memory'"));
  EXPECT_THAT(layout.error().what, HasSubstr("Delegate=yes"));
}

}  // namespace
}  // namespace farm::sandbox
