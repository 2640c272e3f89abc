#include "schemas/verdict.h"

#include <gtest/gtest.h>

#include "schemas/result.h"

namespace farm {
namespace {

CaseResult judged(std::int64_t index, Verdict verdict) {
  CaseResult item;
  item.index = index;
  item.verdict = verdict;
  return item;
}

TEST(Verdict, EveryWordReadsBack) {
  for (int i = 0; i <= static_cast<int>(Verdict::kNotRun); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(parse_verdict(word(verdict)), verdict);
    EXPECT_TRUE(parse_fault(word(fault_of(verdict))).has_value());
  }
  EXPECT_EQ(parse_verdict("Accepted"), std::nullopt);
  EXPECT_EQ(parse_verdict(""), std::nullopt);
}

TEST(Verdict, OnlyAcceptedAndNotRunAreNobodysFault) {
  for (int i = 0; i <= static_cast<int>(Verdict::kNotRun); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(fault_of(verdict) == Fault::kNone,
              verdict == Verdict::kAccepted || verdict == Verdict::kNotRun);
  }
}

TEST(Integrity, AndIsolationAreOrderedFromWeakToStrong) {
  EXPECT_LT(*parse_integrity("exit_status"), *parse_integrity("sentinel"));
  EXPECT_LT(*parse_integrity("sentinel"), *parse_integrity("isolated"));
  EXPECT_LT(*parse_isolation("none"), *parse_isolation("reduced"));
  EXPECT_LT(*parse_isolation("reduced"), *parse_isolation("full"));
  EXPECT_EQ(parse_integrity("any"), std::nullopt);
}

TEST(VerdictOfCases, AllAcceptedIsAccepted) {
  EXPECT_EQ(verdict_of_cases({judged(0, Verdict::kAccepted), judged(1, Verdict::kAccepted)}),
            Verdict::kAccepted);
}

TEST(VerdictOfCases, NoTestsIsNeverAPass) {
  EXPECT_EQ(verdict_of_cases({}), Verdict::kFarmError);
  EXPECT_EQ(verdict_of_cases({judged(0, Verdict::kNotRun)}), Verdict::kFarmError);
}

TEST(VerdictOfCases, TheFirstFailureByIndexCountsWhateverTheOrderOfTheList) {
  EXPECT_EQ(verdict_of_cases({judged(2, Verdict::kTimeLimit), judged(0, Verdict::kAccepted),
                              judged(1, Verdict::kWrongAnswer), judged(3, Verdict::kNotRun)}),
            Verdict::kWrongAnswer);
}

TEST(VerdictOfCases, AnyFarmErrorMakesTheWholeAFarmError) {
  EXPECT_EQ(verdict_of_cases({judged(0, Verdict::kWrongAnswer), judged(1, Verdict::kFarmError)}),
            Verdict::kFarmError);
}

TEST(VerdictOfCases, NotRunDoesNotHideThatTheRestWasAccepted) {
  EXPECT_EQ(verdict_of_cases({judged(0, Verdict::kAccepted), judged(1, Verdict::kNotRun)}),
            Verdict::kAccepted);
}

TEST(Score, IsTheShareOfCasesPassed) {
  EvaluationResult result;
  result.verdict = Verdict::kWrongAnswer;
  result.passed = 1;
  result.total = 4;
  EXPECT_EQ(result.score(), 0.25);
}

TEST(Score, IsAbsentWhereTheSubmissionIsNotToBlame) {
  EvaluationResult result;
  result.passed = 1;
  result.total = 4;
  for (const Verdict verdict :
       {Verdict::kRejected, Verdict::kExpired, Verdict::kCancelled, Verdict::kFarmError}) {
    result.verdict = verdict;
    EXPECT_EQ(result.score(), std::nullopt) << word(verdict);
  }
  result.verdict = Verdict::kAccepted;
  result.total = 0;
  EXPECT_EQ(result.score(), std::nullopt);
}

}  // namespace
}  // namespace farm
