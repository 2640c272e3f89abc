// The languages that SandboxFusion's interface knows, by its own spelling. Which of them the farm
// serves is for the graders to say: those that are not served are refused there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farm::gateway {

// Exact and case sensitive; anything else is a 422.
const std::vector<std::string_view>& language_words();

// The farm's name for one of them: javascript is an alias of nodejs, the rest are the same.
std::string farm_language(std::string_view word);

}  // namespace farm::gateway
