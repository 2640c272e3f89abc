// The process's log: one line an event, on stderr; text on a terminal, a JSON object a line
// otherwise. Not for results, metrics or anything that a program reads back, and never given
// secrets or the content of submissions.
//
// The logger belongs to the process, not to an object: stderr is one per process, whatever writes
// to it has to agree on one lock and one format, and a logger passed by reference would appear in
// every constructor and callback without being decided by any of them. It has no other state than
// what configure() sets, and nothing behaves differently because of it. What can be tested
// (formatting, escaping) is pure and in log_line.h.
//
//   monitoring::log::info("request done", {{"request_id", id}, {"verdict", word(verdict)},
//   {"run_ms", 12}});
//
// Thread-safe. A forked child that wants to log must have been forked while no other thread of its
// parent was logging.
#pragma once

#include <initializer_list>
#include <string_view>

#include "monitoring/log_line.h"

namespace farm::monitoring {

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;  // kAuto: text where stderr is a terminal, JSON otherwise
};

namespace log {

// Once, in main, before any thread. Until then: level info, format auto.
void configure(const LogConfig& config);

// Whether a line of this level would be written: for fields that cost something to compute.
bool enabled(LogLevel level);

// Message: constant text in lower case ("request done"); what varies goes into fields, so that
// lines can be counted. Messages and fields may hold hostile bytes: see log_line.h.
void write(LogLevel level, std::string_view message, std::initializer_list<Field> fields = {});
void debug(std::string_view message,
           std::initializer_list<Field> fields = {});  // for who looks for a bug
void info(std::string_view message,
          std::initializer_list<Field> fields = {});  // what an operator wants to see
void warning(std::string_view message,
             std::initializer_list<Field> fields = {});  // works on, but somebody should look
void error(std::string_view message,
           std::initializer_list<Field> fields = {});  // something was not done

}  // namespace log
}  // namespace farm::monitoring
