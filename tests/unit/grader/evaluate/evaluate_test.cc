// evaluate() on scripted outcomes: one request, one result, whatever happens below.
#include "grader/evaluate/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/grader/evaluate/requests.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::FakeSandbox;
using farm::testing::killed;
using sandbox::Ending;
using sandbox::RunOutcome;
using sandbox::RunSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EvaluationRequest two_cases() {
  return request_of("python", "…", io_cases({{"1", "one"}, {"2", "two"}}));
}

RunOutcome with_channel(RunOutcome outcome, std::string channel) {
  outcome.channel_bytes = std::move(channel);
  return outcome;
}

std::vector<Verdict> verdicts(const EvaluationResult& result) {
  std::vector<Verdict> list;
  for (const CaseResult& one : result.cases) list.push_back(one.verdict);
  return list;
}

TEST(Evaluate, AcceptsWhenEveryCaseIsRight) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "one\n")).then(exited(0, "two\n"));

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.passed, 2);
  EXPECT_EQ(result.total, 2);
  EXPECT_FALSE(result.stopped_early);
  EXPECT_EQ(result.integrity, Integrity::kIsolated);
  EXPECT_EQ(result.isolation, Isolation::kFull);
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(result.request_id, "r-1");
  EXPECT_EQ(result.metadata_json, R"({"k":1})");
  EXPECT_EQ(sandbox.specs()[1].stdin_bytes, "2");
}

TEST(Evaluate, StopsAfterTheFirstWrongCaseAndSaysWhich) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "one")).then(exited(0, "three"));
  EvaluationRequest request = two_cases();
  std::get<StdinStdout>(request.evaluation).cases.push_back({"3", "three"});

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_THAT(verdicts(result),
              ElementsAre(Verdict::kAccepted, Verdict::kWrongAnswer, Verdict::kNotRun));
  EXPECT_TRUE(result.stopped_early);
  EXPECT_THAT(result.message, HasSubstr("case 1: "));
  EXPECT_EQ(result.total, 3);
  EXPECT_EQ(result.passed, 1);
}

TEST(Evaluate, RunsAllCasesWhereThePolicySaysSo) {
  FakeSandbox sandbox;
  sandbox.then(exited(3)).then(exited(0, "two"));
  EvaluationRequest request = two_cases();
  request.policy.run_all_cases = true;

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_THAT(verdicts(result), ElementsAre(Verdict::kRuntimeError, Verdict::kAccepted));
  EXPECT_FALSE(result.stopped_early);
  EXPECT_EQ(result.passed, 1);
}

TEST(Evaluate, RightOutputWithANonZeroExitIsARuntimeError) {
  FakeSandbox sandbox;
  sandbox.then(exited(1, "one", "Traceback\nValueError: x\n"));

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_EQ(result.cases[0].message, "exit code 1: \"ValueError: x\"");
  EXPECT_EQ(result.cases[0].exit_code, 1);
}

