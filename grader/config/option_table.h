// The one table of options. From a row follow the flag (--blob-dir), the environment variable
// (GRADEFARM_BLOB_DIR), the key in the file (blob_dir), the line in --help and the row in
// CONFIGURATION.md, which a test compares.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farm::config {

enum class Program : unsigned {
  kGrader = 1,
  kGrade = 2,
  kUp = 4,
  kTopics = 8,
  kReplay = 16,
  kBadCases = 32,
  kReport = 64,
  kStatus = 256,
  kDoctor = 512,
  kBench = 1024,
  kCancel = 2048,
  kDeadLetters = 4096,
  kGateway = 8192
};

constexpr unsigned operator|(Program a, Program b) {
  return static_cast<unsigned>(a) | static_cast<unsigned>(b);
}
constexpr unsigned operator|(unsigned a, Program b) { return a | static_cast<unsigned>(b); }

enum class ValueKind {
  kText,         // anything
  kPath,         // a file or directory
  kName,         // part of a topic name: [a-zA-Z0-9._-]
  kNames,        // several of them, separated by commas
  kBrokers,      // HOST:PORT,HOST:PORT
  kAddress,      // HOST:PORT to listen on, or off
  kCount,        // whole number between minimum and maximum
  kCountOrAuto,  // the same, or auto
  kDuration,     // 500ms 20s 5m 2h 7d
  kSize,         // 64MiB 1GB 4096
  kChoice,       // one of `choices`
  kSwitch,       // a flag without a value; true or false elsewhere
  kProperties,   // name=value; repeatable flag, lines in the environment, a table in the file
};

// Where SAVE_BAD_CASES=true puts them.
inline constexpr std::string_view kDefaultBadCases = "/var/lib/gradefarm/bad-cases";

struct OptionSpec {
  std::string_view name;  // snake_case: the key in the file
  ValueKind kind;
  std::string_view default_text;   // empty: none, or computed (then shown_default says how)
  std::string_view shown_default;  // for help and documentation where it differs from default_text
  std::string_view help;           // one sentence
  unsigned programs;               // Program values or-ed
  std::vector<std::string_view> choices = {};  // kChoice
  std::int64_t minimum = 1;                    // kCount, kCountOrAuto
  std::int64_t maximum = 1'000'000;
  std::string_view legacy_environment =
      {};  // an ICIP variable that means the same, weaker than everything ours
};

std::span<const OptionSpec> option_table();
const OptionSpec* find_option(std::string_view name);  // nullptr: there is none

bool belongs_to(const OptionSpec& option, Program program);
std::string flag_of(const OptionSpec& option);         // --blob-dir
std::string environment_of(const OptionSpec& option);  // GRADEFARM_BLOB_DIR
std::string file_key_of(
    const OptionSpec& option);  // blob_dir, [kafka]; empty: not settable in the file
std::string placeholder_of(const OptionSpec& option);    // N, DURATION, auto|never, …
std::string shown_default_of(const OptionSpec& option);  // none: "-"

// The name that was probably meant: at most two edits and a third of its length away; empty if
// there is none.
std::string nearest(std::string_view wrong, std::span<const std::string> names);

// The rows of CONFIGURATION.md's table, in table order.
std::string option_table_markdown();

}  // namespace farm::config
