#include "producer/command/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "producer/command/exit_codes.h"
#include "producer/command/report_png.h"
#include "producer/command/report_summary.h"

// fontconfig keeps what it has read for the life of the process. Only LeakSanitizer asks for this.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }

namespace farm::command {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

EvaluationResult result_of(Verdict verdict, std::int64_t total_ms = 10,
                           std::optional<std::int64_t> step = {}, const std::string& group = "") {
  EvaluationResult result;
  result.request_id = "request-" + std::to_string(total_ms);
  result.trainer = "run-17";
  result.step = step;
  if (!group.empty()) result.group = group;
  result.verdict = verdict;
  result.integrity = Integrity::kIsolated;
  result.timings.queue = Milliseconds(total_ms / 2);
  result.timings.total = Milliseconds(total_ms);
  return result;
}

CaseResult failed_case(const std::string& message, std::optional<int> exit_code) {
  CaseResult one;
  one.verdict = Verdict::kRuntimeError;
  one.message = message;
  one.exit_code = exit_code;
  return one;
}

std::vector<std::string> keys(const Breakdown& breakdown) {
  std::vector<std::string> names;
  for (const ReportPart& part : breakdown.parts) names.push_back(part.key);
  return names;
}

TEST(Report, CountsVerdictsAndTheMaskedShare) {
  ReportBuilder builder;
  for (int i = 0; i < 6; ++i) builder.add(result_of(Verdict::kAccepted));
  builder.add(result_of(Verdict::kWrongAnswer));
  builder.add(result_of(Verdict::kFarmError));
  builder.add(result_of(Verdict::kRejected));
  builder.add(result_of(Verdict::kExpired));

  const Report report = builder.build({});

  EXPECT_EQ(report.all.tally.total(), 10);
  EXPECT_EQ(report.all.tally.of(Verdict::kAccepted), 6);
  EXPECT_EQ(report.all.tally.masked(), 3);
  EXPECT_THAT(report_text(report), HasSubstr("masked                   3    30.0 %\n"));
  EXPECT_THAT(report_text(report), HasSubstr("  accepted               6    60.0 %\n"));
}

TEST(Report, PercentilesAreValuesThatOccurred) {
  ReportBuilder builder;
  for (int ms = 1; ms <= 100; ++ms) builder.add(result_of(Verdict::kAccepted, ms));

  const Percentiles total = builder.build({}).all.of(Phase::kTotal);

  EXPECT_EQ(total.p50, Milliseconds(50));
  EXPECT_EQ(total.p90, Milliseconds(90));
  EXPECT_EQ(total.p99, Milliseconds(99));
  EXPECT_EQ(total.max, Milliseconds(100));
}

TEST(Report, RefusedRequestsDoNotMakeLatenciesLookGood) {
  ReportBuilder builder;
  builder.add(result_of(Verdict::kAccepted, 1000));
  for (int i = 0; i < 10; ++i) builder.add(result_of(Verdict::kRejected, 0));

  EXPECT_EQ(builder.build({}).all.of(Phase::kTotal).p50, Milliseconds(1000));
}

TEST(Report, SuspiciousExitsAreCountedByKindWithExamples) {
  ReportBuilder builder;
  EvaluationResult sentinel = result_of(Verdict::kAccepted, 1);
  sentinel.integrity = Integrity::kSentinel;
  builder.add(sentinel);
  EvaluationResult unvouched = result_of(Verdict::kAccepted, 2);
  unvouched.integrity = Integrity::kExitStatus;
  builder.add(unvouched);
  EvaluationResult left_early = result_of(Verdict::kRuntimeError, 3);
  left_early.integrity = Integrity::kSentinel;
  left_early.cases = {failed_case("ended before the tests completed", 0)};
  builder.add(left_early);
  EvaluationResult no_value = result_of(Verdict::kRuntimeError, 4);
  no_value.cases = {failed_case("ended without returning a value", std::nullopt),
                    failed_case("ended without returning a value", std::nullopt)};
  builder.add(no_value);
  EvaluationResult honest = result_of(Verdict::kRuntimeError, 5);
  honest.cases = {failed_case("exit code 1", 1)};
  builder.add(honest);
  builder.add(result_of(Verdict::kAccepted, 6));

  const auto suspicions = builder.build({}).suspicions;

  std::vector<std::int64_t> counts;
  for (const Suspicion& suspicion : suspicions) counts.push_back(suspicion.count);
  EXPECT_THAT(counts, ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT(suspicions[0].examples, ElementsAre("request-1"));
  EXPECT_THAT(suspicions[1].examples, ElementsAre("request-2"));
  EXPECT_THAT(suspicions[2].examples, ElementsAre("request-3"));
  EXPECT_THAT(suspicions[3].examples, ElementsAre("request-4"));
  EXPECT_THAT(suspicions[4].examples, ElementsAre("request-3")) << "only that one exited with 0";
}

TEST(Report, StepsComeInOrderAndTheLastOnesAreKept) {
  ReportBuilder builder;
  builder.add(result_of(Verdict::kAccepted));
  for (int step = 30; step > 0; --step) builder.add(result_of(Verdict::kAccepted, 10, step));

  const Report report = builder.build({By::kStep});

  ASSERT_THAT(report.breakdowns, SizeIs(1));
  EXPECT_EQ(report.breakdowns[0].left_out, 11U);
  const auto names = keys(report.breakdowns[0]);
  EXPECT_EQ(names.front(), "11");
  EXPECT_EQ(names.back(), "30");
}

TEST(Report, GroupsComeByTheirSizeAndThoseWithoutOneHaveARow) {
  ReportBuilder builder;
  for (int i = 0; i < 3; ++i) builder.add(result_of(Verdict::kAccepted, 10, {}, "large"));
  builder.add(result_of(Verdict::kTimeLimit, 900, {}, "small"));
  for (int i = 0; i < 2; ++i) builder.add(result_of(Verdict::kAccepted));

  const Report report = builder.build({By::kGroup, By::kTrainer});

  ASSERT_THAT(report.breakdowns, SizeIs(2));
  EXPECT_THAT(keys(report.breakdowns[0]), ElementsAre("large", "-", "small"));
  EXPECT_EQ(report.breakdowns[0].parts[2].of(Phase::kTotal).p99, Milliseconds(900));
  EXPECT_EQ(report.breakdowns[0].parts[2].tally.of(Verdict::kTimeLimit), 1);
  EXPECT_THAT(keys(report.breakdowns[1]), ElementsAre("run-17"));
}

TEST(Report, NamesOfTrainersCannotDriveTheTerminal) {
  ReportBuilder builder;
  builder.add(result_of(Verdict::kAccepted, 10, {}, "\x1b[2J" + std::string(500, 'g')));

  const std::string text = report_text(builder.build({By::kGroup}));

  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr(std::string(100, 'g'))));
}