TEST(Evaluate, JudgesAllOutputAndReturnsHeadAndTail) {
  const std::string long_output = "begin" + std::string(10'000, 'x') + "end";
  FakeSandbox sandbox;
  sandbox.then(exited(0, long_output));
  EvaluationRequest request = request_of("python", "…", io_cases({{"", long_output}}));
  request.limits.return_output = Bytes{400};

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_LE(result.cases[0].stdout_bytes.size(), 400u);
  EXPECT_TRUE(result.cases[0].stdout_bytes.starts_with("beginx"));
  EXPECT_TRUE(result.cases[0].stdout_bytes.ends_with("xend"));
  EXPECT_TRUE(result.cases[0].truncated);
  EXPECT_EQ(result.cases[0].stdout_total_bytes, 10'008);
}

TEST(Evaluate, ARequestThatAsksForTooMuchIsRejectedWithoutARun) {
  FakeSandbox sandbox;
  EvaluationRequest request = two_cases();
  request.limits.memory = gib(64);

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_THAT(result.message, HasSubstr("/limits/memory_bytes"));
  EXPECT_EQ(result.request_id, "r-1");
  EXPECT_THAT(sandbox.specs(), IsEmpty());
}

TEST(Evaluate, AnEmptyListOfCasesIsRejected) {
  FakeSandbox sandbox;

  const EvaluationResult result =
      evaluate(request_of("python", "…", StdinStdout{}), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRejected);
}

TEST(Evaluate, ACompletionWithoutAProgramIsACompileErrorOfTheSubmission) {
  FakeSandbox sandbox;
  EvaluationRequest request = two_cases();
  request.submission.code.reset();
  request.submission.completion = "Sorry.\n```rust\nfn main() {}\n```\n";

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_THAT(verdicts(result), ElementsAre(Verdict::kNotRun, Verdict::kNotRun));
  EXPECT_EQ(result.total, 2);
  EXPECT_THAT(sandbox.specs(), IsEmpty());
}

// ---- the farm's failures

TEST(Evaluate, ARetryableFailureOfTheFarmIsTriedAgain) {
  FakeSandbox sandbox;
  sandbox.then(exhausted("fork"))
      .then(unavailable("launcher died"))
      .then(exited(0, "one"))
      .then(exited(0, "two"));

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.cases[0].attempts, 3);
  EXPECT_EQ(result.cases[1].attempts, 1);
}

TEST(Evaluate, ThreeFailuresOfTheFarmAreAFarmErrorAndNeverAScore) {
  FakeSandbox sandbox;
  sandbox.always([](const RunSpec&) -> Expected<RunOutcome> { return exhausted("fork"); });

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_EQ(result.fault(), Fault::kFarm);
  EXPECT_EQ(result.score(), std::nullopt);
  EXPECT_THAT(result.message, HasSubstr("case 0: fork"));
  EXPECT_EQ(sandbox.specs().size(), 3u);
}

TEST(Evaluate, ABrokenFarmIsNotTriedAgain) {
  FakeSandbox sandbox;
  sandbox.then(internal_error("mount"));

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_EQ(sandbox.specs().size(), 1u);
}

TEST(Evaluate, AStarvedRunIsTriedAgainAndNotJudged) {
  FakeSandbox sandbox;
  sandbox.then(killed(Ending::kStarved)).then(exited(0, "one")).then(exited(0, "two"));

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.cases[0].attempts, 2);
}

TEST(Evaluate, ARunThatIsAlwaysStarvedIsAFarmError) {
  FakeSandbox sandbox;
  sandbox.always([](const RunSpec&) { return killed(Ending::kStarved); });

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_EQ(sandbox.specs().size(), 3u);
}

TEST(Evaluate, LessIsolationThanPromisedIsAFarmError) {
  FakeSandbox sandbox;
  RunOutcome weak = exited(0, "one");
  weak.isolation = Isolation::kNone;
  sandbox.then(weak);

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kFarmError);
  EXPECT_THAT(result.message, HasSubstr("isolation 'none'"));
}

TEST(Evaluate, TheResultTellsTheWeakestIsolationOfAllRuns) {
  FakeSandbox sandbox;
  RunOutcome weak = exited(0, "one");
  weak.isolation = Isolation::kReduced;
  sandbox.then(weak).then(exited(0, "two"));

  EXPECT_EQ(evaluate(two_cases(), tools_with(sandbox)).isolation, Isolation::kReduced);
}

// ---- limits

TEST(Evaluate, ARunSlightlyAboveItsTimeLimitIsConfirmedByAnother) {
  FakeSandbox sandbox;
  RunOutcome slow = exited(0, "one");
  slow.cpu = std::chrono::milliseconds(1100);
  sandbox.then(slow).then(exited(0, "one")).then(exited(0, "two"));
  EvaluationRequest request = two_cases();
  request.limits.run_cpu = Milliseconds(1000);

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.cases[0].attempts, 2);
}

TEST(Evaluate, ARunThatIsTwiceAboveItsTimeLimitIsATimeLimit) {
  FakeSandbox sandbox;
  RunOutcome slow = exited(0, "one");
  slow.cpu = std::chrono::milliseconds(1100);
  sandbox.then(slow).then(slow);
  EvaluationRequest request = two_cases();
  request.limits.run_cpu = Milliseconds(1000);

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kTimeLimit);
  EXPECT_EQ(result.cases[0].attempts, 2);
  EXPECT_THAT(result.message, HasSubstr("CPU time 1100 ms is above the limit of 1000 ms"));
}

