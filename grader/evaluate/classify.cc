#include "grader/evaluate/classify.h"

#include <cstring>

#include "grader/judge/display.h"

namespace farm::evaluate {
namespace {

using sandbox::Ending;
using sandbox::RunOutcome;

// The last line of `text` that is not blank.
std::string_view last_line(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return {};
  text = text.substr(0, last + 1);
  const std::size_t before = text.find_last_of('\n');
  return before == std::string_view::npos ? text : text.substr(before + 1);
}

std::string over_time(const char* which, Microseconds used, Milliseconds limit) {
  const auto shown = std::chrono::duration_cast<Milliseconds>(used);
  return std::string(which) + " time " + std::to_string(shown.count()) +
         " ms is above the limit of " + std::to_string(limit.count()) + " ms";
}

std::optional<Classification> over_limits(const RunOutcome& outcome,
                                          const sandbox::Limits& limits) {
  // Close to the limit, or slowed down by a host without memory: one run does not prove it.
  const bool unhurt = outcome.ending == Ending::kByItself || outcome.ending == Ending::kDismissed;
  const bool doubtful = unhurt || outcome.host_short_of_memory;
  if (outcome.out_of_memory) {
    return Classification{
        Verdict::kMemoryLimit,
        "out of memory: the limit is " + std::to_string(limits.memory.count) + " bytes", true};
  }
  // It may have ended by itself before the supervisor saw that it had printed too much.
  const bool printed_too_much =
      outcome.stdout_total > limits.output.count || outcome.stderr_total > limits.output.count;
  if (outcome.ending == Ending::kOutputLimit || printed_too_much) {
    return Classification{
        Verdict::kOutputLimit,
        "more output than the limit of " + std::to_string(limits.output.count) + " bytes", false};
  }
  if (outcome.ending == Ending::kCpuLimit || outcome.cpu > limits.cpu) {
    return Classification{Verdict::kTimeLimit, over_time("CPU", outcome.cpu, limits.cpu), doubtful};
  }
  if (outcome.ending == Ending::kWallLimit || outcome.wall > limits.wall) {
    return Classification{Verdict::kTimeLimit, over_time("wall", outcome.wall, limits.wall),
                          doubtful || outcome.host_contended};
  }
  return std::nullopt;
}

}  // namespace

std::string describe_death(const RunOutcome& outcome) {
  std::string text;
  if (outcome.signal) {
    text = "signal " + std::to_string(*outcome.signal);
    if (const char* name = ::sigdescr_np(*outcome.signal)) text += " (" + std::string(name) + ")";
  } else {
    text = "exit code " + std::to_string(outcome.exit_code.value_or(0));
  }
  const std::string_view line = last_line(outcome.stderr_bytes);
  return line.empty() ? text : text + ": " + judge::quote(line, 200);
}

Classification classify(const RunOutcome& outcome, const sandbox::Limits& limits) {
  if (outcome.ending == Ending::kStarved) {
    return {Verdict::kFarmError, "the run had no CPU for too long: this host is overloaded", false};
  }
  if (outcome.ending == Ending::kCancelled)
    return {Verdict::kCancelled, "cancelled while it ran", false};
  if (std::optional<Classification> over = over_limits(outcome, limits)) return *std::move(over);
  if (outcome.ending == Ending::kDismissed) return {};
  // Below its CPU limit by what the host is believed to have stolen: once more, to be sure.
  const bool doubtful = outcome.forgiven > Microseconds(0);
  if (outcome.signal || outcome.exit_code.value_or(0) != 0) {
    return {Verdict::kRuntimeError, describe_death(outcome), doubtful};
  }
  return {Verdict::kAccepted, "", doubtful};
}

}  // namespace farm::evaluate
