// What a grader really can do: every language's self-test, run through the same sandbox and judge
// as requests, before the grader takes any. A language that fails is not served.
#pragma once

#include <string>
#include <vector>

#include "grader/evaluate/tools.h"
#include "grader/languages/registry.h"

namespace farm::service {

struct LanguageStatus {
  std::string id;
  bool available = false;
  std::string version;  // first line of what its version command prints
  std::string problem;  // why it is not available, for the operator
};

// Blocks for some seconds (compilers). One status a language, in the registry's order.
std::vector<LanguageStatus> test_languages(const languages::Registry& registry,
                                           const evaluate::Tools& tools);

// "sha256:…" over judge version, the available languages' definitions and toolchain versions:
// another digest means that the reward function may have changed. Pure.
std::string environment_digest(const languages::Registry& registry,
                               const std::vector<LanguageStatus>& statuses);

}  // namespace farm::service
