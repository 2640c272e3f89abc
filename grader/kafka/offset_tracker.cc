#include "grader/kafka/offset_tracker.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace farm::kafka {
namespace {

constexpr std::string_view kVersion = "1:";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_varint(std::string& bytes, std::uint64_t number) {
  while (number >= 0x80) {
    bytes += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  bytes += static_cast<char>(number);
}

std::string base64_of(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(byte);
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += kBase64[(bits >> count) & 0x3F];
    }
  }
  if (count > 0) text += kBase64[(bits << (6 - count)) & 0x3F];
  return text;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const auto value = kBase64.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count);
    }
  }
  return bytes;
}

// The lengths that the metadata holds; nullopt if it is not of this version or is damaged anywhere.
std::optional<std::vector<std::int64_t>> lengths_of(std::string_view metadata) {
  if (!metadata.starts_with(kVersion)) return std::nullopt;
  const auto bytes = bytes_of_base64(metadata.substr(kVersion.size()));
  if (!bytes) return std::nullopt;
  std::vector<std::int64_t> lengths;
  std::uint64_t number = 0;
  int shift = 0;
  for (const char byte : *bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (shift > 56) return std::nullopt;  // more than 63 bits
    number |= static_cast<std::uint64_t>(value & 0x7F) << shift;
    shift += 7;
    if (value & 0x80) continue;
    if (number == 0) return std::nullopt;
    lengths.push_back(static_cast<std::int64_t>(number));
    number = 0;
    shift = 0;
  }
  if (shift != 0 || lengths.size() % 2 != 0) return std::nullopt;
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
