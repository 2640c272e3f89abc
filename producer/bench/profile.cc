#include "producer/bench/profile.h"

#include <algorithm>

#include "producer/bench/turns.h"

namespace farm::bench {

void Profile::add(const Graded& graded) {
  Row row{};
  row.total = graded.seconds() * 1e6;
  for (const SandboxRun& run : graded.runs) {
    const double all = seconds_between(run.begun, run.ended) * 1e6;
    if (run.compiler) {
      row.compiler += all;
      continue;
    }
    row.runs += 1;
    row.program += static_cast<double>(run.program_wall.count());
    row.cpu += static_cast<double>(run.program_cpu.count());
    row.waited += static_cast<double>(run.waited.count());
    row.around += all - static_cast<double>((run.program_wall + run.waited).count());
  }
  row.own = row.total - row.compiler - row.program - row.waited - row.around;
  const std::lock_guard lock(mutex_);
  rows_.push_back(row);
}

std::vector<ProfileStep> Profile::steps() const {
  const std::lock_guard lock(mutex_);
  if (rows_.empty()) return {};
  const auto column = [this](double Row::*member) {
    std::vector<double> values;
    for (const Row& row : rows_) values.push_back(row.*member);
    std::sort(values.begin(), values.end());
    return values;
  };
  const double total = spread_of(column(&Row::total)).median;
  std::vector<ProfileStep> steps;
  const auto add = [&](const std::string& name, double Row::*member, bool is_part) {
    const std::vector<double> values = column(member);
    const double median = spread_of(values).median;
    const double p90 = values[(values.size() - 1) * 9 / 10];
    steps.push_back({name, median, p90, is_part ? median / total : 0});
  };
  const auto runs = static_cast<int>(spread_of(column(&Row::runs)).median);
  add("decide, judge", &Row::own, true);
  add("compiler", &Row::compiler, true);
  add("set up, clean (" + std::to_string(runs) + " runs)", &Row::around, true);
  add("programs, wall", &Row::program, true);
  add("of that, CPU", &Row::cpu, false);
  add("programs, no CPU", &Row::waited, true);
  add("whole request", &Row::total, false);
  return steps;
}

}  // namespace farm::bench
