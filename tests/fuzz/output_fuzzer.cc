// What a run wrote, judged: never a crash, and never accepted without the one value or token that
// the bytes cannot know. The first byte picks the evaluation, the rest is the output.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include "grader/evaluate/judge_case.h"
#include "grader/judge/compare_output.h"

namespace {

using namespace farm;  // NOLINT: a program of one file

// Another one for every input: libFuzzer watches comparisons, and would put a constant one into its
// next input.
std::string secret_for(std::string_view output) {
  static const std::size_t key = std::random_device{}();
  return "secret " + std::to_string(std::hash<std::string_view>{}(output) ^ key);
}

Evaluation evaluation_of(std::uint8_t kind, const std::string& secret) {
  if (kind == 0) {
    FunctionCall call;
    call.cases.emplace_back().expected = Value{secret};
    return call;
  }
  if (kind == 1) return AssertTests{};
  StdinStdout io;
  io.cases.push_back({"", secret});
  return io;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string output(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::uint8_t pick = data[0];

  const std::string secret = secret_for(output);
  sandbox::RunOutcome outcome;
  outcome.exit_code = 0;
  outcome.stdout_bytes = output;
  outcome.channel_bytes = output;
  const auto judged = evaluate::judge_case(evaluation_of(pick % 3, secret), 0, outcome, {}, secret);
  if (judged.verdict == Verdict::kAccepted) std::abort();

  for (int mode = 0; mode <= static_cast<int>(ComparisonMode::kUnorderedLines); ++mode) {
    Comparison how;
    how.mode = static_cast<ComparisonMode>(mode);
    how.float_abs = pick % 2 == 0 ? 1e-6 : 0;
    if (!judge::compare_output(output, output, how).equal) std::abort();
    if (judge::compare_output(secret, output, how).equal) std::abort();
  }
  return 0;
}
