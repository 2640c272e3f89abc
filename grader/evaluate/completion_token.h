// The completion token of one run: what only the end of the trusted tests may write to the channel.
#pragma once

#include <string>

namespace farm::evaluate {

// 128 random bits as 32 hex digits; another one at every call. Source: getrandom(2), which cannot
// fail for so few bytes once the system's pool is initialised, and blocks until then.
std::string completion_token();

}  // namespace farm::evaluate
