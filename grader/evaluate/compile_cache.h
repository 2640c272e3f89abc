// CompileCache: outcomes of compile steps, by everything that went into them, so that what samplers
// produce twice is compiled once. In a directory of the daemon, which no sandbox shows; several
// graders of one host may share it.
//
// Theory of operation. An entry is a file, named by its key (compile_entry.h), whole by rename, and
// checked against its own checksum when it is read: what does not match is removed and compiled
// again. The directory is bounded; what was not used for the longest time goes first. Only outcomes
// that compiling again would repeat are kept. Steps of one key that are under way at the same time
// are one step (single_flight.h); a leader that fails leaves the others to themselves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "grader/evaluate/single_flight.h"
#include "grader/os/capped_directory.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::evaluate {

struct CompileCacheNumbers {
  std::int64_t hits = 0;      // answered without a compiler: from the directory or by another slot
  std::int64_t misses = 0;    // compiled
  std::int64_t failures = 0;  // entries that were corrupted or could not be read or written
  Bytes used;                 // by entries in the directory, other graders' included
};

// Thread-safe.
class CompileCache {
 public:
  // What os::CappedDirectorySettings::is_ours has to say yes to.
  static bool is_entry_name(std::string_view name);

  // `toolchain` is part of every key: whatever decides what compilers do here.
  CompileCache(os::CappedDirectory directory, std::string toolchain)
      : toolchain_(std::move(toolchain)),
        largest_(directory.max_bytes().count / kShareOfOne),
        directory_(std::move(directory)) {}

  struct Compiled {
    sandbox::RunOutcome outcome;
    bool cached = false;
    bool cancelled = false;  // while it waited for another slot: there is no outcome
  };
  // The outcome of `spec`, by `compile` where there is none yet. Blocks for `compile`, or for that
  // of another slot, at most for the step's wall limit before it compiles by itself. Errors: those
  // of `compile`.
  Expected<Compiled> get(const sandbox::RunSpec& spec, const std::atomic<bool>* cancelled,
                         const std::function<Expected<sandbox::RunOutcome>()>& compile);

  CompileCacheNumbers numbers() const;

 private:
  // No entry may push out more than a small part of the others.
  static constexpr std::int64_t kShareOfOne = 16;

  std::optional<sandbox::RunOutcome> find(const std::string& key);
  void keep(const std::string& key, const sandbox::RunOutcome& outcome);
  Expected<sandbox::RunOutcome> compile_and_count(
      const std::function<Expected<sandbox::RunOutcome>()>& compile);

  const std::string toolchain_;
  const std::int64_t largest_;
  SingleFlight<sandbox::RunOutcome> flights_;
  std::atomic<std::int64_t> hits_{0}, misses_{0}, failures_{0};
  mutable std::mutex mutex_;  // of the directory
  os::CappedDirectory directory_;
};

}  // namespace farm::evaluate
