#include "grader/languages/registry.h"
#include "tests/support/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace farm::languages {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

LanguageDefinition named(std::string id, std::vector<std::string> aliases = {},
                         std::vector<std::string> evaluations = {"run"}) {
  LanguageDefinition language;
  language.id = std::move(id);
  language.aliases = std::move(aliases);
  language.evaluations = std::move(evaluations);
  return language;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (fs::temp_directory_path() / "languages_XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name) << content;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string file_of(const std::string& id, const std::string& more = "") {
  return R"({"id": ")" + id +
         R"(", "display": "X", "source_name": "main.x", "run": {"command": ["/bin/x", "{source}"]},
            "profile": "managed", "version_command": ["/bin/x"], "evaluations": ["run"],
            "self_test": {"source": "x", "stdout": "x"})" +
         more + "}";
}

TEST(Registry, FindsByIdAndAlias) {
  const auto registry = Registry::create({named("cpp", {"c++"}), named("bash")});

  ASSERT_TRUE(registry);
  ASSERT_NE(registry->find("c++"), nullptr);
  EXPECT_EQ(registry->find("c++"), registry->find("cpp"));
  EXPECT_EQ(registry->find("c++")->id, "cpp");
  EXPECT_EQ(registry->find("C++"), nullptr);
  EXPECT_EQ(registry->find(""), nullptr);
  EXPECT_THAT(registry->ids(), ElementsAre("bash", "cpp"));
}

TEST(Registry, ListsWhatItsLanguagesServe) {
  const auto registry =
      Registry::create({named("a", {}, {"run", "assert"}), named("b", {}, {"run"})});

  ASSERT_TRUE(registry);
  EXPECT_THAT(registry->evaluations(), ElementsAre("assert", "run"));
  EXPECT_TRUE(serves(*registry->find("a"), "assert"));
  EXPECT_FALSE(serves(*registry->find("b"), "assert"));
}

TEST(Registry, RefusesANameThatTwoLanguagesClaim) {
  EXPECT_FALSE(Registry::create({named("a"), named("a")}));
  EXPECT_FALSE(Registry::create({named("a", {"b"}), named("b")}));
  EXPECT_FALSE(Registry::create({named("a"), named("b", {"a"})}));
  const auto shared = Registry::create({named("a", {"x"}), named("b", {"x"})});
  ASSERT_FALSE(shared);
  EXPECT_EQ(shared.error().code, ErrorCode::kInternal);
  EXPECT_THAT(shared.error().what, HasSubstr("x already names a"));
}

TEST(Registry, ReadsOnlyJsonFilesOfADirectory) {
  const TemporaryDirectory directory;
  directory.write("a.json", file_of("a"));
  directory.write("b.json", file_of("b"));
  directory.write("README.md", "no JSON");
  fs::create_directory(directory.path() / "below");

  const auto registry = Registry::load(directory.path());

  ASSERT_TRUE(registry) << registry.error().text();
  EXPECT_THAT(registry->ids(), ElementsAre("a", "b"));
}

TEST(Registry, NamesTheFileAndThePointerOfAMistake) {
  const TemporaryDirectory directory;
  directory.write("a.json", file_of("a", R"(, "limits": {"run_cpu_ms": -1})"));

  const auto registry = Registry::load(directory.path());

  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, ErrorCode::kInternal);
  EXPECT_THAT(registry.error().what, HasSubstr("a.json"));
  EXPECT_THAT(registry.error().what, HasSubstr("/limits/run_cpu_ms"));
}

TEST(Registry, NamesBothFilesOfOneId) {
  const TemporaryDirectory directory;
  directory.write("a.json", file_of("same"));
  directory.write("b.json", file_of("same"));

  const auto registry = Registry::load(directory.path());

  ASSERT_FALSE(registry);
  EXPECT_THAT(registry.error().what, HasSubstr("a.json"));
  EXPECT_THAT(registry.error().what, HasSubstr("b.json"));
}

TEST(Registry, SaysHowToNameAnotherDirectory) {
  const TemporaryDirectory empty;
  for (const fs::path& path : {empty.path(), empty.path() / "missing"}) {
    const auto registry = Registry::load(path);

    ASSERT_FALSE(registry);
    EXPECT_THAT(registry.error().what, HasSubstr("--languages-dir"));
    EXPECT_THAT(registry.error().what, HasSubstr(path.string()));
  }
}

TEST(DefaultDirectory, LiesBesideTheProgramsDirectory) {
  EXPECT_EQ(default_directory("/usr/local/bin/gradefarm-grader"),
            "/usr/local/share/gradefarm/languages");
}

TEST(DefaultDirectory, HoldsTheLanguagesInABuildTree) {
  const fs::path directory = default_directory(test::binary_dir() / "bin" / "gradefarm-grader");

  const auto registry = Registry::load(directory);

  ASSERT_TRUE(registry) << registry.error().text();
  EXPECT_NE(registry->find("python"), nullptr);
}

}  // namespace
}  // namespace farm::languages
