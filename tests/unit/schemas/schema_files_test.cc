// The schema files as documents: what RapidJSON would ignore in silence must not be in them, and
// what they say twice must agree.
#include <gtest/gtest.h>

#include <set>

#include "schemas/verdict.h"
#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

constexpr const char* kFiles[] = {"evaluation_request.schema.json", "evaluation_result.schema.json",
                                  "language.schema.json"};

// Collects the keywords of a schema, and not the names under its `properties` and `definitions`.
void collect_keywords(const rapidjson::Value& schema, std::set<std::string>& keywords) {
  if (schema.IsArray()) {
    for (const auto& item : schema.GetArray()) collect_keywords(item, keywords);
  }
  if (!schema.IsObject()) return;
  for (const auto& member : schema.GetObject()) {
    const std::string name = member.name.GetString();
    keywords.insert(name);
    if (name == "properties" || name == "definitions") {
      for (const auto& named : member.value.GetObject()) collect_keywords(named.value, keywords);
    } else if (name != "enum" && name != "required") {
      collect_keywords(member.value, keywords);
    }
  }
}

TEST(SchemaFiles, UseOnlyKeywordsThatRapidJsonKnows) {
  const std::set<std::string> known = {
      "$schema",       "title",   "description", "definitions", "$ref",
      "type",          "enum",    "required",    "properties",  "additionalProperties",
      "minProperties", "items",   "minItems",    "uniqueItems", "minLength",
      "maxLength",     "minimum", "maximum",     "pattern",     "oneOf",
      "allOf",         "not"};
  for (const char* file : kFiles) {
    std::set<std::string> used;
    collect_keywords(golden::schema(file), used);
    for (const std::string& keyword : used)
      EXPECT_TRUE(known.contains(keyword)) << file << ": " << keyword;
  }
}

TEST(SchemaFiles, EveryReferenceLeadsSomewhere) {
  for (const char* file : kFiles) {
    const rapidjson::Document schema = golden::schema(file);
    std::vector<const rapidjson::Value*> open = {&schema};
    while (!open.empty()) {
      const rapidjson::Value& node = *open.back();
      open.pop_back();
      if (node.IsArray()) {
        for (const auto& item : node.GetArray()) open.push_back(&item);
      }
      if (!node.IsObject()) continue;
      for (const auto& member : node.GetObject()) open.push_back(&member.value);
      if (const json::Node* reference = json::find(node, "$ref")) {
        EXPECT_NE(rapidjson::Pointer(reference->GetString()).Get(schema), nullptr)
            << reference->GetString();
      }
    }
  }
}

TEST(SchemaFiles, LanguagesAndRequestsHaveTheSameLimits) {
  EXPECT_EQ(golden::schema("evaluation_request.schema.json")["definitions"]["limits"],
            golden::schema("language.schema.json")["definitions"]["limits"]);
}

TEST(SchemaFiles, TheVerdictsOfAResultAreThoseOfTheTable) {
  const rapidjson::Document schema = golden::schema("evaluation_result.schema.json");
  std::set<std::string> of_results;
  for (const auto& word : schema["properties"]["verdict"]["enum"].GetArray())
    of_results.insert(word.GetString());
  std::set<std::string> of_cases;
  for (const auto& word :
       schema["definitions"]["case"]["properties"]["verdict"]["enum"].GetArray()) {
    of_cases.insert(word.GetString());
  }

  for (int i = 0; i <= static_cast<int>(Verdict::kNotRun); ++i) {
    const std::string word(farm::word(static_cast<Verdict>(i)));
    EXPECT_TRUE(of_cases.contains(word)) << word;
    EXPECT_EQ(of_results.contains(word), word != "not_run") << word;
  }
  EXPECT_EQ(of_cases.size(), of_results.size() + 1);
}

TEST(SchemaFiles, PlacesWhereATypoWouldJudgeDifferentlyAreClosed) {
  const rapidjson::Document schema = golden::schema("evaluation_request.schema.json");
  const auto& definitions = schema["definitions"];
  for (const char* name : {"submission", "limits", "policy", "stdin_stdout", "function_call",
                           "assert", "test_suite", "notebook", "run", "stdin_case", "call_case"}) {
    ASSERT_TRUE(definitions[name].HasMember("additionalProperties")) << name;
    EXPECT_TRUE(definitions[name]["additionalProperties"].IsFalse()) << name;
  }
  EXPECT_FALSE(schema.HasMember("additionalProperties"));
}

}  // namespace
}  // namespace farm
