#include "producer/gateway/deadline.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

constexpr double kLongest = 24 * 3600;
constexpr Milliseconds kMostMargin{2'000};

Milliseconds of_seconds(double seconds) {
  return Milliseconds(static_cast<std::int64_t>(std::clamp(seconds, 0.001, kLongest) * 1000));
}

bool is_requests(std::string_view user_agent) { return user_agent.starts_with("python-requests"); }

}  // namespace

std::optional<Milliseconds> patience_of_run_code(const Value& body, std::string_view user_agent,
                                                 double compile_timeout, double run_timeout) {
  const auto has = [&](std::string_view name) { return find_member(body, name) != nullptr; };
  if (has("expected_stdout")) return Milliseconds(30'000);
  if (!is_requests(user_agent)) return std::nullopt;
  if (has("compile_timeout") && has("memory_limit_MB") && has("fetch_files"))
    return of_seconds(compile_timeout + run_timeout + 10);
  if (has("run_timeout") && !has("compile_timeout")) return of_seconds(run_timeout + 2);
  return std::nullopt;
}

std::optional<Milliseconds> patience_of_common_evaluate(std::string_view user_agent,
                                                        std::optional<double> compile_timeout,
                                                        std::optional<double> run_timeout) {
  if (!is_requests(user_agent) || !compile_timeout || !run_timeout) return std::nullopt;
  return of_seconds(*compile_timeout + *run_timeout + 10);
}

std::optional<Milliseconds> patience_of_header(std::string_view value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number <= 0) return std::nullopt;
  return std::min(Milliseconds(number), of_seconds(kLongest));
}

Milliseconds hold_time(Milliseconds patience) {
  return patience - std::min(patience / 10, kMostMargin);
}

}  // namespace farm::gateway
