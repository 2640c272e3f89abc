// The only includer of toml++, whose exceptions end here.
#include <toml++/toml.h>

#include <optional>
#include <sstream>

#include "grader/config/settings.h"

namespace farm::config {
namespace {

std::int64_t line_of(const toml::node& node) {
  return static_cast<std::int64_t>(node.source().begin.line);
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

// An array of strings reads as its elements separated by commas.
std::optional<std::string> list_text(const toml::array& array) {
  std::string out;
  for (const toml::node& element : array) {
    const auto* text = element.as_string();
    if (text == nullptr || text->get().empty() || text->get().find(',') != std::string::npos)
      return std::nullopt;
    (out += out.empty() ? "" : ",") += text->get();
  }
  return out;
}

// Property names hold dots, which TOML reads as tables within tables unless the name is quoted:
// both are understood.
Expected<Done> add_table(const std::string& path, const std::string& prefix,
                         const toml::table& table, std::vector<FileEntry>& entries) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const toml::table* inner = node.as_table();
    if (inner != nullptr && name != "kafka" && prefix.empty()) {
      entries.push_back({name, "", line_of(node)});  // an unknown key, whatever is in it
    } else if (inner != nullptr) {
      FARM_CHECK_OK(add_table(path, name + '.', *inner, entries));
    } else {
      const auto text = node.is_array() ? list_text(*node.as_array()) : scalar_text(node);
      if (!text) {
        return invalid_request(path + ':' + std::to_string(line_of(node)) + ": " + name +
                               ": give a string, a whole number, true, false or a list of strings");
      }
      entries.push_back({name, *text, line_of(node)});
    }
  }
  return Done{};
}

}  // namespace

Expected<ConfigFile> parse_config_file(const std::string& path, std::string_view toml_text) {
  ConfigFile file{path, {}};
  try {
    const toml::table root = toml::parse(toml_text, path);
    FARM_CHECK_OK(add_table(path, "", root, file.entries));
  } catch (const toml::parse_error& error) {
    return invalid_request(path + ':' + std::to_string(error.source().begin.line) + ": " +
                           std::string(error.description()));
  }
  return file;
}

}  // namespace farm::config
