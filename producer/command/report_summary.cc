#include "producer/command/report_summary.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "schemas/text.h"

namespace farm::command {
namespace {

constexpr std::size_t kExamples = 3;
constexpr std::size_t kShownName = 32;  // bytes of a trainer, group or request id

enum SuspicionKind : std::size_t { kSentinel, kExitStatus, kTestsUnfinished, kNoValue, kExitZero };

// The words of grader/evaluate/judge_case.cc.
constexpr std::string_view kUnfinishedMessage = "ended before the tests completed";
constexpr std::string_view kNoValueMessage = "ended without returning a value";

// Groups and ids are the trainer's own: they must not reach a terminal as they are.
std::string printable(std::string_view name) {
  std::string text = to_utf8(name.substr(0, kShownName));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return name.size() > kShownName ? text + "…" : text;
}

std::int32_t clamped(Milliseconds duration) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(duration.count(), 0, kMost));
}

Percentiles percentiles_of(std::vector<std::int32_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto rank = [&](double share) {
    const auto position =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return Milliseconds(values[std::max<std::size_t>(position, 1) - 1]);
  };
  return {rank(0.5), rank(0.9), rank(0.99), Milliseconds(values.back())};
}

std::string percent(std::int64_t part, std::int64_t whole) {
  std::array<char, 32> text{};
  const double share =
      whole == 0 ? 0 : 100 * (static_cast<double>(part) / static_cast<double>(whole));
  std::snprintf(text.data(), text.size(), "%.1f %%", share);
  return text.data();
}

// Characters on the screen, near enough: bytes that begin a character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}
std::string left(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(width - std::min(width, width_of(text)), ' ');
}
std::string right(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ') + std::string(text);
}

std::string latency_row(std::string_view name, const Percentiles& latency) {
  std::string line = "  " + left(name, 14);
  for (const Milliseconds value : {latency.p50, latency.p90, latency.p99, latency.max})
    line += right(short_duration(value), 10);
  return line + '\n';
}

std::string breakdown_text(const Breakdown& breakdown) {
  std::size_t width = 8;
  for (const ReportPart& part : breakdown.parts) width = std::max(width, width_of(part.key));
  std::string text = "\n" + left("by " + std::string(word(breakdown.by)), width + 2) +
                     " results  accepted    masked";
  for (const Phase phase : kPhases) text += right(std::string(word(phase)) + " p50/p99", 19);
  text += '\n';
  for (const ReportPart& part : breakdown.parts) {
    const std::int64_t total = part.tally.total();
    text += "  " + left(part.key, width) + right(std::to_string(total), 8) +
            right(percent(part.tally.of(Verdict::kAccepted), total), 10) +
            right(percent(part.tally.masked(), total), 10);
    for (const Phase phase : kPhases) {
      const Percentiles& latency = part.of(phase);
      text += right(short_duration(latency.p50) + "/" + short_duration(latency.p99), 19);
    }
    text += '\n';
  }
  if (breakdown.left_out > 0) {
    text += "  … and " + std::to_string(breakdown.left_out) +
            (breakdown.by == By::kStep ? " earlier ones\n" : " smaller ones\n");
  }
  return text;
}

}  // namespace

std::string_view word(Phase phase) {
  constexpr std::array<std::string_view, kPhases.size()> kWords = {"queue", "compile", "run",
                                                                   "total"};
  return kWords[static_cast<std::size_t>(phase)];
}
std::string_view word(By by) {
  constexpr std::array<std::string_view, 3> kWords = {"trainer", "step", "group"};
  return kWords[static_cast<std::size_t>(by)];
}

ReportBuilder::ReportBuilder() {
  suspicions_.resize(5);
  suspicions_[kSentinel].what = "accepted, vouched for by a completion token only (sentinel)";
  suspicions_[kExitStatus].what = "accepted, vouched for by nothing (exit_status)";
  suspicions_[kTestsUnfinished].what = "ended before the tests completed";
  suspicions_[kNoValue].what = "ended without returning a value";
  suspicions_[kExitZero].what = "one of these two, with exit code 0";
}

std::uint32_t ReportBuilder::Names::of(const std::string& name) {
  const auto [found, is_new] = index.emplace(name, static_cast<std::uint32_t>(names.size()));
  if (is_new) names.push_back(name);
  return found->second;
}

void ReportBuilder::add(const EvaluationResult& result) {
  Row row;
  row.verdict = result.verdict;
  row.ms = {clamped(result.timings.queue), clamped(result.timings.compile),
            clamped(result.timings.run), clamped(result.timings.total)};
  const std::string step = result.step ? std::to_string(*result.step) : "";
  row.key = {names_[0].of(result.trainer), names_[1].of(step),
             names_[2].of(result.group.value_or(""))};
  rows_.push_back(row);
  look_for_suspicion(result);
}

