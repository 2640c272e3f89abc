#include "grader/evaluate/server_limits.h"

#include <algorithm>
#include <string>

namespace farm::evaluate {
namespace {

std::int64_t number(Milliseconds value) { return value.count(); }
std::int64_t number(Bytes value) { return value.count; }
std::int64_t number(std::int64_t value) { return value; }

Error out_of_range(const char* field, std::int64_t value, const char* rule, std::int64_t bound) {
  return invalid_request("/limits/" + std::string(field) + ": " + std::to_string(value) + " is " +
                         rule + " " + std::to_string(bound));
}

// Below these a process cannot even be started, and the failure would look like the farm's.
constexpr Bytes kSmallestMemory = mib(8);
constexpr Bytes kSmallestTmpfs = kib(64);
constexpr Bytes kSmallestStack = kib(64);
constexpr std::int64_t kSmallestOpenFiles = 16;
constexpr std::int64_t kSmallestInodes = 32;

template <typename T>
struct Field {
  const char* name;
  std::optional<T> RequestedLimits::*requested;
  T LimitValues::*value;
  T smallest;
};

class Resolver {
 public:
  Resolver(const RequestedLimits& requested, const RequestedLimits& language,
           const ServerLimits& server)
      : requested_(requested), language_(language), server_(server) {}

  template <typename T>
  Resolver& take(const Field<T>& field) {
    const T maximum = server_.maxima.*field.value;
    const std::optional<T>& asked = requested_.*field.requested;
    if (!asked) {
      const T open = (language_.*field.requested).value_or(server_.defaults.*field.value);
      limits_.*field.value = std::min(open, maximum);
      return *this;
    }
    if (*asked > maximum)
      refuse(out_of_range(field.name, number(*asked), "above this farm's maximum of",
                          number(maximum)));
    if (*asked < field.smallest) {
      refuse(out_of_range(field.name, number(*asked), "below the smallest possible value,",
                          number(field.smallest)));
    }
    limits_.*field.value = *asked;
    return *this;
  }

  Expected<LimitValues> finish() const {
    if (refusal_) return *refusal_;
    return limits_;
  }

 private:
  void refuse(Error error) {
    if (!refusal_) refusal_ = std::move(error);
  }

  const RequestedLimits& requested_;
  const RequestedLimits& language_;
  const ServerLimits& server_;
  LimitValues limits_;
  std::optional<Error> refusal_;
};

}  // namespace

Expected<LimitValues> resolve(const RequestedLimits& requested, const RequestedLimits& language,
                              const ServerLimits& server) {
  using R = RequestedLimits;
  using V = LimitValues;
  constexpr Milliseconds kOneMs{1};
  FARM_TRY(
      V limits,
      Resolver(requested, language, server)
          .take<Milliseconds>({"compile_cpu_ms", &R::compile_cpu, &V::compile_cpu, kOneMs})
          .take<Milliseconds>({"run_cpu_ms", &R::run_cpu, &V::run_cpu, kOneMs})
          .take<Milliseconds>({"run_wall_ms", &R::run_wall, &V::run_wall, kOneMs})
          .take<Milliseconds>({"total_wall_ms", &R::total_wall, &V::total_wall, kOneMs})
          .take<Bytes>(
              {"compile_memory_bytes", &R::compile_memory, &V::compile_memory, kSmallestMemory})
          .take<Bytes>({"memory_bytes", &R::memory, &V::memory, kSmallestMemory})
          .take<Bytes>({"output_bytes", &R::output, &V::output, Bytes{1}})
          .take<Bytes>({"return_output_bytes", &R::return_output, &V::return_output, Bytes{0}})
          .take<Bytes>({"tmpfs_bytes", &R::tmpfs, &V::tmpfs, kSmallestTmpfs})
          .take<Bytes>({"stack_bytes", &R::stack, &V::stack, Bytes{0}})
          .take<std::int64_t>({"processes", &R::processes, &V::processes, 1})
          .take<std::int64_t>({"open_files", &R::open_files, &V::open_files, kSmallestOpenFiles})
          .take<std::int64_t>({"tmpfs_inodes", &R::tmpfs_inodes, &V::tmpfs_inodes, kSmallestInodes})
          .finish());
  if (limits.stack > Bytes{0} && limits.stack < kSmallestStack) {
    return out_of_range("stack_bytes", limits.stack.count, "neither 0 nor at least",
                        kSmallestStack.count);
  }
  if (requested.run_cpu && !requested.run_wall) {
    limits.run_wall =
        std::min(std::max(limits.run_wall, 2 * limits.run_cpu), server.maxima.run_wall);
  }
  return limits;
}

}  // namespace farm::evaluate
