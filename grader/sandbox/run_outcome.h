// RunOutcome: what the kernel saw of one run. Not a verdict: grader/evaluate/classify.h turns it
// into one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "schemas/units.h"
#include "schemas/verdict.h"

namespace farm::sandbox {

// Why the supervisor ended the run, if it did.
enum class Ending {
  kByItself,     // exited or died of a signal that was not ours
  kCpuLimit,     // killed: CPU time of the tree
  kWallLimit,    // killed: wall time less starvation
  kOutputLimit,  // killed: stdout, stderr or the channel beyond the cap
  // At a hard cap without having had its CPU; or ended past its wall limit on CPUs that a
  // hypervisor held back for half of the time, or by no more than its init waited for one: the
  // farm's fault, run it again.
  kStarved,
  kCancelled,  // killed: the caller asked
  kDismissed,  // killed: its tester had ended, and nobody needed it any more
};

struct FetchedFile {
  std::string content;
  std::string
      refused;  // why there is no content: "not a regular file", "12 bytes above the limit", …
};

struct RunOutcome {
  Ending ending = Ending::kByItself;
  std::optional<int> exit_code;  // of the main process
  std::optional<int> signal;     // that killed it
  bool out_of_memory = false;    // the run met its own memory limit
  // While it ran into a time limit: the verdict is confirmed.
  bool host_short_of_memory = false;
  bool host_contended = false;  // others wanted CPU or disk too; told of the wall limit alone
  Microseconds cpu{0};          // user and system, whole tree; less miscounted steal at a limit
  Microseconds wall{0};         // less starvation, as far as it was measured
  Microseconds starved{0};      // ready to run without a CPU
  // Not in `cpu`: what was counted as CPU time and was probably stolen by a hypervisor. Looked for
  // only where it puts a run below its limit.
  Microseconds forgiven{0};
  Microseconds throttled{0};  // held back by the CPU quota
  Bytes memory_peak;
  std::string stdout_bytes;  // at most limits.output
  std::string stderr_bytes;
  std::string channel_bytes;
  std::int64_t stdout_total = 0;  // bytes that were written, before the cap
  std::int64_t stderr_total = 0;
  std::map<std::string, FetchedFile> files;
  std::size_t command_index =
      0;  // which of RunSpec::commands this tells of (the last one that ran)
  Isolation isolation = Isolation::kNone;  // from what was set up for this very run
  bool forked = false;                     // the program was the fork of a zygote
  std::string zygote_failed;               // why it was not, though it was to be
};

}  // namespace farm::sandbox