TEST(Evaluate, ARunThatWasKilledAtItsTimeLimitNeedsNoConfirmation) {
  FakeSandbox sandbox;
  sandbox.then(killed(Ending::kWallLimit));

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kTimeLimit);
  EXPECT_EQ(result.cases[0].attempts, 1);
}

TEST(Evaluate, AnOutOfMemoryKillIsConfirmedByAnotherRun) {
  FakeSandbox sandbox;
  RunOutcome oom = killed(Ending::kByItself);
  oom.out_of_memory = true;
  sandbox.then(oom).then(oom);

  const EvaluationResult result = evaluate(two_cases(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kMemoryLimit);
  EXPECT_EQ(result.cases[0].attempts, 2);
}

TEST(Evaluate, ARunTimeThatSaysThatItsHeapIsFullHasMetTheMemoryLimit) {
  LanguageDefinition language = python_language();
  language.out_of_memory = "HeapIsFull";
  const auto languages = languages::Registry::create({language}).value();
  const RunOutcome full = exited(1, "", "Exception: HeapIsFull: 512 MiB\n");
  FakeSandbox sandbox;
  sandbox.then(full).then(full);
  Tools tools = tools_with(sandbox);
  tools.settings.languages = &languages;

  EXPECT_EQ(evaluate(two_cases(), tools).verdict, Verdict::kMemoryLimit);
}

TEST(Evaluate, AProgramThatOnlySpeaksOfAFullHeapIsJudgedByItsOutput) {
  LanguageDefinition language = python_language();
  language.out_of_memory = "HeapIsFull";
  const auto languages = languages::Registry::create({language}).value();
  FakeSandbox sandbox;
  sandbox.always([](const RunSpec&) { return exited(0, "one", "HeapIsFull"); });
  Tools tools = tools_with(sandbox);
  tools.settings.languages = &languages;
  const EvaluationRequest request = request_of("python", "…", io_cases({{"", "one"}}));

  EXPECT_EQ(evaluate(request, tools).verdict, Verdict::kAccepted);
}

// ---- stopping

TEST(Evaluate, CasesThatTotalWallKeptFromStartingDoNotPass) {
  FakeSandbox sandbox;
  SteadyTime now{};
  sandbox.always([&](const RunSpec&) {
    now += std::chrono::seconds(6);
    return exited(0, "one");
  });
  Tools tools = tools_with(sandbox);
  tools.now = [&] { return now; };
  EvaluationRequest request =
      request_of("python", "…", io_cases({{"", "one"}, {"", "one"}, {"", "one"}}));
  request.limits.total_wall = Milliseconds(10'000);

  const EvaluationResult result = evaluate(request, tools);

  EXPECT_EQ(result.verdict, Verdict::kTimeLimit);
  EXPECT_THAT(verdicts(result),
              ElementsAre(Verdict::kAccepted, Verdict::kAccepted, Verdict::kNotRun));
  EXPECT_TRUE(result.stopped_early);
  EXPECT_EQ(result.message, "total_wall_ms 10000 ended after 2 of 3 cases");
  EXPECT_EQ(result.passed, 2);
  EXPECT_EQ(result.timings.total, Milliseconds(12'000));
}

TEST(Evaluate, AWrongCaseBeforeTotalWallEndsDecidesTheVerdict) {
  FakeSandbox sandbox;
  SteadyTime now{};
  sandbox.always([&](const RunSpec&) {
    now += std::chrono::seconds(6);
    return exited(0, "wrong");
  });
  Tools tools = tools_with(sandbox);
  tools.now = [&] { return now; };
  EvaluationRequest request =
      request_of("python", "…", io_cases({{"", "one"}, {"", "one"}, {"", "one"}}));
  request.limits.total_wall = Milliseconds(10'000);
  request.policy.run_all_cases = true;

  EXPECT_EQ(evaluate(request, tools).verdict, Verdict::kWrongAnswer);
}

TEST(Evaluate, ACancelledRequestStopsBeforeTheNextCase) {
  FakeSandbox sandbox;
  std::atomic<bool> cancelled = false;
  sandbox.always([&](const RunSpec&) {
    cancelled = true;
    return exited(0, "one");
  });
  Tools tools = tools_with(sandbox);
  tools.cancelled = &cancelled;

  const EvaluationResult result = evaluate(two_cases(), tools);

  EXPECT_EQ(result.verdict, Verdict::kCancelled);
  EXPECT_EQ(sandbox.specs().size(), 1u);
}

TEST(Evaluate, ARunThatTheSandboxCancelledCancelsTheRequest) {
  FakeSandbox sandbox;
  sandbox.then(killed(Ending::kCancelled));

  EXPECT_EQ(evaluate(two_cases(), tools_with(sandbox)).verdict, Verdict::kCancelled);
}

// ---- compiling

EvaluationRequest compiled_request() {
  return request_of("cpp", "int main() {}", io_cases({{"", ""}}));
}

RunOutcome with_product(std::string content) {
  RunOutcome outcome = exited(0);
  outcome.files["program"].content = std::move(content);
  return outcome;
}

TEST(Evaluate, TheProductOfTheCompilerIsPlacedForEveryCase) {
  FakeSandbox sandbox;
  sandbox.then(with_product("ELF")).then(exited(0));

  const EvaluationResult result = evaluate(compiled_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  ASSERT_TRUE(result.compile);
  EXPECT_EQ(result.compile->verdict, Verdict::kAccepted);
  ASSERT_EQ(sandbox.specs().size(), 2u);
  EXPECT_EQ(sandbox.specs()[0].profile, sandbox::Profile::kCompile);
  EXPECT_EQ(file_of(sandbox.specs()[1], "program"), "ELF");
  EXPECT_THAT(sandbox.specs()[1].commands, ElementsAre(ElementsAre("./program")));
}

TEST(Evaluate, DiagnosticsOfTheCompilerAreACompileError) {
  FakeSandbox sandbox;
  sandbox.then(exited(1, "", "main.cpp:1: error: no\n"));

  const EvaluationResult result = evaluate(compiled_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_EQ(result.compile->verdict, Verdict::kCompileError);
  EXPECT_EQ(result.compile->stderr_bytes, "main.cpp:1: error: no\n");
  EXPECT_EQ(result.compile->exit_code, 1);
  EXPECT_THAT(verdicts(result), ElementsAre(Verdict::kNotRun));
}

TEST(Evaluate, ACompilerThatHitsItsLimitIsACompileErrorWithTheReason) {
  FakeSandbox sandbox;
  sandbox.then(killed(Ending::kCpuLimit));

  const EvaluationResult result = evaluate(compiled_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_THAT(result.message, HasSubstr("compiling: CPU time"));
}

TEST(Evaluate, ACompilerThatLeavesNoProductIsACompileError) {
  FakeSandbox sandbox;
  sandbox.then(exited(0));

  const EvaluationResult result = evaluate(compiled_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_EQ(result.message, "the compiler produced no program");
}

TEST(Evaluate, AProductLargerThanTheWorkDirectoryIsACompileError) {
  FakeSandbox sandbox;
  sandbox.then(with_product(std::string(100'000, 'x')));
  EvaluationRequest request = compiled_request();
  request.limits.tmpfs = kib(64);

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_THAT(result.message, HasSubstr("tmpfs_bytes is 65536"));
}

TEST(Evaluate, AProductThatAFileIsInTheWayOfIsACompileError) {
  FakeSandbox sandbox;
  sandbox.then(with_product("elf"));
  EvaluationRequest request = compiled_request();
  request.submission.files["program/data.txt"] = "1";

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_THAT(result.message, HasSubstr("program/data.txt exclude each other"));
}

TEST(Evaluate, AFarmThatCannotRunTheCompilerIsAFarmError) {
  FakeSandbox sandbox;
  sandbox.then(internal_error("mount"));

  EXPECT_EQ(evaluate(compiled_request(), tools_with(sandbox)).verdict, Verdict::kFarmError);
}

// ---- function_call

EvaluationRequest add_request() {
  return request_of("python", "…", add_cases({{{integer(1), integer(2)}, integer(3)}}));
}

TEST(Evaluate, TheReturnValueIsComparedOutside) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(0, "debug print"), "3"));

  const EvaluationResult result = evaluate(add_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  ASSERT_TRUE(result.cases[0].actual);
  EXPECT_EQ(std::get<std::int64_t>(result.cases[0].actual->data), 3);
}

TEST(Evaluate, TheExpectedValueNeverEntersTheSandbox) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(0), "1"));
  const EvaluationRequest request =
      request_of("python", "…", add_cases({{{integer(1)}, Value{std::string("SECRET-EXPECTED")}}}));

  (void)evaluate(request, tools_with(sandbox));

  const RunSpec& spec = sandbox.specs().at(0);
  EXPECT_THAT(spec.channel_input, ::testing::Not(HasSubstr("SECRET-EXPECTED")));
  EXPECT_THAT(spec.stdin_bytes, IsEmpty());
  for (const sandbox::InputFile& file : spec.files)
    EXPECT_THAT(file.content, ::testing::Not(HasSubstr("SECRET-EXPECTED")));
}

TEST(Evaluate, AWrongReturnValueIsShownBesideTheExpectedOne) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(0), "4"));

  const EvaluationResult result = evaluate(add_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_THAT(result.message, HasSubstr("3"));
  EXPECT_THAT(result.message, HasSubstr("4"));
}

TEST(Evaluate, AnExitWithoutAValueIsARuntimeError) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "3"));

  const EvaluationResult result = evaluate(add_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_EQ(result.message, "ended without returning a value");
}

TEST(Evaluate, AChannelThatHoldsNoValueIsARuntimeErrorOfTheSubmission) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(0), "3 3"));

  EXPECT_EQ(evaluate(add_request(), tools_with(sandbox)).verdict, Verdict::kRuntimeError);
}