TEST(Report, OfNothingIsNoFailure) {
  const Report report = ReportBuilder().build({By::kTrainer, By::kStep, By::kGroup});

  EXPECT_EQ(report.all.tally.total(), 0);
  EXPECT_THAT(report_text(report), HasSubstr("results"));
}

TEST(ShortDuration, HasThreeDigits) {
  EXPECT_EQ(short_duration(Milliseconds(0)), "0 ms");
  EXPECT_EQ(short_duration(Milliseconds(999)), "999 ms");
  EXPECT_EQ(short_duration(Milliseconds(1234)), "1.23 s");
  EXPECT_EQ(short_duration(Milliseconds(12'345)), "12.3 s");
  EXPECT_EQ(short_duration(Milliseconds(345'678)), "346 s");
}

class ReportCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "report-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    options_.input = directory_ / "results.jsonl";
    options_.by = {By::kTrainer, By::kStep, By::kGroup};
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string run(int expected_exit_code) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EXPECT_EQ(report(options_), expected_exit_code);
    stderr_ = testing::internal::GetCapturedStderr();
    return testing::internal::GetCapturedStdout();
  }

  std::filesystem::path directory_;
  config::ReportOptions options_;
  std::string stderr_;
};

TEST_F(ReportCommand, ReadsResultsAndNamesWhatIsNone) {
  std::ofstream(options_.input) << encode_result(result_of(Verdict::kAccepted, 10, 3)) << "\n\n{}\n"
                                << encode_result(result_of(Verdict::kTimeLimit, 20, 4));

  const std::string text = run(kExitOk);

  EXPECT_THAT(text, HasSubstr("results                  2\n"));
  EXPECT_THAT(text, HasSubstr("no result                1 lines\n"));
  EXPECT_THAT(stderr_, HasSubstr("line 3 is no result"));
}

TEST_F(ReportCommand, DrawsAPngOfTheSameNumbers) {
  std::ofstream(options_.input) << encode_result(result_of(Verdict::kAccepted, 10, 3)) << '\n';
  options_.png = directory_ / "report.png";

  run(kExitOk);

  std::ifstream file(options_.png, std::ios::binary);
  const std::string png{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(png.size(), 1000U);
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(png.substr(16, 8), std::string("\0\0\x04\xb0\0\0\x03\x84", 8)) << "1200 x 900";
}

TEST_F(ReportCommand, FilesThatCannotBeUsedAreNamed) {
  run(kExitFile);
  EXPECT_THAT(stderr_, HasSubstr("results.jsonl"));

  std::ofstream(options_.input) << "";
  options_.png = directory_ / "missing" / "report.png";
  run(kExitFile);
  EXPECT_THAT(stderr_, HasSubstr("missing/report.png"));
}

}  // namespace
}  // namespace farm::command
