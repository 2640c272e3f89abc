#include "producer/command/tally.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace farm::command {
namespace {

constexpr std::size_t kBarCells = 20;

double seconds(Milliseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

double rate(std::int64_t count, Milliseconds elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(count) / seconds(elapsed) : 0.0;
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

template <typename... Args>
std::string format(const char* pattern, Args... args) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), pattern, args...);
  return text.data();
}

std::string row(std::string_view name, std::int64_t count, std::int64_t total,
                const char* remark = "") {
  return format("%-16.*s %9lld %7.1f %%%s\n", static_cast<int>(name.size()), name.data(),
                static_cast<long long>(count), percent(count, total), remark);
}

std::string bar(double fraction) {
  const double filled = std::floor(std::clamp(fraction, 0.0, 1.0) * kBarCells);
  const auto cells = static_cast<std::size_t>(filled);
  return "[" + std::string(cells, '#') + std::string(kBarCells - cells, '-') + "]";
}

}  // namespace

void Tally::count(Verdict verdict) {
  counts_[static_cast<std::size_t>(verdict)] += 1;
  total_ += 1;
}

std::int64_t Tally::masked() const {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const Fault fault = fault_of(static_cast<Verdict>(i));
    if (fault == Fault::kRequest || fault == Fault::kFarm) sum += counts_[i];
  }
  return sum;
}

std::optional<std::int64_t> expected_total(const Progress& progress) {
  if (progress.input_ended) return progress.lines_read;
  if (!progress.input_bytes || progress.bytes_read <= 0) return std::nullopt;
  const double lines_per_byte =
      static_cast<double>(progress.lines_read) / static_cast<double>(progress.bytes_read);
  const double lines = lines_per_byte * static_cast<double>(*progress.input_bytes);
  return std::max(progress.lines_read, static_cast<std::int64_t>(std::llround(lines)));
}

std::string progress_line(const Progress& progress, const Tally& tally, std::size_t columns) {
  const std::int64_t done = tally.total();
  const double per_second = rate(done, progress.elapsed);
  const auto total = expected_total(progress);
  std::string line;
  if (total && *total > 0) {
    const char* about = progress.input_ended ? "" : "~";
    line = bar(static_cast<double>(done) / static_cast<double>(*total)) +
           format(" %3.0f %%  %lld of %s%lld", std::min(percent(done, *total), 100.0),
                  static_cast<long long>(done), about, static_cast<long long>(*total));
  } else {
    line = format("%lld answered, %lld under way", static_cast<long long>(done),
                  static_cast<long long>(std::max<std::int64_t>(progress.lines_read - done, 0)));
  }
  line += format("  %.1f/s", per_second);
  if (total && done > 0 && *total > done) {
    const double left = static_cast<double>(*total - done) / per_second;
    line += "  ETA " + duration_text(Milliseconds{std::llround(left * 1000.0)});
  }
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Verdict::kNotRun); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (tally.of(verdict) > 0) {
      line += "  " + std::string(word(verdict)) + " " + std::to_string(tally.of(verdict));
    }
  }
  if (line.size() > columns) line.resize(columns);
  return line;
}

std::string summary_table(const Tally& tally, std::int64_t unanswered, Milliseconds elapsed) {
  const std::int64_t total = tally.total();
  std::string table = "verdict              count   share\n";
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Verdict::kNotRun); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (tally.of(verdict) > 0) table += row(word(verdict), tally.of(verdict), total);
  }
  table += row("total", total, total);
  table += row("masked", tally.masked(), total, "  (rejected, expired, cancelled, farm_error)");
  if (unanswered > 0) {
    table += format("%-16s %9lld\n", "unanswered", static_cast<long long>(unanswered));
  }
  table += format("%-16s %9.1f  (%.1f results a second)\n", "seconds", seconds(elapsed),
                  rate(total, elapsed));
  return table;
}

std::string duration_text(Milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 1000) return format("%lld ms", static_cast<long long>(ms));
  const std::int64_t s = ms / 1000;
  if (s < 60) return format("%lld s", static_cast<long long>(s));
  if (s < 3600) {
    return format("%lld min %lld s", static_cast<long long>(s / 60),
                  static_cast<long long>(s % 60));
  }
  return format("%lld h %lld min", static_cast<long long>(s / 3600),
                static_cast<long long>(s % 3600 / 60));
}

}  // namespace farm::command