TEST(Evaluate, AnObjectWithoutAValueFormIsNeverRight) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(0), R"({"$type":"Liar"})"));

  EXPECT_EQ(evaluate(add_request(), tools_with(sandbox)).verdict, Verdict::kWrongAnswer);
}

// ---- assert

EvaluationRequest assert_request() {
  return request_of("python", "…", assert_tests("assert add(1, 2) == 3"));
}

std::string token_of(const RunSpec& spec) {
  return spec.channel_input.substr(0, spec.channel_input.find('\n'));
}

TEST(Evaluate, TheCompletionTokenOfThisRunIsAccepted) {
  FakeSandbox sandbox;
  sandbox.then(
      [](const RunSpec& spec) { return with_channel(exited(0), "passed " + token_of(spec)); });

  const EvaluationResult result = evaluate(assert_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.integrity, Integrity::kSentinel);
  EXPECT_EQ(token_of(sandbox.specs()[0]).size(), 32u);
}

TEST(Evaluate, EveryRunHasItsOwnCompletionToken) {
  FakeSandbox sandbox;
  sandbox.always([](const RunSpec&) { return exited(0); });

  (void)evaluate(assert_request(), tools_with(sandbox));
  (void)evaluate(assert_request(), tools_with(sandbox));

  EXPECT_NE(token_of(sandbox.specs().at(0)), token_of(sandbox.specs().at(1)));
}

