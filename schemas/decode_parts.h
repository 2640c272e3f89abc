// Parts that several messages share: readers of schema-checked documents that add the rules a
// schema cannot say. Internal to schemas/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/json.h"
#include "schemas/request.h"

namespace farm::json {

// Members of an object that the schema has checked: absent or null yields nullopt or the empty
// value.
std::optional<std::string> optional_string(const Node& object, std::string_view name);
std::optional<std::int64_t> optional_integer(const Node& object, std::string_view name);
std::string string_or_empty(const Node& object, std::string_view name);
std::int64_t integer_or(const Node& object, std::string_view name, std::int64_t fallback);
double number_or(const Node& object, std::string_view name, double fallback);
bool bool_or(const Node& object, std::string_view name, bool fallback);
std::vector<std::string> strings(const Node& object, std::string_view name);
std::map<std::string, std::string> string_map(const Node& object, std::string_view name);

// The member as base64. Errors: kInvalidRequest, not base64.
Expected<std::string> base64_member(const Node& value, const Path& where);
// `files`: legal paths (paths.h), base64 contents, no path that is also a directory of another one.
Expected<FileMap> file_map(const Node& object, std::string_view name, const Path& where);
// Refuses paths that paths.h objects to.
Expected<Done> check_paths(const std::vector<std::string>& paths, const Path& where);
// Refuses strings that cannot be an argument or a variable of a process: NUL, and in names '='.
Expected<Done> check_arguments(const std::vector<std::string>& arguments, const Path& where);
Expected<Done> check_environment(const std::map<std::string, std::string>& env, const Path& where);

RequestedLimits requested_limits(const Node& object);
void write_limits(Writer& writer, const RequestedLimits& limits);

// Writing of maps and lists under a name.
void write_files(Writer& writer, std::string_view name, const FileMap& files);
void write_strings(Writer& writer, std::string_view name, const std::vector<std::string>& items);
void write_map(Writer& writer, std::string_view name,
               const std::map<std::string, std::string>& map);
void write_member(Writer& writer, std::string_view name, std::string_view text);
void write_member(Writer& writer, std::string_view name, std::int64_t number);
void write_flag(Writer& writer, std::string_view name, bool flag);
// `metadata_json` compact, or {} if it is not one JSON object.
void write_metadata(Writer& writer, std::string_view metadata_json);

}  // namespace farm::json
