// The program of the forkserver, which travels inside the grader: no file to find, nothing to go
// out of step.
#pragma once

#include <string_view>

namespace farm::sandbox {

// The descriptors that it starts with.
inline constexpr int kForkserverSocket = 3;
inline constexpr int kForkserverSettings = 4;  // encode_settings(), to be read from its beginning

// An ELF file.
std::string_view forkserver_program();

}  // namespace farm::sandbox
