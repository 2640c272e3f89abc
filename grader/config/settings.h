// Settings: the text of every option after all sources were merged, strongest first: flag,
// GRADEFARM_* environment, file, ICIP environment (WORKERS, MAX_MEM), default. Every text has been
// checked against its option's kind, so that reading it as a value cannot fail. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grader/config/option_table.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::config {

enum class Source {
  kDefault,
  kIcipEnvironment,
  kFile,
  kEnvironment,
  kFlag
};  // from weak to strong

struct Setting {
  std::string text;
  Source source = Source::kDefault;
  std::string where;  // "--workers", "GRADEFARM_WORKERS", "farm.toml:3: workers"
};

// A flag as it stood on the command line; values in order.
struct GivenFlag {
  std::string option;
  std::vector<std::string> values;
};

// One key of the file. Keys inside the table [kafka] come as "kafka.<property>".
struct FileEntry {
  std::string key;
  std::string text;
  std::int64_t line = 0;
};

struct ConfigFile {
  std::string path;
  std::vector<FileEntry> entries;
};

class Settings {
 public:
  // Errors: kInvalidRequest naming source and value: a value that its option does not take, a key
  // in the file that no program knows (with the one that was probably meant). Options of other
  // programs are allowed in file and environment, so that programs can share them.
  static Expected<Settings> merge(Program program, const std::vector<GivenFlag>& flags,
                                  const std::map<std::string, std::string>& environment,
                                  const std::optional<ConfigFile>& file);

  // `option` is a row of the table that the program has; anything else is a bug and aborts. So is
  // the wrong kind.
  const Setting& setting(std::string_view option) const;
  const std::string& text(std::string_view option) const { return setting(option).text; }
  std::int64_t count(std::string_view option) const;
  Milliseconds duration(std::string_view option) const;
  Bytes size(std::string_view option) const;
  bool is_on(std::string_view option) const;
  std::vector<std::string> names(std::string_view option) const;

  const std::map<std::string, std::string>& properties() const { return properties_; }
  // Environment variables that look like misspelt options: they have no effect, and that should be
  // said.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Expected<Done> put(const OptionSpec& option, Setting setting);

  std::map<std::string, Setting, std::less<>> settings_;
  std::map<std::string, std::string> properties_;
  std::vector<std::string> warnings_;
};

// The text of a TOML file as entries. `path` is for messages only. Errors: kInvalidRequest with
// path and line.
Expected<ConfigFile> parse_config_file(const std::string& path, std::string_view toml);

}  // namespace farm::config
