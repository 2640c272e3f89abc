// The closed set of placeholders in argv arrays of language files. `{name}` with a name of
// lower-case letters and '_' is a placeholder, anywhere in an argument; other braces are literal.
// There is no escape and no shell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"

namespace farm::languages {

// What they stand for in one run. Paths are as the program in the sandbox sees them, whose current
// directory is `dir`.
struct PlaceholderValues {
  std::string source;              // {source}: name of the source file, relative to `dir`
  std::string binary = "program";  // {binary}: name of the compiled program, relative to `dir`
  std::string dir = "/work";       // {dir}
  std::int64_t memory_mib =
      512;  // {memory_mib}: the run's memory limit, for run times with a heap option
  std::string main_class = "Main";  // {main_class}: where a run time is told where to begin
  std::string python =
      "/usr/bin/python3";  // {python}: the interpreter that the operator configured
};

// Errors: kInvalidRequest naming the unknown placeholder.
Expected<std::string> expand(std::string_view text, const PlaceholderValues& values);
Expected<std::vector<std::string>> expand(const std::vector<std::string>& argv,
                                          const PlaceholderValues& values);

}  // namespace farm::languages
