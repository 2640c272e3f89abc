#include "schemas/decode_parts.h"

#include <array>
#include <utility>

#include "schemas/base64.h"
#include "schemas/paths.h"

namespace farm::json {
namespace {

// One row a member of `limits`: the wire name and the field, whatever its unit.
template <typename T>
struct LimitRow {
  std::string_view name;
  std::optional<T> RequestedLimits::*field;
};

constexpr std::array<LimitRow<Milliseconds>, 4> kDurations = {{
    {"compile_cpu_ms", &RequestedLimits::compile_cpu},
    {"run_cpu_ms", &RequestedLimits::run_cpu},
    {"run_wall_ms", &RequestedLimits::run_wall},
    {"total_wall_ms", &RequestedLimits::total_wall},
}};
constexpr std::array<LimitRow<Bytes>, 6> kSizes = {{
    {"compile_memory_bytes", &RequestedLimits::compile_memory},
    {"memory_bytes", &RequestedLimits::memory},
    {"stack_bytes", &RequestedLimits::stack},
    {"output_bytes", &RequestedLimits::output},
    {"return_output_bytes", &RequestedLimits::return_output},
    {"tmpfs_bytes", &RequestedLimits::tmpfs},
}};
constexpr std::array<LimitRow<std::int64_t>, 3> kCounts = {{
    {"processes", &RequestedLimits::processes},
    {"open_files", &RequestedLimits::open_files},
    {"tmpfs_inodes", &RequestedLimits::tmpfs_inodes},
}};

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

std::optional<std::string> optional_string(const Node& object, std::string_view name) {
  const Node* member = find(object, name);
  if (member == nullptr) return std::nullopt;
  return std::string(text_of(*member));
}

std::optional<std::int64_t> optional_integer(const Node& object, std::string_view name) {
  const Node* member = find(object, name);
  if (member == nullptr) return std::nullopt;
  return member->GetInt64();
}

std::string string_or_empty(const Node& object, std::string_view name) {
  return optional_string(object, name).value_or(std::string());
}

std::int64_t integer_or(const Node& object, std::string_view name, std::int64_t fallback) {
  return optional_integer(object, name).value_or(fallback);
}

double number_or(const Node& object, std::string_view name, double fallback) {
  const Node* member = find(object, name);
  return member == nullptr ? fallback : member->GetDouble();
}

bool bool_or(const Node& object, std::string_view name, bool fallback) {
  const Node* member = find(object, name);
  return member == nullptr ? fallback : member->GetBool();
}

std::vector<std::string> strings(const Node& object, std::string_view name) {
  std::vector<std::string> items;
  if (const Node* array = find(object, name)) {
    items.reserve(array->Size());
    for (const Node& item : array->GetArray()) items.emplace_back(text_of(item));
  }
  return items;
}

std::map<std::string, std::string> string_map(const Node& object, std::string_view name) {
  std::map<std::string, std::string> map;
  if (const Node* members = find(object, name)) {
    for (const auto& member : members->GetObject()) {
      map.emplace(text_of(member.name), text_of(member.value));
    }
  }
  return map;
}

Expected<std::string> base64_member(const Node& value, const Path& where) {
  std::optional<std::string> bytes = base64_decode(text_of(value));
  if (!bytes) return violation(where, "base64 with padding, got " + show(value));
  return *std::move(bytes);
}

Expected<FileMap> file_map(const Node& object, std::string_view name, const Path& where) {
  FileMap files;
  const Node* members = find(object, name);
  if (members == nullptr) return files;
  const Path inside(where, name);
  for (const auto& member : members->GetObject()) {
    const Path here(inside, text_of(member.name));
    if (const std::string_view objection = path_objection(text_of(member.name));
        !objection.empty()) {
      return violation(here, std::string("the path ").append(objection));
    }
    FARM_TRY(std::string content, base64_member(member.value, here));
    files.emplace(text_of(member.name), std::move(content));
  }
  for (const auto& [path, content] : files) {
    const auto below = files.lower_bound(path + "/");
    if (below != files.end() && below->first.starts_with(path + "/")) {
      return violation(Path(inside, path),
                       "is a file and, for " + show(below->first) + ", a directory");
    }
  }
  return files;
}

Expected<Done> check_paths(const std::vector<std::string>& paths, const Path& where) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (const std::string_view objection = path_objection(paths[i]); !objection.empty()) {
      return violation(Path(where, i),
                       std::string("the path ").append(objection) + ", got " + show(paths[i]));
    }
  }
  return Done{};
}

Expected<Done> check_arguments(const std::vector<std::string>& arguments, const Path& where) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (has_nul(arguments[i])) return violation(Path(where, i), "has a NUL character");
  }
  return Done{};
}

Expected<Done> check_environment(const std::map<std::string, std::string>& env, const Path& where) {
  for (const auto& [name, value] : env) {
    if (name.empty() || has_nul(name) || name.find('=') != std::string::npos) {
      return violation(where,
                       "a variable's name is not empty and has no '=' or NUL, got " + show(name));
    }
    if (has_nul(value)) return violation(Path(where, name), "has a NUL character");
  }
  return Done{};
}

RequestedLimits requested_limits(const Node& object) {
  RequestedLimits limits;
  const Node* members = find(object, "limits");
  if (members == nullptr) return limits;
  for (const auto& row : kDurations) {
    if (const auto number = optional_integer(*members, row.name))
      limits.*row.field = Milliseconds(*number);
  }
  for (const auto& row : kSizes) {
    if (const auto number = optional_integer(*members, row.name))
      limits.*row.field = Bytes{*number};
  }
  for (const auto& row : kCounts) limits.*row.field = optional_integer(*members, row.name);
  return limits;
}

void write_limits(Writer& writer, const RequestedLimits& limits) {
  write_key(writer, "limits");
  writer.StartObject();
  for (const auto& row : kDurations) {
    if (limits.*row.field) write_member(writer, row.name, (limits.*row.field)->count());
  }
  for (const auto& row : kSizes) {
    if (limits.*row.field) write_member(writer, row.name, (limits.*row.field)->count);
  }
  for (const auto& row : kCounts) {
    if (limits.*row.field) write_member(writer, row.name, *(limits.*row.field));
  }
  writer.EndObject();
}

void write_files(Writer& writer, std::string_view name, const FileMap& files) {
  write_key(writer, name);
  writer.StartObject();
  for (const auto& [path, content] : files) write_member(writer, path, base64_encode(content));
  writer.EndObject();
}

void write_strings(Writer& writer, std::string_view name, const std::vector<std::string>& items) {
  write_key(writer, name);
  writer.StartArray();
  for (const std::string& item : items) write(writer, item);
  writer.EndArray();
}

void write_map(Writer& writer, std::string_view name,
               const std::map<std::string, std::string>& map) {
  write_key(writer, name);
  writer.StartObject();
  for (const auto& [key, value] : map) write_member(writer, key, value);
  writer.EndObject();
}

void write_member(Writer& writer, std::string_view name, std::string_view text) {
  write_key(writer, name);
  write(writer, text);
}

void write_member(Writer& writer, std::string_view name, std::int64_t number) {
  write_key(writer, name);
  writer.Int64(number);
}

void write_flag(Writer& writer, std::string_view name, bool flag) {
  write_key(writer, name);
  writer.Bool(flag);
}

void write_metadata(Writer& writer, std::string_view metadata_json) {
  write_key(writer, "metadata");
  write_raw(writer, compact_object(metadata_json).value_or("{}"));
}

}  // namespace farm::json
