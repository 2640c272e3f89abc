#include "grader/config/settings.h"

#include <algorithm>

#include "grader/config/values.h"

namespace farm::config {
namespace {

constexpr std::string_view kPropertyOption = "kafka_property";
constexpr std::string_view kPropertyPrefix = "kafka.";

const OptionSpec& option_of(std::string_view name) {
  const OptionSpec* option = find_option(name);
  FARM_ASSERT(option != nullptr);
  return *option;
}

template <typename T>
T sure(Expected<T> value) {
  FARM_ASSERT(value.has_value());  // merge() has checked it
  return std::move(value).value();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (end > start) lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string at_line(const ConfigFile& file, const FileEntry& entry) {
  return file.path + ':' + std::to_string(entry.line) + ": ";
}

Error unknown_key(const ConfigFile& file, const FileEntry& entry) {
  std::vector<std::string> keys;
  for (const OptionSpec& option : option_table()) keys.push_back(file_key_of(option));
  const std::string meant = nearest(entry.key, keys);
  return invalid_request(at_line(file, entry) + "unknown key '" + entry.key + '\'' +
                         (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
}

// ICIP says how many KB a run may use, or "unlimited"; and whether bad cases are saved, not where.
Expected<std::optional<std::string>> icip_text(const OptionSpec& option, const std::string& text) {
  if (option.name == "bad_cases") {
    if (text != "true") return std::optional<std::string>();  // its only word for yes
    return std::optional(std::string(kDefaultBadCases));
  }
  if (option.name != "max_memory") return std::optional(text);
  if (text == "unlimited") return std::optional<std::string>();
  const auto kilobytes = parse_count(text, 1, std::int64_t{1} << 40);
  if (!kilobytes) return invalid_request(kilobytes.error().what + " of KB");
  return std::optional(std::to_string(*kilobytes) + "KiB");
}

// Kubernetes puts GRADEFARM_SERVICE_HOST and the like into every container beside a service named
// gradefarm, so an unknown variable cannot be an error.
std::vector<std::string> misspelt(const std::map<std::string, std::string>& environment) {
  constexpr std::string_view kPrefix = "GRADEFARM_";
  std::vector<std::string> known;
  for (const OptionSpec& option : option_table())
    known.push_back(environment_of(option).substr(kPrefix.size()));
  std::vector<std::string> warnings;
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::string name = variable.substr(kPrefix.size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string meant = nearest(name, known);
    if (!meant.empty()) {
      warnings.push_back("the environment variable " + variable + " has no effect; did you mean " +
                         std::string(kPrefix) + meant + '?');
    }
  }
  return warnings;
}

}  // namespace

Expected<Done> Settings::put(const OptionSpec& option, Setting setting) {
  if (auto checked = check_value(option, setting.text); !checked) {
    return invalid_request(setting.where + ": " + checked.error().what);
  }
  if (option.kind == ValueKind::kProperties) {
    auto [name, value] = sure(parse_property(setting.text));
    properties_[std::move(name)] = std::move(value);
  } else {
    settings_[std::string(option.name)] = std::move(setting);
  }
  return Done{};
}

Expected<Settings> Settings::merge(Program program, const std::vector<GivenFlag>& flags,
                                   const std::map<std::string, std::string>& environment,
                                   const std::optional<ConfigFile>& file) {
  // An empty variable counts as unset: compose files and unit files cannot leave one out.
  const auto variable = [&](const std::string& name) -> const std::string* {
    const auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? nullptr : &found->second;
  };
  Settings merged;
  for (const OptionSpec& option : option_table()) {
    if (!belongs_to(option, program) || option.kind == ValueKind::kProperties) continue;
    merged.settings_[std::string(option.name)] = {std::string(option.default_text),
                                                  Source::kDefault, "default"};
    if (option.legacy_environment.empty()) continue;
    const std::string legacy(option.legacy_environment);
    if (const std::string* text = variable(legacy)) {
      const auto ours = icip_text(option, *text);
      if (!ours) return invalid_request(legacy + ": " + ours.error().what);
      if (*ours) FARM_CHECK_OK(merged.put(option, {**ours, Source::kIcipEnvironment, legacy}));
    }
  }

  for (const FileEntry& entry : file ? file->entries : std::vector<FileEntry>()) {
    const bool is_property = entry.key.starts_with(kPropertyPrefix);
    const OptionSpec* option =
        find_option(is_property ? kPropertyOption : std::string_view(entry.key));
    if (option == nullptr || (!is_property && file_key_of(*option) != entry.key))
      return unknown_key(*file, entry);
    Setting setting{entry.text, Source::kFile, at_line(*file, entry) + entry.key};
    if (is_property) setting.text = entry.key.substr(kPropertyPrefix.size()) + '=' + entry.text;
    if (belongs_to(*option, program)) {
      FARM_CHECK_OK(merged.put(*option, std::move(setting)));
    } else if (auto checked = check_value(*option, setting.text); !checked) {
      return invalid_request(setting.where + ": " + checked.error().what);
    }
  }

  for (const OptionSpec& option : option_table()) {
    const std::string name = environment_of(option);
    const std::string* text = variable(name);
    if (!belongs_to(option, program) || text == nullptr) continue;
    const bool many = option.kind == ValueKind::kProperties;
    for (const std::string& value : many ? lines_of(*text) : std::vector{*text}) {
      FARM_CHECK_OK(merged.put(option, {value, Source::kEnvironment, name}));
    }
  }

  for (const GivenFlag& flag : flags) {
    const OptionSpec& option = option_of(flag.option);
    for (const std::string& value : flag.values) {
      FARM_CHECK_OK(merged.put(option, {value, Source::kFlag, flag_of(option)}));
    }
  }
  merged.warnings_ = misspelt(environment);
  return merged;
}

const Setting& Settings::setting(std::string_view option) const {
  const auto found = settings_.find(option);
  FARM_ASSERT(found != settings_.end());
  return found->second;
}

std::int64_t Settings::count(std::string_view option) const {
  const OptionSpec& spec = option_of(option);
  return sure(parse_count(text(option), spec.minimum, spec.maximum));
}
Milliseconds Settings::duration(std::string_view option) const {
  return sure(parse_duration(text(option)));
}
Bytes Settings::size(std::string_view option) const { return sure(parse_size(text(option))); }
bool Settings::is_on(std::string_view option) const { return sure(parse_switch(text(option))); }
std::vector<std::string> Settings::names(std::string_view option) const {
  return sure(parse_names(text(option)));
}

}  // namespace farm::config
