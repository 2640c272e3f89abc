#include "producer/gateway/exec_info.h"

#include <optional>
#include <utility>

#include "producer/gateway/message.h"
#include "schemas/base64.h"
#include "schemas/text.h"

namespace farm::gateway {
namespace {

// What a shell says of a program that SIGKILL ended.
constexpr std::int64_t kKilled = 137;

// Python's clients get text. Of a stream that is none they get a note in its place, as from the
// peers; where it was cut, the cut itself may have broken a character.
std::string stream_text(const std::string& bytes, bool truncated) {
  if (is_utf8(bytes)) return bytes;
  if (truncated) return to_utf8(bytes);
  std::size_t good = 0;
  const std::string mended = to_utf8(bytes);
  while (good < bytes.size() && good < mended.size() && bytes[good] == mended[good]) ++good;
  return "[DecodeError] the output is not UTF-8: byte " + std::to_string(good);
}

Value seconds(Milliseconds time) { return Value{static_cast<double>(time.count()) / 1000}; }

Value number(std::int64_t n) { return Value{n}; }

Value command_result(std::string_view status, Milliseconds wall, Value return_code,
                     std::string stdout_text, std::string stderr_text) {
  Object command;
  command.set("status", text(status));
  command.set("execution_time", seconds(wall));
  command.set("return_code", std::move(return_code));
  command.set("stdout", Value{std::move(stdout_text)});
  command.set("stderr", Value{std::move(stderr_text)});
  return command.take();
}

std::optional<std::int64_t> exit_status(std::optional<int> exit_code, std::optional<int> signal) {
  if (signal) return -*signal;
  if (exit_code) return *exit_code;
  return std::nullopt;
}

bool compiled_too_long(const CompileResult& compile, const RequestedLimits& limits) {
  if (compile.verdict != Verdict::kCompileError || !limits.compile_cpu) return false;
  // The farm grants a compiler twice as much wall time.
  return compile.cpu >= *limits.compile_cpu || compile.wall >= 2 * *limits.compile_cpu;
}

Value compile_value(const EvaluationResult& result, const RequestedLimits& limits) {
  if (!result.compile) return null();
  const CompileResult& compile = *result.compile;
  if (compiled_too_long(compile, limits)) {
    return command_result("TimeLimitExceeded", compile.wall, null(),
                          stream_text(compile.stdout_bytes, false),
                          stream_text(compile.stderr_bytes, false));
  }
  std::int64_t status = exit_status(compile.exit_code, compile.signal).value_or(0);
  std::string said = stream_text(compile.stderr_bytes, false);
  if (compile.verdict != Verdict::kAccepted) {
    if (status == 0) status = 1;  // ended well and made nothing that could be run
    if (said.empty() && compile.stdout_bytes.empty()) said = result.message;
  }
  return command_result("Finished", compile.wall, number(status),
                        stream_text(compile.stdout_bytes, false), std::move(said));
}

std::string with_line(std::string stream, const std::string& line) {
  if (!stream.empty() && !stream.ends_with('\n')) stream += '\n';
  return stream + line + '\n';
}

Value run_value(const CaseResult& one) {
  std::string out = stream_text(one.stdout_bytes, one.truncated);
  std::string err = stream_text(one.stderr_bytes, one.truncated);
  const auto finished = [&](std::int64_t status) {
    return command_result("Finished", one.wall, number(status), std::move(out), std::move(err));
  };
  const std::int64_t status = exit_status(one.exit_code, one.signal).value_or(0);
  switch (one.verdict) {
    case Verdict::kTimeLimit:
      return command_result("TimeLimitExceeded", one.wall, null(), std::move(out), std::move(err));
    case Verdict::kMemoryLimit:
      err = with_line(std::move(err), "MemoryError: " + one.message);
      return finished(kKilled);
    case Verdict::kOutputLimit:
      err = with_line(std::move(err), "OutputLimitExceeded: " + one.message);
      return finished(kKilled);
    case Verdict::kRuntimeError:
      if (status == 0) err = with_line(std::move(err), one.message);
      return finished(status == 0 ? 1 : status);
    default:
      return finished(status);
  }
}

bool no_program(const EvaluationResult& result) { return result.verdict == Verdict::kCompileError; }

}  // namespace

ExecInfo exec_info(const EvaluationResult& result, const CaseResult& one,
                   const RequestedLimits& limits) {
  if (no_program(result)) return {"Failed", "", compile_value(result, limits), null()};
  // A wrong answer is a program that ran well: what it printed is for the judge.
  const bool ran_well = one.verdict == Verdict::kAccepted ||
                        (one.verdict == Verdict::kWrongAnswer && one.exit_code.value_or(1) == 0);
  return {ran_well ? "Success" : "Failed", "", compile_value(result, limits), run_value(one)};
}

ExecInfo exec_info_of_tests(const EvaluationResult& result, const CaseResult& one,
                            const RequestedLimits& limits) {
  if (no_program(result) || one.verdict != Verdict::kWrongAnswer)
    return exec_info(result, one, limits);
  CaseResult failed = one;
  failed.verdict = Verdict::kRuntimeError;
  failed.exit_code = 1;
  failed.signal.reset();
  if (!one.message.empty()) {
    failed.stderr_bytes =
        with_line(std::move(failed.stderr_bytes), "AssertionError: " + one.message);
  }
  return {"Failed", "", compile_value(result, limits), run_value(failed)};
}

ExecInfo not_executed(std::string message) {
  return {"SandboxError", std::move(message), null(), null()};
}

Value run_code_response(ExecInfo info, const FileMap& files) {
  ValuePairs fetched;
  for (const auto& [path, content] : files)
    fetched.emplace_back(text(path), text(base64_encode(content)));
  Object response;
  response.set("status", text(info.status));
  response.set("message", Value{std::move(info.message)});
  response.set("compile_result", std::move(info.compile_result));
  response.set("run_result", std::move(info.run_result));
  response.set("executor_pod_name", null());
  response.set("files", Value{Value::Dict{std::move(fetched)}});
  return response.take();
}

Value farm_facts(const EvaluationResult& result) {
  Object facts;
  facts.set("verdict", text(word(result.verdict)));
  facts.set("fault", text(word(result.fault())));
  facts.set("message", text(result.message));
  facts.set("score", result.score() ? Value{*result.score()} : null());
  facts.set("passed", number(result.passed));
  facts.set("total", number(result.total));
  facts.set("integrity", text(word(result.integrity)));
  facts.set("isolation", text(word(result.isolation)));
  facts.set("queue_ms", number(result.timings.queue.count()));
  facts.set("total_ms", number(result.timings.total.count()));
  facts.set("grader", text(result.grader.id));
  facts.set("environment", text(result.grader.environment));
  ValueList warnings;
  for (const std::string& warning : result.warnings) warnings.push_back(text(warning));
  facts.set("warnings", Value{Value::List{std::move(warnings)}});
  return facts.take();
}

Value farm_facts(const CaseResult& one) {
  Object facts;
  facts.set("verdict", text(word(one.verdict)));
  facts.set("message", text(one.message));
  facts.set("cpu_ms", number(one.cpu.count()));
  facts.set("wall_ms", number(one.wall.count()));
  facts.set("memory_bytes", number(one.memory.count));
  facts.set("stdout_bytes", number(one.stdout_total_bytes));
  facts.set("truncated", Value{one.truncated});
  return facts.take();
}

}  // namespace farm::gateway
