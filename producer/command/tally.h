// Tally: what a run of `gradefarm grade` has so far, and how that looks: the progress line and the
// summary table. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "schemas/units.h"
#include "schemas/verdict.h"

namespace farm::command {

class Tally {
 public:
  void count(Verdict verdict);
  std::int64_t of(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }
  std::int64_t total() const { return total_; }
  // Results that say nothing about the submission (fault request or farm), and must not become a
  // reward.
  std::int64_t masked() const;

 private:
  static constexpr std::size_t kVerdicts = static_cast<std::size_t>(Verdict::kNotRun) + 1;
  std::array<std::int64_t, kVerdicts> counts_{};
  std::int64_t total_ = 0;
};

// Where a run stands. `input_bytes` is unset for a pipe, whose length nobody knows.
struct Progress {
  std::int64_t lines_read = 0;
  std::int64_t bytes_read = 0;
  std::optional<std::int64_t> input_bytes = {};
  bool input_ended = false;
  Milliseconds elapsed{0};
};

// How many results there will be: exact once the input has ended, extrapolated from bytes before,
// unset for a pipe.
std::optional<std::int64_t> expected_total(const Progress& progress);

// One line without a line end, at most `columns` wide:
// "[#####-----]  50 %  500 of 1000  42.1/s  ETA 12 s  accepted 400  wrong_answer 100"
std::string progress_line(const Progress& progress, const Tally& tally, std::size_t columns);

// The closing table, with line ends: verdicts that occurred with count and share, the masked share,
// time and rate.
std::string summary_table(const Tally& tally, std::int64_t unanswered, Milliseconds elapsed);

// "350 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(Milliseconds duration);

}  // namespace farm::command
