#include "grader/kafka/start_marks.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <set>

#include "grader/kafka/varints.h"

namespace farm::kafka {
namespace {

constexpr std::string_view kPrefix = ";m:";
constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;

std::string varint(std::int64_t number) {
  std::string bytes;
  append_varint(bytes, static_cast<std::uint64_t>(number));
  return bytes;
}

}  // namespace

ProcessId draw_process_id() {
  std::random_device device;
  return std::uniform_int_distribution<ProcessId>(1, std::numeric_limits<ProcessId>::max())(device);
}

std::string_view StartMarks::done_map_of(std::string_view metadata) {
  return metadata.substr(0, metadata.find(kPrefix));
}

StartMarks::StartMarks(ProcessId self, std::int64_t mark, std::string_view metadata) : self_(self) {
  const auto at = metadata.find(kPrefix);
  if (mark < 0 || mark > kFar || at == std::string_view::npos) return;
  const auto numbers = numbers_of_base64(metadata.substr(at + kPrefix.size()));
  if (!numbers || numbers->empty()) return;
  const std::int64_t owners = numbers->front();
  if (owners < 0 || owners > static_cast<std::int64_t>(kMaxOwners)) return;
  const auto first = static_cast<std::size_t>(1 + owners);
  if (numbers->size() < first || (numbers->size() - first) % 2 != 0) return;
  Marks marks;
  std::int64_t offset = mark;
  for (std::size_t i = first; i < numbers->size(); i += 2) {
    const std::int64_t distance = numbers->at(i);
    const std::int64_t code = numbers->at(i + 1);
    if (distance < 0 || distance > kFar - offset || code < 0) return;
    offset += distance;
    Mark one;
    one.crashes = static_cast<int>(std::min<std::int64_t>(code / (owners + 1), kMaxCrashes));
    const std::int64_t place = code % (owners + 1);
    if (place > 0) one.owner = numbers->at(static_cast<std::size_t>(place));
    if (one.owner == self_) one.owner = 0;
    if (one.owner != 0 || one.crashes > 0) marks[offset] = one;
  }
  marks_ = std::move(marks);
}

std::size_t StartMarks::size_below(std::int64_t end) const {
  return static_cast<std::size_t>(std::distance(marks_.begin(), marks_.lower_bound(end)));
}

int StartMarks::crashes(std::int64_t offset) const {
  const auto at = marks_.find(offset);
  return at == marks_.end() ? 0 : at->second.crashes;
}

bool StartMarks::waits(std::int64_t offset) const {
  const auto at = marks_.find(offset);
  return at != marks_.end() && at->second.owner != 0 && at->second.owner != self_;
}

std::vector<ProcessId> StartMarks::awaited() const {
  std::set<ProcessId> owners;
  for (const auto& [offset, mark] : marks_) {
    if (mark.owner != 0 && mark.owner != self_) owners.insert(mark.owner);
  }
  return {owners.begin(), owners.end()};
}

bool StartMarks::judge(ProcessId owner, bool alive) {
  if (owner == 0 || owner == self_) return false;
  bool changed = false;
  for (auto at = marks_.begin(); at != marks_.end();) {
    Mark& mark = at->second;
    if (mark.owner != owner) {
      ++at;
      continue;
    }
    changed = true;
    mark.owner = 0;
    if (!alive) mark.crashes = std::min(mark.crashes + 1, kMaxCrashes);
    at = mark.crashes == 0 ? marks_.erase(at) : std::next(at);
  }
  return changed;
}

void StartMarks::skip(std::int64_t begin, std::int64_t end) {
  if (begin < end) marks_.erase(marks_.lower_bound(begin), marks_.lower_bound(end));
}

bool StartMarks::any_own() const {
  return std::any_of(marks_.begin(), marks_.end(), [this](const auto& entry) {
    return self_ != 0 && entry.second.owner == self_;
  });
}

StartMarks::Marks StartMarks::to_say(std::int64_t mark, bool hand_over) const {
  Marks said;
  std::set<ProcessId> owners;
  for (auto at = marks_.lower_bound(mark); at != marks_.end(); ++at) {
    Mark one = at->second;
    if (hand_over && one.owner == self_) one.owner = 0;
    if (owners.size() == kMaxOwners && !owners.contains(one.owner)) one.owner = 0;
    if (one.owner != 0) owners.insert(one.owner);
    if (one.owner != 0 || one.crashes > 0) said.emplace(at->first, one);
  }
  return said;
}

std::string StartMarks::text(std::int64_t mark, bool hand_over) const {
  constexpr std::size_t kMaxBytes = (kMaxTextBytes - kPrefix.size()) / 4 * 3;
  const Marks said = to_say(mark, hand_over);
  if (said.empty()) return {};
  std::map<ProcessId, std::int64_t> places;
  for (const auto& [offset, one] : said) {
    if (one.owner != 0) places.emplace(one.owner, 0);
  }
  const auto owners = static_cast<std::int64_t>(places.size());
  std::string bytes = varint(owners);
  std::int64_t next = 1;
  for (auto& [owner, place] : places) {
    place = next++;
    bytes += varint(owner);
  }
  std::int64_t before = mark;
  for (const auto& [offset, one] : said) {
    const std::int64_t place = one.owner == 0 ? 0 : places.at(one.owner);
    const std::string pair = varint(offset - before) + varint(one.crashes * (owners + 1) + place);
    if (bytes.size() + pair.size() > kMaxBytes) break;
    bytes += pair;
    before = offset;
  }
  return std::string(kPrefix) + base64_of(bytes);
}

}  // namespace farm::kafka
