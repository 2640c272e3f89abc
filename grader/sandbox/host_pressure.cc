#include "grader/sandbox/host_pressure.h"

#include <algorithm>
#include <charconv>

#include "grader/os/files.h"

namespace farm::sandbox {
namespace {

constexpr double kStalledPercent = 10.0;
constexpr double kAvailableShare = 0.05;

// The number after `key` and any blanks; -1 where there is none.
double number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return -1;
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  double value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

bool stalls_on_memory(std::string_view pressure) {
  return number_after(pressure, "some avg10=") >= kStalledPercent;
}

bool is_nearly_full(std::string_view meminfo) {
  const double total = number_after(meminfo, "MemTotal:");
  const double available = number_after(meminfo, "MemAvailable:");
  return total > 0 && available >= 0 && available < total * kAvailableShare;
}

bool host_is_short_of_memory() {
  const auto pressure = os::read_file("/proc/pressure/memory");
  if (pressure && stalls_on_memory(*pressure)) return true;
  const auto meminfo = os::read_file("/proc/meminfo");
  return meminfo && is_nearly_full(*meminfo);
}

Microseconds time_stalled(std::string_view pressure) {
  const double microseconds = number_after(pressure, "total=");  // the first is that of "some"
  return Microseconds(static_cast<std::int64_t>(std::max(0.0, microseconds)));
}

Microseconds time_stalled_on_cpu_or_io() {
  Microseconds sum{0};
  for (const char* const path : {"/proc/pressure/cpu", "/proc/pressure/io"}) {
    if (const auto pressure = os::read_file(path)) sum += time_stalled(*pressure);
  }
  return sum;
}

bool is_contended(Microseconds stalled, Milliseconds wall_limit) {
  return stalled * 10 >= wall_limit;
}

}  // namespace farm::sandbox
