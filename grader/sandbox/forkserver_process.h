// What the forkserver does, in its own program (forkserver_main.cc).
#pragma once

#include "grader/os/unique_fd.h"
#include "grader/sandbox/launcher.h"

namespace farm::sandbox {

// Starts and replaces launchers as the daemon asks for them through `socket`, until it closes it;
// then ends them and removes the cgroups. Precondition: single-threaded.
[[noreturn]] void serve_as_forkserver(os::UniqueFd socket, const LauncherSettings& settings);

}  // namespace farm::sandbox
