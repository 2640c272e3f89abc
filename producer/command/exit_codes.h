// Exit codes of the gradefarm command; README.md has the table. 2 (usage) is
// config::kUsageExitCode.
#pragma once

namespace farm::command {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUnanswered =
    1;  // some request got no answer, or an answer could not be written
inline constexpr int kExitDifferent = 1;  // replay: some result is not the one of the file
inline constexpr int kExitBroker = 3;     // the broker cannot be reached, or lacks a topic
inline constexpr int kExitGrader = 4;   // the grader of --embedded or `up` could not start, or died
inline constexpr int kExitAddress = 4;  // gradefarm-gateway: its address cannot be listened on
inline constexpr int kExitFile = 5;     // input, output or another file cannot be used
inline constexpr int kExitSignalBase = 128;  // plus the signal's number: 130 for SIGINT

}  // namespace farm::command
