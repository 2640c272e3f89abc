// What a compile step's outcome depends on, and how an outcome is kept. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"

namespace farm::evaluate {

// Names a compile step: SHA-256 over command lines, environment, every file with path, content and
// mode, what is fetched, limits, and `toolchain`, which stands for everything outside the step
// (compilers, headers, isolation). Two steps of one key have the same outcome; the text of one
// submission has no say in the key of another.
std::string compile_key(const sandbox::RunSpec& spec, std::string_view toolchain);

// Whether compiling it again later would give the same: no file asks for the time (__DATE__,
// __TIME__, __TIMESTAMP__).
bool is_timeless(const sandbox::RunSpec& spec);

// Whether the outcome says something about the input, and nothing about this one run: the compiler
// ended by itself, within every limit, and does not speak of an accident (a part of it that was
// killed or fell over, memory or space that it did not get).
bool is_repeatable(const sandbox::RunOutcome& outcome, const sandbox::Limits& limits);

// An outcome that is_repeatable(), as bytes with a checksum.
std::string encode_compiled(std::string_view key, const sandbox::RunOutcome& outcome);
// nullopt: not what encode_compiled() made for this key.
std::optional<sandbox::RunOutcome> decode_compiled(std::string_view key, std::string_view bytes);

}  // namespace farm::evaluate