TEST(Evaluate, AnEarlyExitWithStatusZeroDoesNotPassTheTests) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(0, "passed"), "passed"));

  const EvaluationResult result = evaluate(assert_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRuntimeError);
  EXPECT_EQ(result.message, "ended before the tests completed");
}

TEST(Evaluate, TheExitStatusMayVetoACompletionToken) {
  FakeSandbox sandbox;
  sandbox.then(
      [](const RunSpec& spec) { return with_channel(exited(134), "passed " + token_of(spec)); });

  EXPECT_EQ(evaluate(assert_request(), tools_with(sandbox)).verdict, Verdict::kRuntimeError);
}

TEST(Evaluate, AFailedAssertionIsAWrongAnswer) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(1, "", "AssertionError\n"), "assertion"));

  EXPECT_EQ(evaluate(assert_request(), tools_with(sandbox)).verdict, Verdict::kWrongAnswer);
}

TEST(Evaluate, AnotherExceptionInTheTestsIsARuntimeError) {
  FakeSandbox sandbox;
  sandbox.then(with_channel(exited(1, "", "NameError: x\n"), "exception"));

  EXPECT_EQ(evaluate(assert_request(), tools_with(sandbox)).verdict, Verdict::kRuntimeError);
}

// ---- run

TEST(Evaluate, RunIsJudgedByItsExitStatusAlone) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "anything")).then(exited(7));
  RunOnly run;
  run.stdin_bytes = "in";
  run.args = {"a", "b c"};
  run.env = {{"MODE", "x"}};

  const EvaluationResult good = evaluate(request_of("bash", "…", run), tools_with(sandbox));
  const EvaluationResult bad = evaluate(request_of("bash", "…", run), tools_with(sandbox));

  EXPECT_EQ(good.verdict, Verdict::kAccepted);
  EXPECT_EQ(good.integrity, Integrity::kExitStatus);
  EXPECT_EQ(good.cases.at(0).stdout_bytes, "anything");
  EXPECT_EQ(bad.verdict, Verdict::kRuntimeError);
  const RunSpec& spec = sandbox.specs()[0];
  EXPECT_THAT(spec.commands, ElementsAre(ElementsAre("/bin/bash", "main.sh", "a", "b c")));
  EXPECT_EQ(spec.env.at("MODE"), "x");
  EXPECT_EQ(spec.stdin_bytes, "in");
}

