// Registry: the languages of this farm, one JSON data file each, read once and immutable
// afterwards. It knows what is described, not what is installed: self-tests decide that
// (grader/service).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expected.h"
#include "schemas/language.h"

namespace farm::languages {

// Safe to share between threads once made.
class Registry {
 public:
  // Reads every *.json of `directory` (not below it) in the order of their names. Blocks on the
  // file system. Errors: kInternal naming the file and, where it is the content, the JSON pointer
  // and the rule; an empty or missing directory and a name that two languages claim are errors too.
  static Expected<Registry> load(const std::filesystem::path& directory);
  // From definitions that are at hand. Errors: kInternal as above.
  static Expected<Registry> create(std::vector<LanguageDefinition> definitions);

  // By id or alias, exactly as spelled. nullptr: not known. The pointer lives as long as the
  // registry.
  const LanguageDefinition* find(std::string_view id_or_alias) const;
  // Sorted.
  const std::vector<std::string>& ids() const { return ids_; }
  // Type words ("stdin_stdout", …) that at least one language serves, sorted.
  std::vector<std::string> evaluations() const;

 private:
  std::map<std::string, LanguageDefinition, std::less<>> by_id_;
  std::map<std::string, std::string, std::less<>> id_of_alias_;
  std::vector<std::string> ids_;
};

// Whether `language` serves evaluations of this type word.
bool serves(const LanguageDefinition& language, std::string_view type_word);

// Where the data files lie for a program at `executable` (an absolute path without links, as
// /proc/self/exe tells): <directory of the executable>/../share/gradefarm/languages, in an
// installation and in a build tree alike.
std::filesystem::path default_directory(const std::filesystem::path& executable);

}  // namespace farm::languages
