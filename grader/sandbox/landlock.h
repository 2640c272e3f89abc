// A second fence around the files of a run, by Landlock: should a mount ever show more than it
// should, or become writable, the program still writes below its own three directories only. It
// changes nothing that the prepared root allows.
#pragma once

namespace farm::sandbox {

// The newest Landlock ABI of this kernel; 0 where it has none. Source: landlock(7).
int landlock_abi();

// Fences the calling thread and what it starts. Precondition: no_new_privs; the sandbox's mounts.
// Async-signal-safe. Returns 0 or errno; 0 without doing anything where the kernel has less than
// ABI 2 (Linux 5.19), which would forbid renaming between directories.
int fence_files();

}  // namespace farm::sandbox
