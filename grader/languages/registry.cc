#include "grader/languages/registry.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

namespace farm::languages {
namespace {

namespace fs = std::filesystem;

Expected<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || file.bad()) return internal_error("read " + path.string() + ": cannot be read");
  return content;
}

Expected<std::vector<fs::path>> json_files(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::directory_iterator entry(directory, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  }
  if (error) {
    return internal_error(
        "read language directory " + directory.string() + "; --languages-dir names another one",
        error.value());
  }
  if (files.empty()) {
    return internal_error("no *.json in language directory " + directory.string() +
                          "; --languages-dir names another one");
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Expected<Registry> Registry::load(const fs::path& directory) {
  FARM_TRY(const std::vector<fs::path> files, json_files(directory));
  std::vector<LanguageDefinition> definitions;
  std::map<std::string, std::string> file_of_id;
  for (const fs::path& file : files) {
    FARM_TRY(const std::string content, read(file));
    auto definition = decode_language(content);
    if (!definition) return internal_error(file.string() + ": " + definition.error().text());
    const auto [other, first] = file_of_id.emplace(definition->id, file.string());
    if (!first) {
      return internal_error(file.string() + ": /id: " + definition->id +
                            " is already the language of " + other->second);
    }
    definitions.push_back(std::move(*definition));
  }
  auto registry = create(std::move(definitions));
  if (!registry) return internal_error(directory.string() + ": " + registry.error().what);
  return registry;
}

Expected<Registry> Registry::create(std::vector<LanguageDefinition> definitions) {
  Registry registry;
  for (LanguageDefinition& definition : definitions) {
    std::string id = definition.id;
    if (!registry.by_id_.emplace(id, std::move(definition)).second) {
      return internal_error("two languages have the id " + id);
    }
    registry.ids_.push_back(std::move(id));
  }
  std::sort(registry.ids_.begin(), registry.ids_.end());
  for (const std::string& id : registry.ids_) {
    for (const std::string& alias : registry.by_id_.find(id)->second.aliases) {
      const auto [other, first] = registry.id_of_alias_.emplace(alias, id);
      if (!first || registry.by_id_.contains(alias)) {
        return internal_error(id + ": /aliases: " + alias + " already names " +
                              (first ? alias : other->second));
      }
    }
  }
  return registry;
}

const LanguageDefinition* Registry::find(std::string_view id_or_alias) const {
  auto found = by_id_.find(id_or_alias);
  if (found == by_id_.end()) {
    const auto alias = id_of_alias_.find(id_or_alias);
    if (alias == id_of_alias_.end()) return nullptr;
    found = by_id_.find(alias->second);
  }
  return &found->second;
}

std::vector<std::string> Registry::evaluations() const {
  std::set<std::string> words;
  for (const auto& [id, language] : by_id_)
    words.insert(language.evaluations.begin(), language.evaluations.end());
  return {words.begin(), words.end()};
}

bool serves(const LanguageDefinition& language, std::string_view type_word) {
  return std::find(language.evaluations.begin(), language.evaluations.end(), type_word) !=
         language.evaluations.end();
}

fs::path default_directory(const fs::path& executable) {
  return (executable.parent_path() / ".." / "share" / "gradefarm" / "languages").lexically_normal();
}

}  // namespace farm::languages
