#include "grader/evaluate/compile.h"

#include <algorithm>

#include "grader/evaluate/attempts.h"
#include "grader/evaluate/cut_output.h"
#include "grader/evaluate/precompiled_headers.h"
#include "grader/judge/display.h"

namespace farm::evaluate {
namespace {

CompileResult compile_result(const sandbox::RunOutcome& outcome, Bytes return_output) {
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
  }
  for (const std::string& suffix : spec.fetch_suffixes) {
    const bool any = std::any_of(outcome.files.begin(), outcome.files.end(),
                                 [&](const auto& file) { return file.first.ends_with(suffix); });
    if (!any) return "the compiler produced no *" + suffix;
  }
  for (const auto& [path, file] : outcome.files) {
    if (!file.refused.empty()) return "the compiler's " + path + " is unusable: " + file.refused;
  }
  return {};
}

// What it takes of a tmpfs, which counts in pages.
std::int64_t weight_of(std::string_view content) {
  constexpr std::int64_t kPage = 4096;
  return (static_cast<std::int64_t>(content.size()) + kPage - 1) / kPage * kPage;
}

std::string too_large(const Program& program, const sandbox::RunOutcome& outcome) {
  std::int64_t bytes = 0;
  for (const sandbox::InputFile& file : program.run.files) bytes += weight_of(file.content);
  for (const auto& [path, file] : outcome.files) bytes += weight_of(file.content);
  const sandbox::Limits& limits = program.run.limits;
  if (bytes > limits.tmpfs.count) {
    return "the program and its files weigh " + std::to_string(bytes) +
           " bytes and tmpfs_bytes is " + std::to_string(limits.tmpfs.count);
  }
  const auto files = static_cast<std::int64_t>(program.run.files.size() + outcome.files.size());
  if (2 * files + 16 > limits.tmpfs_inodes) {
    return "the program and its files are " + std::to_string(files) + " and tmpfs_inodes is " +
           std::to_string(limits.tmpfs_inodes);
  }
  return {};
}

// Where one is a file that the other needs as a directory.
std::string in_the_way(const Program& program, const sandbox::RunOutcome& outcome) {
  for (const auto& [name, product] : outcome.files) {
    const std::string path = program.products_in + name;
    for (const sandbox::InputFile& file : program.run.files) {
      if (!path.starts_with(file.path + "/") && !file.path.starts_with(path + "/")) continue;
      return "the compiler's " + path + " and the file " + file.path + " exclude each other";
    }
  }
  return {};
}

// Whether compiling without precompiled headers could not end otherwise: the compiler made
// everything and had nothing to say (its words tell of where headers came from), or it was out of
// time, of which it would need more.
bool would_be_the_same(const Attempted& tried) {
  const sandbox::RunOutcome& outcome = tried.outcome;
  using sandbox::Ending;
  for (const Ending ending : {Ending::kCpuLimit, Ending::kWallLimit, Ending::kCancelled})
    if (outcome.ending == ending) return true;
  return tried.classification.verdict == Verdict::kAccepted && outcome.stdout_total == 0 &&
         outcome.stderr_total == 0;
}

Expected<CompileCache::Compiled> compiled(const Program& program, Isolation min_isolation,
                                          const Tools& tools) {
  const bool tries = !program.precompiled.empty();
  const sandbox::RunSpec spec =
      tries ? with_headers(*program.compile, program.precompiled) : *program.compile;
  const auto build = [&]() -> Expected<sandbox::RunOutcome> {
    if (tools.residents != nullptr) {
      if (auto outcome = tools.residents->compile(program)) return *std::move(outcome);
    }
    FARM_TRY(Attempted first, run_until_reliable(spec, min_isolation, tools));
    if (!tries || would_be_the_same(first)) return std::move(first.outcome);
    FARM_TRY(Attempted plain, run_until_reliable(*program.compile, min_isolation, tools));
    return std::move(plain.outcome);
  };
  if (tools.compile_cache != nullptr) return tools.compile_cache->get(spec, tools.cancelled, build);
  FARM_TRY(sandbox::RunOutcome outcome, build());
  return CompileCache::Compiled{std::move(outcome)};
}

}  // namespace

Expected<Build> compile(const Program& program, const Plan& plan, const Tools& tools) {
  Build build;
  if (!program.compile) return build;
  const sandbox::RunSpec& spec = *program.compile;
  FARM_TRY(CompileCache::Compiled done, compiled(program, plan.min_isolation, tools));
  build.cancelled = done.cancelled;
  if (build.cancelled) return build;
  FARM_CHECK_OK(check_usable(done.outcome, plan.min_isolation));
  const Classification seen = classify(done.outcome, spec.limits);
  build.isolation = done.outcome.isolation;
  build.cancelled = seen.verdict == Verdict::kCancelled;
  build.result = compile_result(done.outcome, plan.return_output);
  build.result->cached = done.cached;

  switch (seen.verdict) {
    case Verdict::kAccepted:
      build.message = missing_product(spec, done.outcome);
      break;
    case Verdict::kRuntimeError:
      build.message = "does not compile: " + first_error(done.outcome);
      break;
    default:
      build.message = "compiling: " + seen.message;
      break;
  }
  if (build.message.empty()) build.message = too_large(program, done.outcome);
  if (build.message.empty()) build.message = in_the_way(program, done.outcome);
  if (!build.message.empty()) {
    build.result->verdict = Verdict::kCompileError;
    return build;
  }
  for (auto& [path, file] : done.outcome.files) {
    build.products.push_back({.path = program.products_in + path,
                              .content = std::move(file.content),
                              .executable = true,
                              .writable = false});
  }
  return build;
}

}  // namespace farm::evaluate
