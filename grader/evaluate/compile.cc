#include "grader/evaluate/compile.h"

#include <algorithm>

#include "grader/evaluate/attempts.h"
#include "grader/evaluate/cut_output.h"
#include "grader/judge/display.h"

namespace farm::evaluate {
namespace {

CompileResult compile_result(const Attempted& attempted, Bytes return_output) {
  const sandbox::RunOutcome& outcome = attempted.outcome;
  CompileResult result;
  result.exit_code = outcome.exit_code;
  result.signal = outcome.signal;
  result.cpu = std::chrono::duration_cast<Milliseconds>(outcome.cpu);
  result.wall = std::chrono::duration_cast<Milliseconds>(outcome.wall);
  result.stdout_bytes = cut_output(outcome.stdout_bytes, return_output).bytes;
  result.stderr_bytes = cut_output(outcome.stderr_bytes, return_output).bytes;
  return result;
}

// The first line that calls itself an error: the last one is rarely what matters.
std::string first_error(const sandbox::RunOutcome& outcome) {
  for (std::string_view rest :
       {std::string_view(outcome.stderr_bytes), std::string_view(outcome.stdout_bytes)}) {
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      if (line.find("error") != std::string_view::npos) return judge::quote(line, 300);
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
  }
  return describe_death(outcome);
}

// Why the compiler's run, though it ended well, yields no usable program; empty if it does.
std::string missing_product(const sandbox::RunSpec& spec, const sandbox::RunOutcome& outcome) {
  for (const std::string& path : spec.fetch) {
    const auto file = outcome.files.find(path);
    if (file == outcome.files.end()) return "the compiler produced no " + path;
    if (!file->second.refused.empty())
      return "the compiler's " + path + " is unusable: " + file->second.refused;
  }
  return {};
}

std::string too_large(const Program& program, const sandbox::RunOutcome& outcome) {
  Bytes total;
  for (const sandbox::InputFile& file : program.run.files)
    total.count += static_cast<std::int64_t>(file.content.size());
  for (const auto& [path, file] : outcome.files)
    total.count += static_cast<std::int64_t>(file.content.size());
  if (total <= program.run.limits.tmpfs) return {};
  return "the program and its files weigh " + std::to_string(total.count) +
         " bytes and tmpfs_bytes is " + std::to_string(program.run.limits.tmpfs.count);
}

}  // namespace

Expected<Build> compile(const Program& program, const Plan& plan, const Tools& tools) {
  Build build;
  if (!program.compile) return build;
  FARM_TRY(Attempted attempted, run_until_reliable(*program.compile, plan.min_isolation, tools));
  build.isolation = attempted.outcome.isolation;
  build.cancelled = attempted.classification.verdict == Verdict::kCancelled;
  build.result = compile_result(attempted, plan.return_output);

  switch (attempted.classification.verdict) {
    case Verdict::kAccepted:
      build.message = missing_product(*program.compile, attempted.outcome);
      break;
    case Verdict::kRuntimeError:
      build.message = "does not compile: " + first_error(attempted.outcome);
      break;
    default:
      build.message = "compiling: " + attempted.classification.message;
      break;
  }
  if (build.message.empty()) build.message = too_large(program, attempted.outcome);
  if (!build.message.empty()) {
    build.result->verdict = Verdict::kCompileError;
    return build;
  }
  for (auto& [path, file] : attempted.outcome.files) {
    build.products.push_back(
        {.path = path, .content = std::move(file.content), .executable = true, .writable = false});
  }
  return build;
}

}  // namespace farm::evaluate
