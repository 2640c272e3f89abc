// The words of a request, for decoding and encoding. Internal to schemas/.
#pragma once

#include <array>
#include <string_view>
#include <variant>

#include "schemas/request.h"
#include "schemas/words.h"

namespace farm::json {

// In the order of the variant Evaluation.
inline constexpr std::array<std::string_view, 6> kTypes = {
    "stdin_stdout", "function_call", "assert", "test_suite", "notebook", "run"};
static_assert(std::variant_size_v<Evaluation> == kTypes.size());

inline constexpr Words<Priority, 3> kPriorities = {
    {{Priority::kNormal, "normal"}, {Priority::kHigh, "high"}, {Priority::kLow, "low"}}};
inline constexpr Words<ComparisonMode, 7> kModes = {{
    {ComparisonMode::kLines, "lines"},
    {ComparisonMode::kExact, "exact"},
    {ComparisonMode::kStrip, "strip"},
    {ComparisonMode::kTokens, "tokens"},
    {ComparisonMode::kFloat, "float"},
    {ComparisonMode::kSandboxFusion, "sandboxfusion"},
    {ComparisonMode::kUnorderedLines, "unordered_lines"},
}};
inline constexpr Words<CaseIsolation, 2> kCaseIsolations = {
    {{CaseIsolation::kProcess, "process"}, {CaseIsolation::kShared, "shared"}}};

}  // namespace farm::json
