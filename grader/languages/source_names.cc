#include "grader/languages/source_names.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace farm::languages {
namespace {

// A file's name may have 255 bytes, and javac adds "$1.class".
constexpr std::size_t kLongestName = 200;

// Letters, digits, '_' and '$'; and all that is no ASCII, since Java's identifiers are Unicode.
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// The tokens of a Java source: words, and single characters of everything else; no comments, and
// for a literal of text an empty one.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  // nullopt: the end.
  std::optional<std::string_view> next() {
    while (!rest_.empty()) {
      if (rest_.starts_with("//")) {
        skip_past("\n");
      } else if (rest_.starts_with("/*")) {
        rest_.remove_prefix(2);
        skip_past("*/");
      } else if (rest_.starts_with("\"\"\"")) {
        return literal("\"\"\"");
      } else if (rest_.front() == '"' || rest_.front() == '\'') {
        return literal(rest_.substr(0, 1));
      } else if (is_word(rest_.front())) {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
        return take(static_cast<std::size_t>(end - rest_.begin()));
      } else if (std::string_view(" \t\r\n\f").find(rest_.front()) == std::string_view::npos) {
        return take(1);
      } else {
        rest_.remove_prefix(1);
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  void skip_past(std::string_view end) {
    const std::size_t at = rest_.find(end);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + end.size());
  }
  std::string_view literal(std::string_view quote) {
    rest_.remove_prefix(quote.size());
    while (!rest_.empty() && !rest_.starts_with(quote))
      rest_.remove_prefix(std::min<std::size_t>(rest_.size(), rest_.front() == '\\' ? 2 : 1));
    rest_.remove_prefix(std::min(rest_.size(), quote.size()));
    return {};
  }

  std::string_view rest_;
};

struct JavaType {
  std::string name;
  bool is_public = false;
  bool has_main = false;
};

struct JavaUnit {
  std::string package;
  std::vector<JavaType> types;  // at the top
};

class JavaReader {
 public:
  JavaUnit read(std::string_view text) {
    Tokens tokens(text);
    while (const auto token = tokens.next()) note(*token);
    return std::move(unit_);
  }

 private:
  void note(std::string_view token) {
    if (depth_ == 0) note_at_top(token);
    if (depth_ == 1 && !unit_.types.empty()) note_member(token);
    if (token == "{") ++depth_;
    if (token == "}") --depth_;
    if (token == "{" || token == "}" || token == ";") is_public_ = is_static_ = in_package_ = false;
    before_ = token;
  }

  void note_at_top(std::string_view token) {
    if (in_package_ && token != ";") unit_.package += token;
    if (token == "package" && unit_.types.empty()) in_package_ = true;
    if (token == "public") is_public_ = true;
    const bool names_type =
        before_ == "class" || before_ == "interface" || before_ == "enum" || before_ == "record";
    // An annotation's own arguments may say .class, and only types have names of words.
    if (names_type && !token.empty() && is_word(token.front()) && !in_package_)
      unit_.types.push_back({std::string(token), is_public_, false});
  }

  void note_member(std::string_view token) {
    if (token == "static") is_static_ = true;
    if (token == "(" && before_ == "main" && is_static_) unit_.types.back().has_main = true;
  }

  JavaUnit unit_;
  int depth_ = 0;
  bool is_public_ = false, is_static_ = false, in_package_ = false;
  std::string_view before_;
};

SourceNames java_names(const std::string& source_name, std::string_view text) {
  const JavaUnit unit = JavaReader().read(text);
  const auto first = [&](auto holds) -> const JavaType* {
    const auto found = std::find_if(unit.types.begin(), unit.types.end(), holds);
    return found == unit.types.end() ? nullptr : &*found;
  };
  const JavaType* shown = first([](const JavaType& type) { return type.is_public; });
  const JavaType* begins = first([](const JavaType& type) { return type.has_main; });
  if (begins == nullptr) begins = shown;
  if (begins == nullptr && !unit.types.empty()) begins = &unit.types.front();

  SourceNames names{source_name, "Main", ""};
  if (shown != nullptr && shown->name.size() <= kLongestName) names.file = shown->name + ".java";
  if (begins != nullptr && begins->name.size() <= kLongestName) names.main_class = begins->name;
  const bool is_path = !unit.package.empty() && unit.package.size() <= kLongestName &&
                       unit.package.front() != '.' && unit.package.back() != '.' &&
                       unit.package.find("..") == std::string::npos &&
                       std::all_of(unit.package.begin(), unit.package.end(),
                                   [](char c) { return c == '.' || is_word(c); });
  if (is_path) {
    names.main_class = unit.package + "." + names.main_class;
    names.directory = unit.package + "/";
    std::replace(names.directory.begin(), names.directory.end(), '.', '/');
  }
  return names;
}

}  // namespace

SourceNames source_names(const LanguageDefinition& language, std::string_view text) {
  if (language.naming == SourceNaming::kJavaClass) return java_names(language.source_name, text);
  const std::string& name = language.source_name;
  return {name, name.substr(0, name.rfind('.')), ""};
}

}  // namespace farm::languages
