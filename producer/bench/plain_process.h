// A program as a plain subprocess, as a grader without isolation starts it: the baseline. Spawned
// by posix_spawn (which shares memory until exec, as vfork does), stdin from a memory file, stdout
// through a pipe, stderr to /dev/null. The limits are those that every such grader has: rlimits, a
// wall clock, and an end to the output.
#pragma once

#include <string>
#include <vector>

#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::bench {

struct PlainCommand {
  std::vector<std::string> argv;  // argv[0]: a path
  std::string directory;          // where it runs
  std::string stdin_bytes;
  Milliseconds cpu{10'000};
  Milliseconds wall{20'000};
  Bytes memory = gib(4);  // of address space
  Bytes output = mib(16);
};

struct PlainOutcome {
  bool exited_with_0 = false;
  bool stopped = false;  // by us: wall clock or output
  std::string how;       // it ended, for people
  std::string stdout_bytes;
  Microseconds cpu{0};
};

// Blocks until it and what it started in its process group are gone. Errors: kUnavailable (cannot
// be executed), kExhausted, kInternal.
Expected<PlainOutcome> run_plain(const PlainCommand& command);

// Makes this thread, and what it spawns from now on, the user nobody, if it is root; for good.
// The other threads stay what they are. Errors: kInternal.
Expected<Done> become_nobody_in_this_thread();

// Writes `content` to directory/name, replacing what was there.
Expected<Done> put_file(const std::string& directory, const std::string& name,
                        const std::string& content);

}  // namespace farm::bench
