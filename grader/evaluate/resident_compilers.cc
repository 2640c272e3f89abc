#include "grader/evaluate/resident_compilers.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "grader/evaluate/compile_entry.h"

namespace farm::evaluate {
namespace {

using sandbox::RunOutcome;
using sandbox::RunSpec;

class Sender {
 public:
  void number(std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<char>(static_cast<std::uint32_t>(value) >> shift));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// After what is not there everything is 0 or empty, and at_end() false.
class Receiver {
 public:
  explicit Receiver(std::string_view bytes) : rest_(bytes) {}

  std::uint32_t number() {
    std::uint32_t value = 0;
    for (const char c : take(4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

bool would_be_fetched(const RunSpec& step, const std::string& path) {
  if (std::find(step.fetch.begin(), step.fetch.end(), path) != step.fetch.end()) return true;
  return path.find('/') == std::string::npos &&
         std::any_of(step.fetch_suffixes.begin(), step.fetch_suffixes.end(),
                     [&](const std::string& suffix) {
                       return path.size() > suffix.size() && path.ends_with(suffix);
                     });
}

// Files of the farm's own are the resident's already.
bool is_trusted(const sandbox::InputFile& file) { return !file.writable; }

}  // namespace

std::string resident_task(const RunSpec& step) {
  Sender out;
  out.number(step.commands.front().size());
  for (const std::string& argument : step.commands.front()) out.text(argument);
  out.number(static_cast<std::size_t>(
      std::count_if(step.files.begin(), step.files.end(),
                    [](const sandbox::InputFile& file) { return !is_trusted(file); })));
  for (const sandbox::InputFile& file : step.files) {
    if (is_trusted(file)) continue;
    out.text(file.path);
    out.text(file.content);
  }
  return out.take();
}

std::optional<RunOutcome> resident_answer(const RunSpec& step, std::string_view answer) {
  Receiver in(answer);
  RunOutcome outcome;
  outcome.exit_code = static_cast<int>(in.number());
  outcome.stdout_bytes = in.text();
  outcome.stderr_bytes = in.text();
  outcome.stdout_total = static_cast<std::int64_t>(outcome.stdout_bytes.size());
  outcome.stderr_total = static_cast<std::int64_t>(outcome.stderr_bytes.size());
  for (std::uint32_t left = in.number(); left > 0 && in.ok(); --left) {
    std::string path = in.text();
    sandbox::FetchedFile file;
    file.content = in.text();
    const bool fits = static_cast<std::int64_t>(file.content.size()) <= step.fetch_limit.count;
    if (!fits || !would_be_fetched(step, path)) return std::nullopt;
    outcome.files.insert_or_assign(std::move(path), std::move(file));
  }
  if (!in.at_end() || outcome.files.size() > sandbox::kMostBySuffix) return std::nullopt;
  if (outcome.exit_code != 0 && outcome.exit_code != 1) return std::nullopt;
  return outcome;
}

std::optional<RunOutcome> ResidentCompilers::compile(const Program& program) {
  const RunSpec& step = *program.compile;
  // It has the memory that its own limit says.
  if (!program.resident || step.limits.memory < program.resident->limits.memory)
    return std::nullopt;
  const auto [place, is_new] = residents_.try_emplace(program.language);
  std::unique_ptr<sandbox::Resident>& resident = place->second;
  if (is_new) resident = make_(program.language, *program.resident);
  if (!resident || !resident->is_ready()) return std::nullopt;
  const std::optional<RunOutcome> turn = resident->ask(resident_task(step));
  if (!turn) return std::nullopt;
  std::optional<RunOutcome> outcome = resident_answer(step, turn->channel_bytes);
  if (!outcome) {
    resident->end();
    return std::nullopt;
  }
  outcome->cpu = turn->cpu;
  outcome->wall = turn->wall;
  outcome->starved = turn->starved;
  outcome->throttled = turn->throttled;
  outcome->memory_peak = turn->memory_peak;
  outcome->isolation = turn->isolation;
  outcome->forgiven = turn->forgiven;
  if (!is_repeatable(*outcome, step.limits)) {
    resident->end();
    return std::nullopt;
  }
  return outcome;
}

}  // namespace farm::evaluate
