// What a stream of results says together: verdicts, masked share, suspicious exits, latencies, in
// all and by trainer, step and group. Pure; holds about 40 bytes a result.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "grader/config/config.h"
#include "producer/command/tally.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::command {

using By = config::ReportOptions::By;

enum class Phase { kQueue, kCompile, kRun, kTotal };
inline constexpr std::array kPhases = {Phase::kQueue, Phase::kCompile, Phase::kRun, Phase::kTotal};
std::string_view word(Phase phase);  // queue compile run total
std::string_view word(By by);        // trainer step group

// By nearest rank: each is a value that occurred.
struct Percentiles {
  Milliseconds p50{0}, p90{0}, p99{0}, max{0};
};

// The results that share a trainer, a step or a group.
struct ReportPart {
  std::string key;  // fit to be printed; "-" for those without one
  Tally tally;
  // Over results that were graded: of refused ones nothing ran.
  std::array<Percentiles, kPhases.size()> latency;

  const Percentiles& of(Phase phase) const { return latency[static_cast<std::size_t>(phase)]; }
};

struct Breakdown {
  By by = By::kTrainer;
  std::vector<ReportPart> parts;  // steps in order, others by number of results
  std::size_t left_out = 0;       // parts beyond the bound: early steps, or the smallest
};

// A way of ending that an honest program seldom takes, or a verdict that little vouches for.
struct Suspicion {
  std::string what;
  std::int64_t count = 0;
  std::vector<std::string> examples;  // request ids, the first few, fit to be printed
};

struct Report {
  ReportPart all;
  std::vector<Suspicion> suspicions;  // all kinds, also those that did not occur
  std::vector<Breakdown> breakdowns;
  std::int64_t unreadable = 0;  // lines that were no results
};

class ReportBuilder {
 public:
  static constexpr std::size_t kMaxParts = 20;

  ReportBuilder();
  void add(const EvaluationResult& result);
  void add_unreadable() { ++unreadable_; }
  Report build(const std::vector<By>& by) const;

 private:
  struct Row {
    std::array<std::int32_t, kPhases.size()> ms{};
    std::array<std::uint32_t, 3> key{};  // index into the names of its By
    Verdict verdict = Verdict::kFarmError;
  };
  struct Names {
    std::map<std::string, std::uint32_t> index;
    std::vector<std::string> names;
    std::uint32_t of(const std::string& name);
  };
  ReportPart part_of(std::string key, const std::vector<const Row*>& rows) const;
  Breakdown breakdown_of(By by) const;
  void look_for_suspicion(const EvaluationResult& result);

  std::vector<Row> rows_;
  std::array<Names, 3> names_;
  std::vector<Suspicion> suspicions_;
  std::int64_t unreadable_ = 0;
};

// The report as text, with line ends.
std::string report_text(const Report& report);

// "99 ms", "1.20 s", "12.5 s", "340 s".
std::string short_duration(Milliseconds duration);

}  // namespace farm::command
