#include "grader/sandbox/out_of_memory.h"

#include <gtest/gtest.h>

#include "grader/sandbox/root_fs.h"

namespace farm::sandbox {
namespace {

TEST(OutOfMemoryV1, EventOfTheRunAloneIsItsOwnLimit) {
  EXPECT_EQ(out_of_memory_v1(true, false, 1), OutOfMemory::kOwnLimit);
  EXPECT_EQ(out_of_memory_v1(true, false, 0), OutOfMemory::kOwnLimit) << "the kill comes later";
}

TEST(OutOfMemoryV1, EventThatTheParentHeardTooIsFromAbove) {
  EXPECT_EQ(out_of_memory_v1(true, true, 1), OutOfMemory::kKilledAbove);
  EXPECT_EQ(out_of_memory_v1(true, true, 0), OutOfMemory::kAbove) << "a neighbour was the victim";
}

TEST(OutOfMemoryV1, KillWithoutAnyEventIsTheHosts) {
  EXPECT_EQ(out_of_memory_v1(false, false, 1), OutOfMemory::kKilledAbove);
  EXPECT_EQ(out_of_memory_v1(false, false, 0), OutOfMemory::kNo);
}

TEST(OutOfMemoryV2, KillWithoutAnOwnShortageIsFromAbove) {
  EXPECT_EQ(out_of_memory_v2(1, 2), OutOfMemory::kOwnLimit);
  EXPECT_EQ(out_of_memory_v2(0, 2), OutOfMemory::kKilledAbove);
  EXPECT_EQ(out_of_memory_v2(0, 0), OutOfMemory::kNo);
}

TEST(OutOfMemoryOfHost, AnyKillMeanwhileMayHaveBeenOurs) {
  EXPECT_EQ(out_of_memory_of_host(7, 8), OutOfMemory::kKilledAbove);
  EXPECT_EQ(out_of_memory_of_host(7, 7), OutOfMemory::kNo);
  EXPECT_EQ(oom_kills_of_host("pgmajfault 3\noom_kill 248\noom_kill_other 9\n"), 248);
  EXPECT_EQ(oom_kills_of_host("pgmajfault 3\n"), 0);
}

TEST(OutOfMemory, ShortageAboveSpoilsWhatDidNotEndWellAndEveryRunWithAVictim) {
  EXPECT_TRUE(spoils_run(OutOfMemory::kKilledAbove, true)) << "a child may be what was killed";
  EXPECT_TRUE(spoils_run(OutOfMemory::kAbove, false));
  EXPECT_FALSE(spoils_run(OutOfMemory::kAbove, true));
  EXPECT_FALSE(spoils_run(OutOfMemory::kOwnLimit, false));
  EXPECT_FALSE(spoils_run(OutOfMemory::kNo, false));
}

TEST(ForksDenied, BelowTheOwnLimitItWasAParentGroup) {
  EXPECT_TRUE(forks_were_denied_above("max 3\n", 17, 64));
  EXPECT_FALSE(forks_were_denied_above("max 3\n", 64, 64)) << "the run's own limit";
  EXPECT_FALSE(forks_were_denied_above("max 0\n", 17, 64));
  EXPECT_FALSE(forks_were_denied_above("max 3\n", 0, 64)) << "no peak is told";
}

TEST(WorkTree, NoSpaceIsTheRequestsFaultWhereItsLimitsAreUsedUp) {
  struct statvfs space {};
  space.f_bfree = 3;
  space.f_ffree = 3;
  EXPECT_FALSE(has_met_its_limits(space)) << "the host had no memory for it";
  space.f_bfree = 0;
  EXPECT_TRUE(has_met_its_limits(space));
  space.f_bfree = 3;
  space.f_ffree = 0;
  EXPECT_TRUE(has_met_its_limits(space));
}

}  // namespace
}  // namespace farm::sandbox