void ReportBuilder::look_for_suspicion(const EvaluationResult& result) {
  const auto note = [&](SuspicionKind kind) {
    Suspicion& suspicion = suspicions_[kind];
    if (++suspicion.count <= static_cast<std::int64_t>(kExamples))
      suspicion.examples.push_back(printable(result.request_id));
  };
  if (result.verdict == Verdict::kAccepted) {
    if (result.integrity == Integrity::kSentinel) note(kSentinel);
    if (result.integrity == Integrity::kExitStatus) note(kExitStatus);
    return;
  }
  bool unfinished = false;
  bool no_value = false;
  bool exit_zero = false;
  for (const CaseResult& one : result.cases) {
    if (one.verdict != Verdict::kRuntimeError) continue;
    const bool tests = one.message == kUnfinishedMessage;
    const bool value = one.message == kNoValueMessage;
    unfinished |= tests;
    no_value |= value;
    exit_zero |= (tests || value) && one.exit_code == 0;
  }
  if (unfinished) note(kTestsUnfinished);
  if (no_value) note(kNoValue);
  if (exit_zero) note(kExitZero);
}

ReportPart ReportBuilder::part_of(std::string key, const std::vector<const Row*>& rows) const {
  ReportPart part;
  part.key = std::move(key);
  std::array<std::vector<std::int32_t>, kPhases.size()> values;
  for (const Row* row : rows) {
    part.tally.count(row->verdict);
    if (fault_of(row->verdict) == Fault::kRequest) continue;
    for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
      values[phase].push_back(row->ms[phase]);
  }
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
    part.latency[phase] = percentiles_of(std::move(values[phase]));
  return part;
}

Breakdown ReportBuilder::breakdown_of(By by) const {
  const auto dimension = static_cast<std::size_t>(by);
  const std::vector<std::string>& names = names_[dimension].names;
  std::vector<std::vector<const Row*>> rows(names.size());
  for (const Row& row : rows_) rows[row.key[dimension]].push_back(&row);

  std::vector<std::size_t> order(names.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto number = [&](std::size_t i) {
    std::int64_t value = std::numeric_limits<std::int64_t>::min();  // those without a step first
    std::from_chars(names[i].data(), names[i].data() + names[i].size(), value);
    return value;
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (by == By::kStep) return number(a) < number(b);
    if (rows[a].size() != rows[b].size()) return rows[a].size() > rows[b].size();
    return names[a] < names[b];
  });

  Breakdown breakdown;
  breakdown.by = by;
  breakdown.left_out = order.size() - std::min(order.size(), kMaxParts);
  if (by == By::kStep) {
    order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(breakdown.left_out));
  } else {
    order.resize(order.size() - breakdown.left_out);
  }
  for (const std::size_t i : order)
    breakdown.parts.push_back(part_of(names[i].empty() ? "-" : printable(names[i]), rows[i]));
  return breakdown;
}

Report ReportBuilder::build(const std::vector<By>& by) const {
  std::vector<const Row*> all;
  all.reserve(rows_.size());
  for (const Row& row : rows_) all.push_back(&row);
  Report report;
  report.all = part_of("all", all);
  report.suspicions = suspicions_;
  report.unreadable = unreadable_;
  for (const By one : by) report.breakdowns.push_back(breakdown_of(one));
  return report;
}

std::string report_text(const Report& report) {
  const Tally& tally = report.all.tally;
  const std::int64_t total = tally.total();
  const auto row = [&](std::string_view name, std::int64_t count) {
    return left(name, 16) + right(std::to_string(count), 10) + right(percent(count, total), 10) +
           '\n';
  };
  std::string text = left("results", 16) + right(std::to_string(total), 10) + '\n';
  for (int i = 0; i <= static_cast<int>(Verdict::kNotRun); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (tally.of(verdict) > 0) text += row("  " + std::string(word(verdict)), tally.of(verdict));
  }
  text += row("masked", tally.masked());
  if (report.unreadable > 0)
    text += left("no result", 16) + right(std::to_string(report.unreadable), 10) + " lines\n";

  text += "\nlatency         " + right("p50", 10) + right("p90", 10) + right("p99", 10) +
          right("max", 10) + '\n';
  for (const Phase phase : kPhases) text += latency_row(word(phase), report.all.of(phase));

  text += "\nsuspicious exits\n";
  for (const Suspicion& suspicion : report.suspicions) {
    text += right(std::to_string(suspicion.count), 10) + "  " + suspicion.what;
    for (std::size_t i = 0; i < suspicion.examples.size(); ++i)
      text += (i == 0 ? ": " : ", ") + suspicion.examples[i];
    if (suspicion.count > static_cast<std::int64_t>(suspicion.examples.size())) text += ", …";
    text += '\n';
  }
  for (const Breakdown& breakdown : report.breakdowns) text += breakdown_text(breakdown);
  return text;
}

std::string short_duration(Milliseconds duration) {
  std::array<char, 32> text{};
  const auto ms = static_cast<double>(duration.count());
  if (ms < 1000) {
    std::snprintf(text.data(), text.size(), "%.0f ms", ms);
  } else {
    std::snprintf(text.data(), text.size(),
                  ms < 10'000    ? "%.2f s"
                  : ms < 100'000 ? "%.1f s"
                                 : "%.0f s",
                  ms / 1000);
  }
  return text.data();
}

}  // namespace farm::command
