#include "producer/gateway/run_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

using testing::HasSubstr;

Routed asked(std::string_view json) { return run_code(*decode_plain_json(json), ""); }

Question question(std::string_view json) {
  Routed routed = asked(json);
  EXPECT_TRUE(std::holds_alternative<Question>(routed))
      << std::get<Reply>(routed).status << std::get<Reply>(routed).body;
  return std::get<Question>(std::move(routed));
}

Value body_of(const Reply& reply) { return *decode_plain_json(reply.body); }

// The member at a path of names, as JSON.
std::string at(const Value& body, std::initializer_list<std::string_view> names) {
  const Value* value = &body;
  for (const std::string_view name : names) {
    value = find_member(*value, name);
    if (value == nullptr) return "absent";
  }
  return encode_plain_json(*value);
}

EvaluationResult ran(Verdict verdict) {
  EvaluationResult result;
  result.verdict = verdict;
  result.total = 1;
  CaseResult one;
  one.verdict = verdict;
  one.exit_code = 0;
  one.wall = Milliseconds(1500);
  one.stdout_bytes = "out\n";
  result.cases.push_back(one);
  return result;
}

std::string answer(const EvaluationResult& result, std::initializer_list<std::string_view> names,
                   std::string_view request = R"({"code": "", "language": "python"})") {
  return at(body_of(question(request).reply(result)), names);
}

TEST(RunCode, AsksTheFarmForARunWithItsTimeoutsAsWallTime) {
  const Question asked = question(
      R"j({"code": "print(1)", "language": "cpp", "stdin": "x", "compile_timeout": 3, "run_timeout": "0.5",
          "memory_limit_MB": 256, "files": {"a": "YQ=="}, "fetch_files": ["b", "/work/c", "/tmp/d"]})j");
  const EvaluationRequest& request = asked.request;
  EXPECT_EQ(request.submission.code, "print(1)");
  EXPECT_EQ(request.submission.language, "cpp");
  EXPECT_EQ(request.submission.files.at("a"), "a");
  EXPECT_EQ(request.limits.run_wall, Milliseconds(500));
  EXPECT_EQ(request.limits.run_cpu, Milliseconds(1000));
  EXPECT_EQ(request.limits.compile_cpu, Milliseconds(3000));
  EXPECT_EQ(request.limits.memory, mib(256));
  const auto& run = std::get<RunOnly>(request.evaluation);
  EXPECT_EQ(run.stdin_bytes, "x");
  EXPECT_EQ(run.fetch_files, (std::vector<std::string>{"b", "c"}));
}

TEST(RunCode, LeavesMemoryToTheFarmUnlessItIsPositive) {
  EXPECT_FALSE(question(R"({"code": "", "language": "python"})").request.limits.memory);
  EXPECT_FALSE(question(R"({"code": "", "language": "python", "memory_limit_MB": -1})")
                   .request.limits.memory);
}

TEST(RunCode, TimeoutsOfNothingAreAMillisecond) {
  const Question asked = question(R"({"code": "", "language": "python", "run_timeout": 0})");
  EXPECT_EQ(asked.request.limits.run_wall, Milliseconds(1));
}

TEST(RunCode, JavascriptIsNodejs) {
  EXPECT_EQ(question(R"({"code": "", "language": "javascript"})").request.submission.language,
            "nodejs");
}

TEST(RunCode, BodiesThatAreNoRequestAre422WithEveryProblem) {
  const Routed routed = asked(R"({"language": "js", "run_timeout": "soon", "fetch_files": [1]})");
  const auto& reply = std::get<Reply>(routed);
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.body,
              HasSubstr(R"({"type":"missing","loc":["body","code"],"msg":"Field required"})"));
  EXPECT_THAT(reply.body, HasSubstr("'typescript'"));
  EXPECT_THAT(reply.body, HasSubstr("run_timeout"));
  EXPECT_THAT(reply.body, HasSubstr("fetch_files"));
  EXPECT_EQ(std::get<Reply>(asked("[]")).status, 422);
}

