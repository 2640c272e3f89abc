// RunSpec: one program to run in a sandbox, complete and printable. It says what, never how: how is
// linux_sandbox.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schemas/request.h"
#include "schemas/units.h"

namespace farm::sandbox {

// System call filters, from strict to permissive (seccomp.h says what each denies and why).
enum class Profile { kNative, kManaged, kCompile };

// A file placed in the work directory before the program starts. `path` is relative, without "..".
struct InputFile {
  std::string path;
  std::string content;
  bool executable = false;
  bool writable = true;  // by the program; trusted files are not
};

// Hard facts for the kernel and the supervisor. Zero is never "unlimited"; plan.cc has filled in
// every default.
struct Limits {
  Milliseconds cpu{10'000};     // of the whole process tree
  Milliseconds wall{20'000};    // less the time in which it was ready to run and had no CPU
  Bytes memory = mib(512);      // of the process tree, page cache and tmpfs included; swap is off
  Bytes stack{0};               // 0: as large as `memory`
  Bytes output = mib(16);       // per stream; more ends the run
  std::int64_t processes = 64;  // threads count as processes
  std::int64_t open_files = 256;
  Bytes tmpfs = mib(64);  // the work directory, /tmp and /dev/shm together
  std::int64_t tmpfs_inodes = 4096;
};

// More files of one suffix than this, and none of them is brought back: the first name says so.
inline constexpr std::size_t kMostBySuffix = 1024;

struct RunSpec {
  // Run in this order in one sandbox (same work directory, fresh process trees); the first that
  // does not exit with 0 ends the run and is the outcome. More than one only for compilers. argv[0]
  // is an absolute path, or relative to the work directory when it contains a '/'.
  std::vector<std::vector<std::string>> commands;
  std::map<std::string, std::string> env;  // added to the fixed environment (environment.h)
  std::vector<InputFile> files;
  std::string stdin_bytes;
  // A private pair for trusted harnesses: content readable on descriptor 3, everything written to
  // descriptor 4 captured apart from stdout. Closed in programs that do not use it. Descriptors 5
  // and 6 lead to the other program of a pair (sandbox.h), and are closed in programs that have
  // none.
  bool use_channel = false;
  std::string channel_input;
  Limits limits;
  int turns = 1;  // at most; the limits of time and output are of each (Sandbox::run_turns)
  // Between two turns it may wait for ever (resident.h). Its first turn is its getting ready.
  bool rests = false;
  Profile profile = Profile::kManaged;
  // On stderr of a program that failed: its run time had no more memory (evaluate/attempts.h). Not
  // for the sandbox, which knows nothing of languages. Empty: there is no such text.
  std::string out_of_memory_text;
  // Regular files to bring back after every process is dead, and the most that each may weigh.
  std::vector<std::string> fetch;
  // Likewise every regular file right in the work directory whose name ends so, at most
  // kMostBySuffix of each.
  std::vector<std::string> fetch_suffixes;
  Bytes fetch_limit = mib(64);
};

}  // namespace farm::sandbox
