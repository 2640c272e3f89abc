// The sources of this repository and what they include.
#pragma once

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/paths.h"

namespace farm::layout {

struct Include {
  std::string file;    // relative to the root: "grader/kafka/consumer.cc"
  std::string header;  // as it is written between the quotes or brackets
};

// Every #include in every .h and .cc file below `folders`.
inline std::vector<Include> includes_below(const std::vector<std::string>& folders) {
  namespace fs = std::filesystem;
  static const std::regex pattern(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  const fs::path root = test::source_dir();
  std::vector<Include> includes;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".h" && extension != ".cc")) continue;
      std::ifstream in(entry.path());
      std::smatch match;
      for (std::string line; std::getline(in, line);) {
        if (std::regex_search(line, match, pattern)) {
          includes.push_back({fs::relative(entry.path(), root).string(), match[1].str()});
        }
      }
    }
  }
  return includes;
}

inline const std::vector<std::string>& own_folders() {
  static const std::vector<std::string> folders = {"schemas", "monitoring", "producer", "grader",
                                                   "gpu_grader"};
  return folders;
}

}  // namespace farm::layout