TEST(RunCode, FilesAreTextsOrNull) {
  const auto status = [](std::string_view files) {
    const Routed routed =
        asked(R"({"code": "", "language": "python", "files": )" + std::string(files) + "}");
    const auto* reply = std::get_if<Reply>(&routed);
    return reply == nullptr ? 0 : reply->status;
  };
  EXPECT_EQ(status(R"({"a": "YQ==", "b": null})"), 0);
  EXPECT_EQ(status(R"({"a": 7})"), 422);
  EXPECT_EQ(status(R"({"a": ["YQ=="]})"), 422);
  EXPECT_EQ(status("[]"), 422);
}

TEST(RunCode, AFileThatCannotBePlacedIsASandboxError) {
  const Routed routed = asked(R"({"code": "", "language": "python", "files": {"../a": "YQ=="}})");
  const auto& reply = std::get<Reply>(routed);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(at(body_of(reply), {"status"}), "\"SandboxError\"");
}

TEST(RunCode, AProgramThatEndedWellIsASuccess) {
  const EvaluationResult result = ran(Verdict::kAccepted);
  EXPECT_EQ(answer(result, {"status"}), "\"Success\"");
  EXPECT_EQ(answer(result, {"message"}), "\"\"");
  EXPECT_EQ(answer(result, {"compile_result"}), "null");
  EXPECT_EQ(
      answer(result, {"run_result"}),
      R"({"status":"Finished","execution_time":1.5,"return_code":0,"stdout":"out\n","stderr":""})");
  EXPECT_EQ(answer(result, {"executor_pod_name"}), "null");
  EXPECT_EQ(answer(result, {"files"}), "{}");
  EXPECT_EQ(answer(result, {"farm", "verdict"}), "\"accepted\"");
}

TEST(RunCode, ExitStatusAndSignalAreReturnCodes) {
  EvaluationResult result = ran(Verdict::kRuntimeError);
  result.cases[0].exit_code = 7;
  EXPECT_EQ(answer(result, {"status"}), "\"Failed\"");
  EXPECT_EQ(answer(result, {"run_result", "return_code"}), "7");
  result.cases[0].exit_code.reset();
  result.cases[0].signal = 11;
  EXPECT_EQ(answer(result, {"run_result", "return_code"}), "-11");
}

TEST(RunCode, TimeLimitHasNoReturnCodeAndKeepsTheOutput) {
  EvaluationResult result = ran(Verdict::kTimeLimit);
  EXPECT_EQ(answer(result, {"status"}), "\"Failed\"");
  EXPECT_EQ(answer(result, {"run_result", "status"}), "\"TimeLimitExceeded\"");
  EXPECT_EQ(answer(result, {"run_result", "return_code"}), "null");
  EXPECT_EQ(answer(result, {"run_result", "stdout"}), "\"out\\n\"");
}

TEST(RunCode, OtherLimitsAre137WithALineOnStderr) {
  EvaluationResult result = ran(Verdict::kMemoryLimit);
  result.cases[0].exit_code.reset();
  result.cases[0].signal = 9;
  result.cases[0].stderr_bytes = "partial";
  result.cases[0].message = "out of memory";
  EXPECT_EQ(answer(result, {"status"}), "\"Failed\"");
  EXPECT_EQ(answer(result, {"run_result", "status"}), "\"Finished\"");
  EXPECT_EQ(answer(result, {"run_result", "return_code"}), "137");
  EXPECT_EQ(answer(result, {"run_result", "stderr"}), R"("partial\nMemoryError: out of memory\n")");
  result.cases[0].verdict = result.verdict = Verdict::kOutputLimit;
  EXPECT_THAT(answer(result, {"run_result", "stderr"}), HasSubstr("OutputLimitExceeded"));
}

