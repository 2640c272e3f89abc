#include "grader/kafka/offset_tracker.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "grader/kafka/varints.h"

namespace farm::kafka {
namespace {

constexpr std::string_view kVersion = "1:";

// The lengths that the metadata holds; nullopt if it is not of this version or is damaged anywhere.
std::optional<std::vector<std::int64_t>> lengths_of(std::string_view metadata) {
  if (!metadata.starts_with(kVersion)) return std::nullopt;
  auto lengths = numbers_of_base64(metadata.substr(kVersion.size()));
  if (!lengths || lengths->size() % 2 != 0) return std::nullopt;
  if (std::find(lengths->begin(), lengths->end(), 0) != lengths->end()) return std::nullopt;
  return lengths;
}

}  // namespace

OffsetTracker::OffsetTracker(std::optional<std::int64_t> committed, std::string_view metadata) {
  if (!committed || *committed < 0) return;
  mark_ = committed;
  next_start_ = *committed;
  const auto lengths = lengths_of(metadata);
  if (!lengths) return;
  std::map<std::int64_t, std::int64_t> runs;
  std::int64_t end = *committed;
  for (std::size_t i = 0; i < lengths->size(); i += 2) {
    const auto gap = (*lengths)[i];
    const auto run = (*lengths)[i + 1];
    const auto room = std::numeric_limits<std::int64_t>::max() - end;
    if (gap > room || run > room - gap) return;
    runs.emplace(end + gap, end + gap + run);
    end += gap + run;
  }
  runs_ = std::move(runs);
}

bool OffsetTracker::rewinds(std::int64_t offset) const { return mark_ && offset < next_start_; }

bool OffsetTracker::start(std::int64_t offset) {
  if (!mark_ || rewinds(offset)) {
    runs_.clear();
    dirty_ = mark_.has_value();
    mark_ = offset;
    next_start_ = offset + 1;
    return true;
  }
  if (offset > next_start_) add_run(next_start_, offset);
  next_start_ = offset + 1;
  return !is_done(offset);
}

void OffsetTracker::done(std::int64_t offset) {
  if (!mark_ || offset >= next_start_ || is_done(offset)) return;
  add_run(offset, offset + 1);
}

bool OffsetTracker::is_done(std::int64_t offset) const {
  if (offset < *mark_) return true;
  const auto after = runs_.upper_bound(offset);
  return after != runs_.begin() && offset < std::prev(after)->second;
}

// Adds [begin, end), which may overlap and touch runs that are there, and moves the mark over what
// is now done.
void OffsetTracker::add_run(std::int64_t begin, std::int64_t end) {
  dirty_ = true;
  auto run = runs_.upper_bound(begin);
  if (run != runs_.begin() && std::prev(run)->second >= begin) --run;
  while (run != runs_.end() && run->first <= end) {
    begin = std::min(begin, run->first);
    end = std::max(end, run->second);
    run = runs_.erase(run);
  }
  if (begin <= *mark_) {
    mark_ = std::max(*mark_, end);
  } else {
    runs_.emplace(begin, end);
  }
}

bool OffsetTracker::may_pull() const { return span() < kMaxSpan; }

std::optional<std::int64_t> OffsetTracker::committable() const { return mark_; }

std::string OffsetTracker::metadata() const {
  constexpr std::size_t kMaxBytes = (kMaxMetadataBytes - kVersion.size()) / 4 * 3;
  if (runs_.empty()) return {};
  std::string bytes;
  std::int64_t end = *mark_;
  for (const auto& [run_begin, run_end] : runs_) {
    std::string pair;
    append_varint(pair, static_cast<std::uint64_t>(run_begin - end));
    append_varint(pair, static_cast<std::uint64_t>(run_end - run_begin));
    if (bytes.size() + pair.size() > kMaxBytes) break;
    bytes += pair;
    end = run_end;
  }
  return std::string(kVersion) + base64_of(bytes);
}

std::int64_t OffsetTracker::span() const {
  return mark_ ? std::max<std::int64_t>(0, next_start_ - *mark_) : 0;
}

std::size_t OffsetTracker::done_above_mark() const {
  std::size_t count = 0;
  for (const auto& [begin, end] : runs_) count += static_cast<std::size_t>(end - begin);
  return count;
}

}  // namespace farm::kafka
