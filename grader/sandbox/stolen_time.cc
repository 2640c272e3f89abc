#include "grader/sandbox/stolen_time.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "grader/os/files.h"

namespace farm::sandbox {
namespace {

constexpr int kStealField = 8;  // after the name: user nice system idle iowait irq softirq steal

constexpr clockid_t kTicks = 0;      // CPUCLOCK_PROF
constexpr clockid_t kScheduler = 2;  // CPUCLOCK_SCHED

// The number in field `wanted` (from 1) after the line's name; 0 where there is none.
std::int64_t number_in(std::string_view line, int wanted) {
  for (int field = 0; field < wanted; ++field) {
    line.remove_prefix(std::min(line.find(' '), line.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  }
  std::int64_t value = 0;
  std::from_chars(line.data(), line.data() + line.size(), value);
  return std::max<std::int64_t>(value, 0);
}

std::int64_t stolen_ticks(std::string_view stat, int cpu) {
  const std::string name = "\ncpu" + std::to_string(cpu) + " ";  // the first line is of all CPUs
  const std::size_t at = stat.find(name);
  if (at == std::string_view::npos) return 0;
  stat.remove_prefix(at + 1);
  return number_in(stat.substr(0, stat.find('\n')), kStealField);
}

std::optional<Nanoseconds> read_clock(pid_t pid, clockid_t which) {
  const clockid_t clock = static_cast<clockid_t>(~static_cast<unsigned>(pid) << 3) | which;
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) return std::nullopt;  // it is gone
  return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

}  // namespace

Nanoseconds parse_stolen(std::string_view stat, const std::vector<int>& cpus) {
  static const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
  std::int64_t ticks = 0;
  for (const int cpu : cpus) ticks += stolen_ticks(stat, cpu);
  const auto count = std::max<std::int64_t>(static_cast<std::int64_t>(cpus.size()), 1);
  return Nanoseconds(ticks * (1'000'000'000 / per_second) / count);
}

Nanoseconds stolen_so_far(int proc_fd, const std::vector<int>& cpus) {
  const auto stat = os::read_file_at(proc_fd, "stat");
  return stat ? parse_stolen(*stat, cpus) : Nanoseconds(0);
}

Nanoseconds ahead_of_ticks(const std::vector<pid_t>& pids) {
  Nanoseconds sum{0};
  for (const pid_t pid : pids) {
    const std::optional<Nanoseconds> counted = read_clock(pid, kScheduler);
    const std::optional<Nanoseconds> ticks = read_clock(pid, kTicks);
    if (counted && ticks) sum += std::max(Nanoseconds(0), *counted - *ticks);
  }
  return sum;
}

Nanoseconds miscounted(Nanoseconds stolen, Nanoseconds ahead_of_ticks) {
  return std::max(Nanoseconds(0), std::min(stolen, ahead_of_ticks));
}

Nanoseconds lost_to_theft(Nanoseconds stolen, Nanoseconds late, Nanoseconds cpu_used,
                          Nanoseconds elapsed) {
  const double left = std::max(1.0, static_cast<double>((elapsed - stolen).count()));
  const double share = std::clamp(static_cast<double>(cpu_used.count()) / left, 0.0, 1.0);
  const Nanoseconds while_it_ran(
      static_cast<std::int64_t>(share * static_cast<double>(stolen.count())));
  return std::min(stolen, late + while_it_ran);
}

bool stood_still(Nanoseconds lost, Nanoseconds elapsed) { return lost * 2 >= elapsed; }

}  // namespace farm::sandbox
