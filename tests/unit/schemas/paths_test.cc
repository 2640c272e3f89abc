#include "schemas/paths.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

using namespace std::string_literals;

TEST(PathObjection, OrdinaryRelativePathsPass) {
  for (const std::string& path :
       {"a"s, "a/b/c.txt"s, "..a"s, "a.."s, "..."s, ".hidden"s, "a b"s, "ファイル"s, "a\\b"s,
        std::string(255, 'x') + "/" + std::string(255, 'y')}) {
    EXPECT_EQ(path_objection(path), "") << path;
  }
}

TEST(PathObjection, NothingLeadsOutOfTheFolder) {
  for (const std::string& path : {"/"s, "/a"s, ".."s, "../a"s, "a/.."s, "a/../b"s, "a/b/.."s}) {
    EXPECT_NE(path_objection(path), "") << path;
  }
}

TEST(PathObjection, NothingHasTwoSpellings) {
  for (const std::string& path : {""s, "."s, "./a"s, "a/."s, "a/./b"s, "a//b"s, "a/"s}) {
    EXPECT_NE(path_objection(path), "") << path;
  }
}

TEST(PathObjection, NothingIsBeyondTheKernel) {
  EXPECT_NE(path_objection("a\0b"s), "");
  EXPECT_NE(path_objection(std::string(256, 'x')), "");
  EXPECT_NE(path_objection("a/" + std::string(256, 'x')), "");
  std::string path = "a";
  while (path.size() <= 1024) path += "/a";
  EXPECT_NE(path_objection(path), "");
}

}  // namespace
}  // namespace farm
