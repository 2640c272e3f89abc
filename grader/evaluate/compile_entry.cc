#include "grader/evaluate/compile_entry.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "grader/evaluate/classify.h"
#include "grader/os/sha256.h"

namespace farm::evaluate {
namespace {

using sandbox::RunOutcome;

// Part of every key and entry: bump when either changes its meaning.
constexpr std::string_view kFormat = "gradefarm compiled 2\n";
constexpr std::size_t kChecksum = 64;

// Values one behind the other, texts with their length before them: no two lists of values have the
// same bytes.
class Fields {
 public:
  void add(std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
  }
  void add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    bytes_ += text;
  }
  void add_list(const std::vector<std::string>& texts) {
    add(static_cast<std::int64_t>(texts.size()));
    for (const std::string& text : texts) add(text);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The way back. After a value that is not there, everything is 0 or empty and ok() is false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number() {
    const std::string_view bytes = take(8);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
    return static_cast<std::int64_t>(bits);
  }
  std::string text() { return std::string(take(static_cast<std::uint64_t>(number()))); }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
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

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

std::string payload_of(std::string_view key, const RunOutcome& outcome) {
  Fields fields;
  fields.add(key);
  fields.add(std::int64_t{*outcome.exit_code});
  for (const Microseconds time : {outcome.cpu, outcome.wall, outcome.starved, outcome.throttled})
    fields.add(std::int64_t{time.count()});
  fields.add(outcome.memory_peak.count);
  fields.add(outcome.stdout_bytes);
  fields.add(outcome.stderr_bytes);
  fields.add(outcome.stdout_total);
  fields.add(outcome.stderr_total);
  fields.add(static_cast<std::int64_t>(outcome.command_index));
  fields.add(static_cast<std::int64_t>(outcome.isolation));
  fields.add(static_cast<std::int64_t>(outcome.files.size()));
  for (const auto& [path, file] : outcome.files) {
    fields.add(path);
    fields.add(file.content);
    fields.add(file.refused);
  }
  return fields.bytes();
}

}  // namespace

std::string compile_key(const sandbox::RunSpec& spec, std::string_view toolchain) {
  Fields fields;
  fields.add(kFormat);
  fields.add(toolchain);
  fields.add(static_cast<std::int64_t>(spec.commands.size()));
  for (const auto& command : spec.commands) fields.add_list(command);
  fields.add(static_cast<std::int64_t>(spec.env.size()));
  for (const auto& [name, value] : spec.env) {
    fields.add(name);
    fields.add(value);
  }
  fields.add(static_cast<std::int64_t>(spec.files.size()));
  for (const sandbox::InputFile& file : spec.files) {
    fields.add(file.path);
    fields.add(file.content);
    fields.add(std::int64_t{file.executable});
    fields.add(std::int64_t{file.writable});
  }
  fields.add(spec.stdin_bytes);
  fields.add_list(spec.fetch);
  fields.add_list(spec.fetch_suffixes);
  fields.add(spec.fetch_limit.count);
  fields.add(static_cast<std::int64_t>(spec.profile));
  const sandbox::Limits& limits = spec.limits;
  for (const std::int64_t limit :
       {std::int64_t{limits.cpu.count()}, std::int64_t{limits.wall.count()}, limits.memory.count,
        limits.stack.count, limits.output.count, limits.processes, limits.open_files,
        limits.tmpfs.count, limits.tmpfs_inodes}) {
    fields.add(limit);
  }
  return os::sha256_hex(fields.bytes());
}

bool is_timeless(const sandbox::RunSpec& spec) {
  return std::none_of(spec.files.begin(), spec.files.end(), [](const sandbox::InputFile& file) {
    return has_any(file.content, {"__DATE__", "__TIME__", "__TIMESTAMP__"});
  });
}

bool is_repeatable(const RunOutcome& outcome, const sandbox::Limits& limits) {
  if (outcome.ending != sandbox::Ending::kByItself || outcome.signal || !outcome.exit_code)
    return false;
  const Classification seen = classify(outcome, limits);
  if (seen.confirm) return false;
  if (seen.verdict != Verdict::kAccepted && seen.verdict != Verdict::kRuntimeError) return false;
  if (*outcome.exit_code == 0) return true;
  // What GCC and its parts, javac and node say where the machine, and not the program, is in the
  // way. A program that prints it itself (#error) is compiled every time.
  return !has_any(outcome.stderr_bytes,
                  {"terminated program", "terminated with signal", "internal compiler error",
                   "out of resources", "insufficient memory", "fatal error has been detected",
                   "memory exhausted", "out of memory", "Cannot allocate memory", "No space left",
                   "Resource temporarily unavailable", "Input/output error"});
}

std::string encode_compiled(std::string_view key, const RunOutcome& outcome) {
  const std::string payload = payload_of(key, outcome);
  return std::string(kFormat) + os::sha256_hex(payload) + payload;
}

std::optional<RunOutcome> decode_compiled(std::string_view key, std::string_view bytes) {
  if (!bytes.starts_with(kFormat)) return std::nullopt;
  bytes.remove_prefix(kFormat.size());
  const std::string_view checksum = bytes.substr(0, kChecksum);
  const std::string_view payload = bytes.substr(checksum.size());
  if (checksum != os::sha256_hex(payload)) return std::nullopt;

  FieldReader reader(payload);
  if (reader.text() != key) return std::nullopt;
  RunOutcome outcome;
  outcome.exit_code = static_cast<int>(reader.number());
  for (Microseconds* time : {&outcome.cpu, &outcome.wall, &outcome.starved, &outcome.throttled})
    *time = Microseconds(reader.number());
  outcome.memory_peak = Bytes{reader.number()};
  outcome.stdout_bytes = reader.text();
  outcome.stderr_bytes = reader.text();
  outcome.stdout_total = reader.number();
  outcome.stderr_total = reader.number();
  outcome.command_index = static_cast<std::size_t>(reader.number());
  outcome.isolation = static_cast<Isolation>(reader.number());
  for (std::int64_t left = reader.number(); left > 0 && reader.ok(); --left) {
    std::string path = reader.text();
    sandbox::FetchedFile file;
    file.content = reader.text();
    file.refused = reader.text();
    outcome.files.emplace(std::move(path), std::move(file));
  }
  if (!reader.at_end()) return std::nullopt;
  return outcome;
}

}  // namespace farm::evaluate
