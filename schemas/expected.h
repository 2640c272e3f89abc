// Expected<T>: a T or an Error. A small subset of C++23's std::expected (which g++ 12 lacks in
// C++20 mode), plus FARM_TRY and FARM_ASSERT. Not a general result type: the error is always
// farm::Error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <variant>

#include "schemas/error.h"

// Aborts with file and line: for states that only a bug of ours can reach.
#define FARM_ASSERT(condition)                                                               \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

namespace farm {

// The value of an operation that yields nothing but success.
struct Done {};

template <typename T>
class [[nodiscard]] Expected {
 public:
  using value_type = T;

  Expected(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Expected(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // Precondition: has_value(); a violation aborts.
  T& value() & {
    FARM_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    FARM_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    FARM_ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: !has_value(); a violation aborts.
  Error& error() & {
    FARM_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    FARM_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    FARM_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace farm

#define FARM_CONCAT_INNER(a, b) a##b
#define FARM_CONCAT(a, b) FARM_CONCAT_INNER(a, b)

// FARM_TRY(Type name, expression): declares `name` from the Expected that `expression` yields, or
// returns its Error.
#define FARM_TRY(declaration, ...) \
  FARM_TRY_IMPL(FARM_CONCAT(farm_try_, __LINE__), declaration, __VA_ARGS__)
#define FARM_TRY_IMPL(holder, declaration, ...)  \
  auto holder = (__VA_ARGS__);                   \
  if (!holder) return std::move(holder).error(); \
  declaration = std::move(holder).value()

// FARM_CHECK_OK(expression): the same for Expected<Done>.
#define FARM_CHECK_OK(...)                                  \
  do {                                                      \
    if (auto farm_check_ok = (__VA_ARGS__); !farm_check_ok) \
      return std::move(farm_check_ok).error();              \
  } while (false)
