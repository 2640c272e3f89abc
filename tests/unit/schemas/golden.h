// The golden messages and documents of schemas/, as tests read them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/json.h"
#include "tests/support/paths.h"

namespace farm::golden {

inline std::filesystem::path folder() { return test::source_dir() / "schemas"; }

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Names, without ".json", of the examples of a kind ("valid" or "invalid").
inline std::vector<std::string> names(std::string_view kind) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder() / "examples" / kind)) {
    if (entry.path().extension() == ".json") found.push_back(entry.path().stem().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

inline rapidjson::Document parse(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  return document;
}

// The schema file as it is, with every keyword that the decoder leaves to C++.
inline rapidjson::Document schema(std::string_view file_name) {
  return parse(content_of(folder() / file_name));
}

inline bool accepts(const rapidjson::Document& schema, const rapidjson::Value& message) {
  const rapidjson::SchemaDocument compiled(schema);
  rapidjson::SchemaValidator validator(compiled);
  return message.Accept(validator);
}

}  // namespace farm::golden
