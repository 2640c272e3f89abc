#include "grader/kafka/suspects.h"

#include <algorithm>
#include <limits>

#include "grader/kafka/varints.h"

namespace farm::kafka {
namespace {

constexpr std::string_view kPrefix = ";s:";
constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;

}  // namespace

std::string_view Suspects::done_map_of(std::string_view metadata) {
  return metadata.substr(0, metadata.find(kPrefix));
}

Suspects::Suspects(std::int64_t mark, std::string_view metadata) {
  const auto at = metadata.find(kPrefix);
  if (mark < 0 || mark > kFar || at == std::string_view::npos) return;
  const auto numbers = numbers_of_base64(metadata.substr(at + kPrefix.size()));
  if (!numbers || numbers->size() < 3 || numbers->size() % 2 == 0) return;
  if (std::any_of(numbers->begin(), numbers->end(), [](auto n) { return n > kFar; })) return;
  const bool died = numbers->at(0) != 0;
  end_ = mark + numbers->at(1);
  if (died) end_ = std::max(end_, mark + numbers->at(2) + kStartWindow);
  std::int64_t offset = mark;
  for (std::size_t i = 3; i < numbers->size(); i += 2) {
    offset += numbers->at(i);
    if (offset > kFar || attempts_.size() == kMaxAttempts) return;
    attempts_[offset] = numbers->at(i + 1);
  }
}

int Suspects::crashes(std::int64_t offset) const {
  if (offset >= end_) return 0;
  const auto tried = attempts_.find(offset);
  return tried == attempts_.end() || tried->second == 0 ? 1 : 2;
}

void Suspects::forget_attempt(std::int64_t offset) {
  const auto tried = attempts_.find(offset);
  if (tried != attempts_.end() && --tried->second == 0) attempts_.erase(tried);
}

std::string Suspects::text(std::int64_t mark, std::int64_t next_start, bool owned) const {
  std::string bytes;
  const auto append = [&bytes](std::int64_t number) {
    append_varint(bytes, static_cast<std::uint64_t>(std::max<std::int64_t>(0, number)));
  };
  append(owned ? 1 : 0);
  append(end_ - mark);
  append(next_start - mark);
  std::int64_t before = mark;
  std::size_t count = 0;
  for (const auto& [offset, attempts] : attempts_) {
    if (offset < mark) continue;
    if (++count > kMaxAttempts) break;
    append(offset - before);
    append(attempts);
    before = offset;
  }
  return std::string(kPrefix) + base64_of(bytes);
}

}  // namespace farm::kafka
