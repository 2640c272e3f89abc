// PrecompiledHeaders: the headers that a language's file names, compiled once by the same command
// as programs, so that a program that begins with one does not parse it again.
//
// Theory of operation. Headers of one command line, compiler and installation (the stamp of
// service/toolchain_stamp.h) lie in one directory, named by the hash of all that; it appears whole,
// by rename, and is checked against its own checksums at each start. Sandboxes see the parent
// directory, read-only, at kShownAt. A program that begins with such a header is tried with the one
// directory by -I first: GCC looks there for bits/stdc++.h.gch before it looks for the header
// itself, and takes it where flags and macros match and nothing came before. Only a compiler that
// is content and says nothing is believed; else the program is compiled again without (compile.h).
// So what compiles, into what, and every word of diagnostics do not depend on it. Source: GCC
// manual, Precompiled Headers. Built by the compiler alone, in a sandbox, from our own line of
// text; several graders of one host may share the directory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "grader/evaluate/tools.h"
#include "schemas/expected.h"
#include "schemas/language.h"

namespace farm::evaluate {

class PrecompiledHeaders {
 public:
  // Where sandboxes see the directory.
  static constexpr const char* kShownAt = "/farm/headers";

  // Makes the directory and its parents, readable by everybody, and as root the given user's.
  // Errors: kInternal: it cannot be made, or others may write to it.
  static Expected<Done> make_directory(const std::filesystem::path& directory, unsigned owner);

  // `directory` exists; `stamp` says which compilers and headers are installed.
  PrecompiledHeaders(std::filesystem::path directory, std::string stamp)
      : directory_(std::move(directory)), stamp_(std::move(stamp)) {}

  // Where the sandbox has the precompiled headers of `language`, whose compiler says `version`;
  // made now where they are missing or damaged, which takes some seconds. Empty: it has none.
  // Errors: what the compiler or the file system says; programs compile without it.
  Expected<std::string> provide(const LanguageDefinition& language, const std::string& version,
                                const Tools& tools) const;

 private:
  Expected<Done> build(const std::filesystem::path& target, const LanguageDefinition& language,
                       const Tools& tools) const;
  void remove_the_oldest(const std::filesystem::path& but) const;

  std::filesystem::path directory_;
  std::string stamp_;
};

// `step`, by compilers that look through `directory` first.
sandbox::RunSpec with_headers(sandbox::RunSpec step, const std::string& directory);

}  // namespace farm::evaluate
