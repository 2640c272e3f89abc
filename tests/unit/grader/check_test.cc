#include "grader/check.h"

#include <gmock/gmock.h>
#include <sys/timex.h>

#include "grader/sandbox/probe.h"

namespace farm::grader {
namespace {

using testing::HasSubstr;

TEST(JudgeMemory, SlotsThatShareTooLittleAreFailing) {
  const CheckLine line = judge_memory(gib(4), 16, mib(230), gib(4));
  EXPECT_EQ(line.state, CheckState::kFailing);
  EXPECT_THAT(line.detail, HasSubstr("4096 MiB for 16 slots: each may use 230 MiB"));
  EXPECT_THAT(line.remedy, HasSubstr("--workers"));
}

TEST(JudgeMemory, CutBelowTheConfiguredMaximumIsSaid) {
  const CheckLine cut = judge_memory(gib(8), 4, mib(1843), gib(4));
  EXPECT_EQ(cut.state, CheckState::kReady);
  EXPECT_THAT(cut.detail, HasSubstr("not the 4096 MiB of --max-memory"));
  EXPECT_EQ(judge_memory(gib(64), 4, gib(4), gib(4)).state, CheckState::kReady);
}

TEST(JudgeCorePattern, PipedDumpsAreAWarning) {
  EXPECT_EQ(judge_core_pattern("core").state, CheckState::kReady);
  const CheckLine piped = judge_core_pattern("|/usr/share/apport/apport %p");
  EXPECT_EQ(piped.state, CheckState::kMissing);
  EXPECT_FALSE(piped.blocks());
  EXPECT_THAT(piped.detail, HasSubstr("/usr/share/apport/apport"));
}

TEST(JudgeOvercommit, StrictAccountingBlocks) {
  EXPECT_EQ(judge_overcommit("0").state, CheckState::kReady);
  EXPECT_EQ(judge_overcommit("1").state, CheckState::kReady);
  EXPECT_TRUE(judge_overcommit("2").blocks());
}

TEST(JudgeClock, OneThatNobodySynchronisesIsAWarning) {
  EXPECT_EQ(judge_clock(TIME_OK, 2'000).detail, "synchronised, estimated error 2 ms");
  EXPECT_EQ(judge_clock(TIME_ERROR, 0).state, CheckState::kMissing);
  EXPECT_FALSE(judge_clock(TIME_ERROR, 0).blocks());
  EXPECT_FALSE(judge_clock(-1, 0).blocks());
}

// What needs no privileges works for everybody on a kernel that can run the farm at all.
TEST(KernelProbes, TryEachFeatureOnce) {
  const auto probes = sandbox::probe_kernel(Isolation::kFull);
  ASSERT_GT(probes.size(), 10U);
  for (const auto& probe : probes) {
    const bool for_everybody = probe.feature == "pidfd" || probe.feature == "close_range" ||
                               probe.feature == "seccomp filter";
    EXPECT_TRUE(!for_everybody || probe.error == 0) << probe.feature;
  }
}

}  // namespace
}  // namespace farm::grader
