// How one log event becomes text: pure functions. Whatever the bytes of a message or field are
// (line feeds, terminal escapes, invalid UTF-8, megabytes), the result is one line of printable
// UTF-8 that cannot be mistaken for two.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace farm::monitoring {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kAuto, kText, kJson };

std::string_view word(LogLevel);   // debug info warning error
std::string_view word(LogFormat);  // auto text json
std::optional<LogLevel> parse_log_level(std::string_view);
std::optional<LogFormat> parse_log_format(std::string_view);

// One named value of a log line. Refers to text that it does not own: build it in the call, do not
// keep it. Durations are whole milliseconds; give them a key that ends in `_ms`.
class Field {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  Field(std::string_view key, const std::string& value)
      : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, bool value) : key_(key), value_(value) {}
  template <std::signed_integral T>
  Field(std::string_view key, T value) : key_(key), value_(std::int64_t{value}) {}
  template <std::unsigned_integral T>
  Field(std::string_view key, T value) : key_(key), value_(std::uint64_t{value}) {}
  Field(std::string_view key, double value) : key_(key), value_(value) {}
  template <typename Rep, typename Period>
  Field(std::string_view key, std::chrono::duration<Rep, Period> value)
      : key_(key),
        value_(std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(value).count()}) {
  }

  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

// The most bytes of a message or of one field that a line carries; the rest is replaced by its
// count.
inline constexpr std::size_t kMaxLogValueBytes = 4096;

// `message key=value key="value with spaces"`: control characters and invalid UTF-8 as \n, \x1b, ….
std::string text_line(std::string_view message, std::span<const Field> fields);

// `"message":"…","key":value`: the members of a JSON object, without its braces. Invalid UTF-8
// becomes U+FFFD; keys `time`, `level` and `message` get a trailing underscore; doubles that are
// not finite become strings.
std::string json_members(std::string_view message, std::span<const Field> fields);

}  // namespace farm::monitoring
