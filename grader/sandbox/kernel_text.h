// Reading what the kernel writes in /proc and in cgroup directories. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"

namespace farm::sandbox {

// An empty text has no parts; a separator at the end yields none after it.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view without_newline(std::string_view text);

// All of `text` but a newline; what is too large becomes the largest. Errors: kInternal, naming
// `what`.
Expected<std::int64_t> parse_number(std::string_view text, const std::string& what);
// The value after `key ` in a flat keyed file (memory.events, cpu.stat, memory.oom_control,
// /proc/vmstat); 0 where it is not there.
std::int64_t keyed(std::string_view content, std::string_view key);

}  // namespace farm::sandbox