TEST(Evaluate, FetchedFilesComeBackAndRefusedOnesAreWarnings) {
  FakeSandbox sandbox;
  RunOutcome outcome = exited(0);
  outcome.files["out.txt"].content = "content";
  outcome.files["link"].refused = "not a regular file";
  sandbox.then(outcome);
  RunOnly run;
  run.fetch_files = {"out.txt", "link", "gone"};

  const EvaluationResult result = evaluate(request_of("bash", "…", run), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.files, (FileMap{{"out.txt", "content"}}));
  EXPECT_THAT(result.warnings, ElementsAre("fetch_files: link: not a regular file",
                                           "fetch_files: gone: no such file"));
}

// ---- checker

EvaluationRequest checked_request() {
  StdinStdout evaluation = io_cases({{"in", "right"}});
  evaluation.checker = Checker{"python", "check"};
  return request_of("python", "…", evaluation);
}

TEST(Evaluate, ACheckerGetsInputExpectedAndActualAsFilesInThatOrder) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "other but fine")).then(exited(0));

  const EvaluationResult result = evaluate(checked_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  const RunSpec& spec = sandbox.specs().at(1);
  EXPECT_THAT(spec.commands,
              ElementsAre(ElementsAre("/usr/bin/python3", "-s", ".farm/python_checker.py",
                                      "main.py", "input", "expected", "actual")));
  EXPECT_EQ(file_of(spec, "main.py"), "check");
  EXPECT_EQ(file_of(spec, "input"), "in");
  EXPECT_EQ(file_of(spec, "expected"), "right");
  EXPECT_EQ(file_of(spec, "actual"), "other but fine");
}

TEST(Evaluate, ACheckerThatRefusesMakesAWrongAnswer) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "no")).then(exited(1, "two values differ\n"));

  const EvaluationResult result = evaluate(checked_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_THAT(result.message, HasSubstr("two values differ"));
}

TEST(Evaluate, ACheckerThatOnlyThisOutputUpsetsMakesAWrongAnswer) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "no")).then(exited(2)).then(exited(0));

  const EvaluationResult result = evaluate(checked_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(file_of(sandbox.specs().at(2), "actual"), "right");
}

TEST(Evaluate, ACheckerThatFailsOnTheExpectedOutputIsTheRequestsFault) {
  FakeSandbox sandbox;
  sandbox.then(exited(0, "no")).then(exited(2)).then(killed(Ending::kWallLimit));

  const EvaluationResult result = evaluate(checked_request(), tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_THAT(result.message, HasSubstr("/evaluation/checker"));
}

TEST(Evaluate, ACheckerIsNotAskedAboutAProgramThatFailed) {
  FakeSandbox sandbox;
  sandbox.then(exited(1, "right"));

  EXPECT_EQ(evaluate(checked_request(), tools_with(sandbox)).verdict, Verdict::kRuntimeError);
  EXPECT_EQ(sandbox.specs().size(), 1u);
}

TEST(Evaluate, ACheckerThatDoesNotCompileIsTheRequestsFault) {
  FakeSandbox sandbox;
  sandbox.then(exited(1, "", "error: no\n"));
  EvaluationRequest request = checked_request();
  std::get<StdinStdout>(request.evaluation).checker->language = "cpp";

  const EvaluationResult result = evaluate(request, tools_with(sandbox));

  EXPECT_EQ(result.verdict, Verdict::kRejected);
  EXPECT_THAT(result.message, HasSubstr("error: no"));
}

}  // namespace
}  // namespace farm::evaluate