TEST(RunCode, ACompileErrorHasNoRun) {
  EvaluationResult result = ran(Verdict::kCompileError);
  result.cases[0].verdict = Verdict::kNotRun;
  result.compile.emplace();
  result.compile->verdict = Verdict::kCompileError;
  result.compile->exit_code = 1;
  result.compile->stderr_bytes = "error: x";
  EXPECT_EQ(answer(result, {"status"}), "\"Failed\"");
  EXPECT_EQ(answer(result, {"run_result"}), "null");
  EXPECT_EQ(answer(result, {"compile_result", "status"}), "\"Finished\"");
  EXPECT_EQ(answer(result, {"compile_result", "return_code"}), "1");
}

TEST(RunCode, ACompilerAtItsLimitIsTimeLimitExceeded) {
  EvaluationResult result = ran(Verdict::kCompileError);
  result.compile.emplace();
  result.compile->verdict = Verdict::kCompileError;
  result.compile->signal = 9;
  result.compile->cpu = Milliseconds(1200);
  const std::string_view request = R"({"code": "", "language": "cpp", "compile_timeout": 1})";
  EXPECT_EQ(answer(result, {"compile_result", "status"}, request), "\"TimeLimitExceeded\"");
  EXPECT_EQ(answer(result, {"compile_result", "return_code"}, request), "null");
  EXPECT_EQ(answer(result, {"run_result"}, request), "null");
}

TEST(RunCode, OutputThatIsNoTextIsANoteInItsPlace) {
  EvaluationResult result = ran(Verdict::kAccepted);
  result.cases[0].stdout_bytes = "ok\xff\xfe";
  EXPECT_EQ(answer(result, {"status"}), "\"Success\"");
  EXPECT_EQ(answer(result, {"run_result", "stdout"}),
            "\"[DecodeError] the output is not UTF-8: byte 2\"");
}

TEST(RunCode, FetchedFilesHaveTheNamesThatWereAskedFor) {
  EvaluationResult result = ran(Verdict::kAccepted);
  result.files["c"] = "content";
  EXPECT_EQ(
      answer(result, {"files"},
             R"({"code": "", "language": "python", "fetch_files": ["./c", "/work/c", "missing"]})"),
      R"({"./c":"Y29udGVudA==","/work/c":"Y29udGVudA=="})");
}

TEST(RunCode, AnAnswerThatLostWhatWasAskedForIsNoAnswer) {
  const Question asked =
      question(R"({"code": "", "language": "python", "fetch_files": ["c", "./d"]})");
  EvaluationResult result = ran(Verdict::kAccepted);
  EXPECT_EQ(asked.reply(result).status, 504) << "nothing is said of the files";
  result.warnings = {"fetch_files: c: no such file"};
  EXPECT_EQ(asked.reply(result).status, 504) << "nothing is said of d";
  result.warnings.emplace_back("fetch_files: d: no such file");
  EXPECT_EQ(asked.reply(result).status, 200);
  result.cases[0].truncated = true;
  EXPECT_EQ(asked.reply(result).status, 504);
  result.cases[0].verdict = result.verdict = Verdict::kOutputLimit;
  EXPECT_EQ(asked.reply(result).status, 200) << "it says so, and is a failure";
}

TEST(RunCode, WhatTheFarmRefusesIsASandboxError) {
  const EvaluationResult result = unjudged_result({}, Verdict::kRejected, "no language 'lua'");
  EXPECT_EQ(answer(result, {"status"}), "\"SandboxError\"");
  EXPECT_EQ(answer(result, {"message"}), "\"no language 'lua'\"");
  EXPECT_EQ(answer(result, {"run_result"}), "null");
}

TEST(RunCode, AFailureOfTheFarmIsTriedAgainByItsClients) {
  const Question asked = question(R"({"code": "", "language": "python"})");
  for (const Verdict verdict : {Verdict::kFarmError, Verdict::kExpired, Verdict::kCancelled}) {
    const Reply reply = asked.reply(unjudged_result({}, verdict, "x"));
    EXPECT_EQ(reply.status, 504);
    EXPECT_GT(reply.retry_after_s, 0);
  }
}

}  // namespace
}  // namespace farm::gateway
