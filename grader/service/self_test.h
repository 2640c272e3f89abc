// What a grader really can do: every language's self-test, run through the same sandbox and judge
// as requests, before the grader takes any. A language that fails is not served.
#pragma once

#include <string>
#include <vector>

#include "grader/evaluate/precompiled_headers.h"
#include "grader/evaluate/tools.h"
#include "grader/languages/registry.h"

namespace farm::service {

struct LanguageStatus {
  std::string id;
  bool available = false;
  std::string version;          // first line of what its version command prints
  std::string linker;           // the same of the linker that was found; empty: the compiler's own
  std::string problem;          // why it is not available, for the operator
  std::string headers;          // PlanSettings::precompiled; empty: its headers are not precompiled
  std::string headers_problem;  // why not, for the operator
  LanguageDefinition definition;  // as it is served here: with that linker in its command
};

// Blocks for some seconds (compilers). One status a language, in the registry's order. `headers`
// may be null: nothing is precompiled.
std::vector<LanguageStatus> test_languages(const languages::Registry& registry,
                                           const evaluate::Tools& tools,
                                           const evaluate::PrecompiledHeaders* headers = nullptr);

// What make_plan() has to know of them.
void use(const std::vector<LanguageStatus>& statuses, evaluate::PlanSettings& settings);

// "sha256:…" over judge version, the available languages' definitions and toolchain versions:
// another digest means that the reward function may have changed. Pure.
std::string environment_digest(const std::vector<LanguageStatus>& statuses);

}  // namespace farm::service
