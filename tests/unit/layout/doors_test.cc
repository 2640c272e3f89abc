// Every third party has one door: the folder that may include it. CMake links it to that module
// only, but the headers lie in /usr/include, where any file could reach them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/layout/source_tree.h"

namespace farm::layout {
namespace {

struct Door {
  std::string library;
  std::vector<std::string> headers;  // a header, or the folder of all its headers
  std::string folder;

  friend void PrintTo(const Door& door, std::ostream* out) { *out << door.library; }
};

const std::vector<Door>& doors() {
  static const std::vector<Door> table = {
      {"RapidJSON", {"rapidjson/"}, "schemas/"},
      {"librdkafka",
       {"librdkafka/", "rdkafka.h", "rdkafka_mock.h", "rdkafkacpp.h"},
       "grader/kafka/"},
      {"OpenSSL", {"openssl/"}, "grader/os/"},
      {"libseccomp", {"seccomp.h", "libseccomp/"}, "grader/sandbox/"},
      {"prometheus-cpp", {"prometheus/"}, "monitoring/"},
      {"civetweb", {"civetweb.h", "CivetServer.h"}, "monitoring/"},
      {"spdlog", {"spdlog/", "fmt/"}, "monitoring/"},
      {"cairo", {"cairo.h", "cairo/"}, "producer/command/"},
      {"Boost", {"boost/"}, "producer/gateway/"},
      {"CLI11", {"CLI/"}, "grader/config/"},
      {"toml++", {"toml++/"}, "grader/config/"},
  };
  return table;
}

bool shows(const Door& door, const std::string& header) {
  return std::any_of(door.headers.begin(), door.headers.end(), [&](const std::string& pattern) {
    return pattern.ends_with('/') ? header.starts_with(pattern) : header == pattern;
  });
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

class Doors : public testing::TestWithParam<Door> {};

TEST_P(Doors, AreTheOnlyWayIn) {
  const Door& door = GetParam();
  std::set<std::string> used_in;

  for (const Include& include : includes_below(own_folders())) {
    if (!shows(door, include.header)) continue;
    used_in.insert(folder_of(include.file));
    EXPECT_EQ(folder_of(include.file), door.folder)
        << include.file << " includes " << include.header;
  }
  EXPECT_FALSE(used_in.empty()) << "nobody includes " << door.library
                                << ": this row protects nothing";
}

// A header that shows the library, by itself or through another one, is for its own folder: whoever
// else included it would come in by the window.
TEST_P(Doors, LeadToHeadersThatDoNotPassTheLibraryOn) {
  const std::vector<Include> includes = includes_below(own_folders());
  std::set<std::string> showing;
  for (std::size_t before = 1; before != showing.size();) {
    before = showing.size();
    for (const Include& include : includes) {
      if (include.file.ends_with(".h") &&
          (shows(GetParam(), include.header) || showing.contains(include.header))) {
        showing.insert(include.file);
      }
    }
  }

  for (const Include& include : includes) {
    if (!showing.contains(include.header)) continue;
    EXPECT_EQ(folder_of(include.file), folder_of(include.header))
        << include.file << " includes " << include.header << ", which shows " << GetParam().library;
  }
}

INSTANTIATE_TEST_SUITE_P(Layout, Doors, testing::ValuesIn(doors()), [](const auto& test) {
  std::string name = test.param.library;
  std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
  return name;
});

}  // namespace
}  // namespace farm::layout
