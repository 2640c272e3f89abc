// The fixed messages between the daemon and a slot's launcher. Bulk content (arguments, files)
// travels in a sealed memory file beside the message; descriptors by SCM_RIGHTS. Both ends are of
// the same build.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "grader/sandbox/launcher.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

// Daemon to launcher. kRun carries, in this order: payload, stdin, stdout, stderr, with a channel
// its input and output, and with a peer the pipe from it and the pipe to it. kTurn asks for the
// times of the current run since it began or was last asked, and starts them anew; kKill ends it.
// Where there is none, both are ignored: it ended by itself meanwhile.
struct LaunchCommand {
  enum class Kind : std::uint32_t { kRun = 1, kTurn, kKill };
  Kind kind = Kind::kRun;
  std::uint32_t run_number = 0;
  std::uint32_t use_channel = 0;
  std::uint32_t use_peer = 0;
  Ending kill_reason = Ending::kByItself;
};

// Launcher to daemon. kFile messages (one for each fetched file, descriptor attached where it was
// not refused; the text after the struct is "path\0reason") come before the kEnded or kFailed that
// ends a run. kTurn answers the order of that name.
struct LaunchReply {
  enum class Kind : std::uint32_t { kStarted = 1, kTurn, kFile, kEnded, kFailed };
  Kind kind = Kind::kFailed;
  std::uint32_t run_number = 0;
  Ending ending = Ending::kByItself;
  std::int32_t exit_code = -1;  // -1: none
  std::int32_t signal = 0;      // 0: none
  std::uint32_t out_of_memory = 0;
  std::uint32_t command_index = 0;
  std::uint32_t forked = 0;  // from the zygote
  Isolation isolation = Isolation::kNone;
  ErrorCode error_code = ErrorCode::kInternal;  // kFailed; the text after the struct says what
  std::int32_t error_errno = 0;
  std::int64_t cpu_ns = 0, wall_ns = 0, starved_ns = 0, throttled_ns = 0, forgiven_ns = 0,
               memory_peak = 0;
};

// The content of a RunSpec that the launcher needs: everything but stdin and the channel's input.
std::string encode_payload(const RunSpec& spec);
Expected<RunSpec> decode_payload(std::string_view bytes);

// What the daemon tells the forkserver as it starts it.
std::string encode_settings(const LauncherSettings& settings);
Expected<LauncherSettings> decode_settings(std::string_view bytes);

}  // namespace farm::sandbox
