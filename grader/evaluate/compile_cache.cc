#include "grader/evaluate/compile_cache.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "grader/evaluate/compile_entry.h"

namespace farm::evaluate {
namespace {

using sandbox::RunOutcome;

constexpr std::string_view kSuffix = ".compiled";
constexpr std::size_t kKeySize = 64;

std::string entry_name(const std::string& key) { return key + std::string(kSuffix); }

}  // namespace

bool CompileCache::is_entry_name(std::string_view name) {
  return name.size() == kKeySize + kSuffix.size() && name.ends_with(kSuffix) &&
         name.substr(0, kKeySize).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Expected<RunOutcome> CompileCache::compile_and_count(
    const std::function<Expected<RunOutcome>()>& compile) {
  ++misses_;
  return compile();
}

Expected<CompileCache::Compiled> CompileCache::get(
    const sandbox::RunSpec& spec, const std::atomic<bool>* cancelled,
    const std::function<Expected<RunOutcome>()>& compile) {
  if (!is_timeless(spec)) {
    FARM_TRY(RunOutcome outcome, compile_and_count(compile));
    return Compiled{std::move(outcome)};
  }
  const std::string key = compile_key(spec, toolchain_);
  auto seat = flights_.join(key, spec.limits.wall, cancelled);
  if (!seat.leads()) {
    if (seat.value() != nullptr) {
      ++hits_;
      return Compiled{*seat.value(), true};
    }
    if (cancelled != nullptr && cancelled->load()) return Compiled{{}, false, true};
    FARM_TRY(RunOutcome outcome, compile_and_count(compile));
    return Compiled{std::move(outcome)};
  }
  // Only the leader looks: what another thread has just kept cannot be missed.
  if (std::optional<RunOutcome> found = find(key)) {
    ++hits_;
    seat.share(std::make_shared<const RunOutcome>(*found));
    return Compiled{*std::move(found), true};
  }
  FARM_TRY(RunOutcome outcome, compile_and_count(compile));
  if (is_repeatable(outcome, spec.limits)) {
    keep(key, outcome);
    seat.share(std::make_shared<const RunOutcome>(outcome));
  }
  return Compiled{std::move(outcome)};
}

std::optional<RunOutcome> CompileCache::find(const std::string& key) {
  const std::string name = entry_name(key);
  std::unique_lock lock(mutex_);
  const auto bytes = directory_.read(name);
  lock.unlock();
  if (!bytes) ++failures_;
  if (!bytes || !*bytes) return std::nullopt;
  std::optional<RunOutcome> outcome = decode_compiled(key, **bytes);
  if (!outcome) {
    ++failures_;
    lock.lock();
    directory_.remove(name);
  }
  return outcome;
}

void CompileCache::keep(const std::string& key, const RunOutcome& outcome) {
  const std::string entry = encode_compiled(key, outcome);
  if (static_cast<std::int64_t>(entry.size()) > largest_) return;
  const std::lock_guard lock(mutex_);
  if (!directory_.write(entry_name(key), entry)) ++failures_;
}

CompileCacheNumbers CompileCache::numbers() const {
  const std::lock_guard lock(mutex_);
  return {hits_, misses_, failures_, directory_.used()};
}

}  // namespace farm::evaluate
