#include "producer/command/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "producer/command/replay_diff.h"

namespace farm::command {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

EvaluationResult result_of(Verdict verdict, const std::vector<Verdict>& cases) {
  EvaluationResult result;
  result.request_id = "a";
  result.verdict = verdict;
  result.integrity = Integrity::kIsolated;
  result.total = static_cast<std::int64_t>(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CaseResult one;
    one.index = static_cast<std::int64_t>(i);
    one.verdict = cases[i];
    one.exit_code = 0;
    result.passed += cases[i] == Verdict::kAccepted ? 1 : 0;
    result.cases.push_back(one);
  }
  return result;
}

std::vector<std::string> fields(const EvaluationResult& first, const EvaluationResult& second) {
  std::vector<std::string> names;
  for (const Difference& difference : differences(first, second)) names.push_back(difference.field);
  return names;
}

TEST(Differences, ThereAreNoneInWhatWasMeasured) {
  const EvaluationResult first = result_of(Verdict::kAccepted, {Verdict::kAccepted});
  EvaluationResult second = first;
  second.request_id = "replay-0";
  second.trainer = "cli-1";
  second.timings = {Milliseconds(1), Milliseconds(2), Milliseconds(3), Milliseconds(4)};
  second.grader = {"other", "2", "sha256:cd"};
  second.isolation = Isolation::kReduced;
  second.warnings = {"hm"};
  second.cases[0].cpu = second.cases[0].wall = second.cases[0].throttled = Milliseconds(5);
  second.cases[0].memory = mib(3);
  second.cases[0].attempts = 2;

  EXPECT_THAT(fields(first, second), IsEmpty());
}

TEST(Differences, AChangedVerdictShowsWithAllThatFollows) {
  const EvaluationResult first =
      result_of(Verdict::kAccepted, {Verdict::kAccepted, Verdict::kAccepted});
  EvaluationResult second =
      result_of(Verdict::kWrongAnswer, {Verdict::kAccepted, Verdict::kWrongAnswer});
  second.cases[1].message = "line 1 differs";
  second.cases[1].stdout_bytes = "8\n";

  const auto found = differences(first, second);

  std::vector<std::string> lines;
  for (const Difference& difference : found) lines.push_back(line_of(difference));
  EXPECT_THAT(lines,
              ElementsAre("  verdict: accepted -> wrong_answer\n", "  score: 1 -> 0.5\n",
                          "  passed: 2 -> 1\n", "  cases[1].verdict: accepted -> wrong_answer\n",
                          "  cases[1].message: (empty) -> line 1 differs\n",
                          "  cases[1].stdout: (empty) -> 8\\n\n"));
}

TEST(Differences, AScoreThatVanishedIsAbsent) {
  const auto found = differences(result_of(Verdict::kAccepted, {Verdict::kAccepted}),
                                 result_of(Verdict::kFarmError, {Verdict::kAccepted}));

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(line_of(found[1]), "  score: 1 -> (absent)\n");
}

TEST(Differences, MillisecondsInMessagesDoNotCountAndOtherNumbersDo) {
  EvaluationResult first = result_of(Verdict::kTimeLimit, {Verdict::kTimeLimit});
  EvaluationResult second = first;
  first.message = first.cases[0].message = "cpu time 1203 ms is above the limit of 1000 ms";
  second.message = second.cases[0].message = "cpu time 1199 ms is above the limit of 1000 ms";
  EXPECT_THAT(fields(first, second), IsEmpty());

  first.message = "exit code 3";
  second.message = "exit code 4";
  EXPECT_THAT(fields(first, second), ElementsAre("message"));
}

TEST(Differences, WhatACaseHadPrintedWhenItWasStoppedIsChance) {
  EvaluationResult first = result_of(Verdict::kTimeLimit, {Verdict::kTimeLimit});
  EvaluationResult second = first;
  first.cases[0].stdout_bytes = "xxx";
  first.cases[0].stdout_total_bytes = 3;
  EXPECT_THAT(fields(first, second), IsEmpty());

  first.cases[0].verdict = second.cases[0].verdict = Verdict::kRuntimeError;
  EXPECT_THAT(fields(first, second), ElementsAre("cases[0].stdout", "cases[0].stdout_bytes"));
}

TEST(Differences, CasesFilesAndBuildsThatOneSideLacksAreNamed) {
  EvaluationResult first = result_of(Verdict::kAccepted, {Verdict::kAccepted});
  EvaluationResult second = first;
  first.cases.clear();
  second.files["out.txt"] = "x";
  second.compile.emplace();

  EXPECT_THAT(fields(first, second), ElementsAre("compile", "cases[0]", "files[\"out.txt\"]"));
}

TEST(Differences, LongTextsAreShownWhereTheyDiffer) {
  const std::string common(1000, 'x');

  const std::string line =
      line_of({"cases[0].stdout", common + "1" + common, common + "2" + common});

  EXPECT_LT(line.size(), 400U);
  EXPECT_THAT(line, HasSubstr("x1x"));
  EXPECT_THAT(line, HasSubstr("x2x"));
}

TEST(Differences, OutputsCannotDriveTheTerminal) {
  const std::string line = line_of({"cases[0].stdout", "\x1b[2J", "\xff\n"});

  EXPECT_EQ(line, "  cases[0].stdout: \\x1b[2J -> \xEF\xBF\xBD\\n\n");
}

BadCase bad_case_of(const std::string& request) {
  BadCase bad_case;
  bad_case.request = request;
  return bad_case;
}

TEST(RequestToReplay, IsTheSameQuestionUnderAnotherNameWithoutDeadlineAndPin) {
  const auto made = request_to_replay(
      bad_case_of(R"({"schema_version":1,"request_id":"step/1","trainer":"run-17","step":3,
        "deadline_unix_ms":1,"environment":"sha256:ab","metadata":{"x":1},
        "submission":{"language":"python","code":"pass"},"limits":{"total_wall_ms":100},
        "evaluation":{"type":"stdin_stdout","cases":[{"stdin":"","stdout":"1"}]}})"),
      "replay-0", "cli-9");

  ASSERT_TRUE(std::holds_alternative<std::string>(made));
  const auto request = decode_request(std::get<std::string>(made));
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->request_id, "replay-0");
  EXPECT_EQ(request->trainer, "cli-9");
  EXPECT_EQ(request->deadline_unix_ms, std::nullopt);
  EXPECT_EQ(request->environment, std::nullopt);
  EXPECT_EQ(request->step, 3);
  EXPECT_EQ(request->limits.total_wall, Milliseconds(100));
  EXPECT_EQ(request->submission.code, "pass");
}

TEST(RequestToReplay, ABodyThatIsNoRequestIsRejectedAsAGraderWould) {
  const auto made =
      request_to_replay(bad_case_of(R"({"schema_version":1,"request_id":"a"})"), "r", "t");

  ASSERT_TRUE(std::holds_alternative<EvaluationResult>(made));
  const auto& refusal = std::get<EvaluationResult>(made);
  EXPECT_EQ(refusal.verdict, Verdict::kRejected);
  EXPECT_EQ(refusal.message,
            decode_request(R"({"schema_version":1,"request_id":"a"})").error().text());
}

}  // namespace
}  // namespace farm::command
