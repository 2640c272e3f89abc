// LanguageDefinition: one data file under grader/languages/, mirrored. Mirrors
// language.schema.json. Pure data.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"
#include "schemas/request.h"

namespace farm {

// Which system call filter its programs run under (grader/sandbox/seccomp.h).
enum class SyscallProfile { kNative, kManaged, kCompile };

// What commands and outputs may hold in place of text; grader/languages/placeholders.h says what
// each stands for.
inline constexpr std::array<std::string_view, 6> kPlaceholders = {
    "{source}", "{binary}", "{dir}", "{memory_mib}", "{python}", "{main_class}"};

// How a source that brings no file name is called, and what {main_class} stands for.
enum class SourceNaming {
  kSourceName,  // source_name, and its stem
  kJavaClass,   // grader/languages/source_names.h
};

struct LanguageDefinition {
  struct Compile {
    // A program that stays and compiles what it is given (grader/evaluate/resident_compilers.h).
    struct Resident {
      std::vector<std::string> command;
      Bytes memory;
      int uses = 0;  // before another one takes its place
    };
    // Each argv is run in order in one sandbox directory; the first that fails ends it.
    std::vector<std::vector<std::string>> commands;
    // Files that the run needs, relative to the work directory; "*.class" is all that end so.
    std::vector<std::string> outputs;
    std::vector<std::string> trusted;  // files of the farm's own that the commands use, in .farm
    std::optional<Resident> resident;
    std::vector<std::string> linkers;      // names for -fuse-ld=, the fastest first
    std::vector<std::string> precompiled;  // headers that GCC may compile once: "bits/stdc++.h"
  };
  struct Run {
    std::vector<std::string> command;
  };
  struct SelfTest {
    std::string source;
    std::string stdin_bytes;
    std::string stdout_bytes;
  };
  std::string id;
  std::string display;
  std::vector<std::string> aliases;      // other spellings that requests may use
  std::vector<std::string> fence_names;  // info strings of fenced blocks that mean this language
  std::string source_name;
  SourceNaming naming = SourceNaming::kSourceName;
  std::optional<Compile> compile;
  Run run;
  std::string out_of_memory;  // on stderr of a run that failed: for want of memory; may be empty
  SyscallProfile profile = SyscallProfile::kManaged;
  std::map<std::string, std::string> env;
  RequestedLimits limits;  // defaults of this language where they differ from the farm's
  std::vector<std::string> version_command;
  std::vector<std::string> evaluations;  // type words that it serves
  SelfTest self_test;
};

// Parses and validates one language file. Errors: kInvalidRequest with pointer and rule; an unknown
// placeholder is one.
Expected<LanguageDefinition> decode_language(std::string_view json);

}  // namespace farm
