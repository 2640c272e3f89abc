// Units as types. In JSON the unit is the field's suffix (`_ms`, `_bytes`); decode converts once.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace farm {

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;
using Nanoseconds = std::chrono::nanoseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// A size in bytes; never a count of anything else.
struct Bytes {
  std::int64_t count = 0;

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
  friend constexpr Bytes operator*(Bytes a, std::int64_t n) { return {a.count * n}; }
};

constexpr Bytes kib(std::int64_t n) { return {n * 1024}; }
constexpr Bytes mib(std::int64_t n) { return {n * 1024 * 1024}; }
constexpr Bytes gib(std::int64_t n) { return {n * 1024 * 1024 * 1024}; }

}  // namespace farm
