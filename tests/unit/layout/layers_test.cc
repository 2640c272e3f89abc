// Includes obey the layers that CMake checks for links: a header needs no link to be included.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/unit/layout/source_tree.h"

namespace farm::layout {
namespace {

// Folder → layer, as the farm_module() and farm_program() calls of the folders say. Where a folder
// has several, the highest counts.
std::map<std::string, int> layers() {
  namespace fs = std::filesystem;
  static const std::regex call(R"(farm_(?:module|program)\(\s*\S+\s+LAYER\s+(\d+))");
  const fs::path root = test::source_dir();
  std::map<std::string, int> found;
  for (const std::string& top : own_folders()) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (entry.path().filename() != "CMakeLists.txt") continue;
      std::ifstream in(entry.path());
      const std::string text(std::istreambuf_iterator<char>(in), {});
      for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
        int& layer = found[fs::relative(entry.path().parent_path(), root).string()];
        layer = std::max(layer, std::stoi((*at)[1].str()));
      }
    }
  }
  return found;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

TEST(Layers, IncludesGoDownOrStayInTheirFolder) {
  const std::map<std::string, int> layer_of = layers();
  ASSERT_GE(layer_of.size(), 3U);
  int checked = 0;

  for (const Include& include : includes_below(own_folders())) {
    const std::string from = folder_of(include.file);
    const std::string to = folder_of(include.header);
    if (from == to || !layer_of.contains(from) || !layer_of.contains(to)) continue;
    ++checked;
    EXPECT_LT(layer_of.at(to), layer_of.at(from)) << include.file << " includes " << include.header;
  }
  EXPECT_GT(checked, 10);
}

TEST(Layers, OwnHeadersAreIncludedFromTheRootAndExist) {
  for (const Include& include : includes_below(own_folders())) {
    const bool own = std::any_of(
        own_folders().begin(), own_folders().end(),
        [&](const std::string& folder) { return include.header.starts_with(folder + '/'); });
    if (own) {
      EXPECT_TRUE(std::filesystem::exists(test::source_dir() / include.header))
          << include.file << " includes " << include.header;
    }
    EXPECT_FALSE(include.header.starts_with("../"))
        << include.file << " includes " << include.header;
  }
}

TEST(Layers, NothingIncludesTests) {
  for (const Include& include : includes_below(own_folders())) {
    EXPECT_FALSE(include.header.starts_with("tests/"))
        << include.file << " includes " << include.header;
  }
}

}  // namespace
}  // namespace farm::layout
