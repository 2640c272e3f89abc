#include "schemas/language.h"

#include <algorithm>
#include <utility>

#include "schemas/decode_parts.h"
#include "schemas/json.h"
#include "schemas/paths.h"
#include "schemas/words.h"

namespace farm {
namespace {

using json::find;
using json::Node;
using json::Path;
using json::violation;

constexpr json::Words<SyscallProfile, 3> kProfiles = {{{SyscallProfile::kNative, "native"},
                                                       {SyscallProfile::kManaged, "managed"},
                                                       {SyscallProfile::kCompile, "compile"}}};

constexpr json::Words<SourceNaming, 2> kNamings = {
    {{SourceNaming::kSourceName, "source_name"}, {SourceNaming::kJavaClass, "java_class"}}};

const json::Schema& language_schema() {
  static const json::Schema schema = [] {
    rapidjson::Document source = json::schema_source("language.schema.json");
    json::keep_enforced_rules(source);
    return json::Schema(std::move(source));
  }();
  return schema;
}

bool is_placeholder_char(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// Every "{word}" must be known: a typo would reach the program as text. Other braces are the
// program's own.
Expected<Done> check_placeholders(std::string_view argument, const Path& where) {
  for (std::size_t open = argument.find('{'); open != std::string_view::npos;
       open = argument.find('{', open + 1)) {
    std::size_t end = open + 1;
    while (end < argument.size() && is_placeholder_char(argument[end])) ++end;
    if (end == open + 1 || end == argument.size() || argument[end] != '}') continue;
    const std::string_view placeholder = argument.substr(open, end + 1 - open);
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), placeholder) == kPlaceholders.end()) {
      std::string rule = "unknown placeholder " + std::string(placeholder) + "; known:";
      for (const std::string_view known : kPlaceholders) rule.append(" ").append(known);
      return violation(where, rule);
    }
  }
  return Done{};
}

Expected<std::vector<std::string>> argv_of(const Node& array, const Path& where) {
  std::vector<std::string> argv;
  for (rapidjson::SizeType i = 0; i < array.Size(); ++i) {
    argv.emplace_back(json::text_of(array[i]));
    FARM_CHECK_OK(check_placeholders(argv.back(), Path(where, i)));
  }
  FARM_CHECK_OK(json::check_arguments(argv, where));
  if (argv.front().empty()) return violation(Path(where, std::size_t{0}), "a program, got \"\"");
  return argv;
}

Expected<LanguageDefinition::Compile> decode_compile(const Node& node, const Path& where) {
  LanguageDefinition::Compile compile;
  const Node& commands = *find(node, "commands");
  const Path commands_path(where, "commands");
  for (rapidjson::SizeType i = 0; i < commands.Size(); ++i) {
    FARM_TRY(std::vector<std::string> argv, argv_of(commands[i], Path(commands_path, i)));
    compile.commands.push_back(std::move(argv));
  }
  compile.outputs = json::strings(node, "outputs");
  const Path outputs_path(where, "outputs");
  for (std::size_t i = 0; i < compile.outputs.size(); ++i) {
    FARM_CHECK_OK(check_placeholders(compile.outputs[i], Path(outputs_path, i)));
  }
  FARM_CHECK_OK(json::check_paths(compile.outputs, outputs_path));
  compile.trusted = json::strings(node, "trusted");
  FARM_CHECK_OK(json::check_paths(compile.trusted, Path(where, "trusted")));
  if (const Node* resident = find(node, "resident")) {
    LanguageDefinition::Compile::Resident staying;
    FARM_TRY(staying.command,
             argv_of(*find(*resident, "command"), Path(Path(where, "resident"), "command")));
    staying.memory.count = find(*resident, "memory_bytes")->GetInt64();
    staying.uses = find(*resident, "uses")->GetInt();
    compile.resident = std::move(staying);
  }
  compile.linkers = json::strings(node, "linkers");
  compile.precompiled = json::strings(node, "precompiled");
  FARM_CHECK_OK(json::check_paths(compile.precompiled, Path(where, "precompiled")));
  return compile;
}

Expected<Done> check_id(std::string_view id) {
  const bool legal = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("_+#.-").find(c) != std::string_view::npos;
  });
  if (legal) return Done{};
  return violation("/id", "characters of [a-z0-9_+#.-], got " + json::show(id));
}

}  // namespace

Expected<LanguageDefinition> decode_language(std::string_view text) {
  constexpr std::size_t kMaxDepth = 16;
  FARM_TRY(const json::Message message, json::read_message(text, kMaxDepth));
  const Node& root = message.document;
  const Path top;
  FARM_CHECK_OK(language_schema().check(root));
  FARM_CHECK_OK(json::refuse_duplicates(root, top));

  LanguageDefinition language;
  language.id = json::string_or_empty(root, "id");
  FARM_CHECK_OK(check_id(language.id));
  language.display = json::string_or_empty(root, "display");
  language.aliases = json::strings(root, "aliases");
  language.fence_names = json::strings(root, "fence_names");
  language.source_name = json::string_or_empty(root, "source_name");
  if (const std::string_view objection = path_objection(language.source_name); !objection.empty()) {
    return violation(Path(top, "source_name"), std::string("the path ").append(objection));
  }
  language.naming =
      json::parse_word(kNamings, json::string_or_empty(root, "naming"), SourceNaming::kSourceName);
  if (const Node* compile = find(root, "compile")) {
    FARM_TRY(language.compile, decode_compile(*compile, Path(top, "compile")));
  }
  const Path run_path(top, "run");
  FARM_TRY(language.run.command,
           argv_of(*find(*find(root, "run"), "command"), Path(run_path, "command")));
  language.out_of_memory = json::string_or_empty(root, "out_of_memory");
  language.profile =
      json::parse_word(kProfiles, json::string_or_empty(root, "profile"), SyscallProfile::kManaged);
  language.env = json::string_map(root, "env");
  FARM_CHECK_OK(json::check_environment(language.env, Path(top, "env")));
  language.limits = json::requested_limits(root);
  FARM_TRY(language.version_command,
           argv_of(*find(root, "version_command"), Path(top, "version_command")));
  language.evaluations = json::strings(root, "evaluations");
  const Node& self_test = *find(root, "self_test");
  language.self_test = {json::string_or_empty(self_test, "source"),
                        json::string_or_empty(self_test, "stdin"),
                        json::string_or_empty(self_test, "stdout")};
  return language;
}

}  // namespace farm
