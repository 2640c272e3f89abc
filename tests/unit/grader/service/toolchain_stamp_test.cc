#include "grader/service/toolchain_stamp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace farm::service {
namespace {

namespace fs = std::filesystem;

class ToolchainStamp : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "stamp-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directories(root_ / "include/deep");
    write("status", "one");
  }
  void TearDown() override { fs::remove_all(root_); }

  // Files of a test are written within one tick of the clock: their times are set.
  void write(const std::string& name, const std::string& content) {
    std::ofstream(root_ / name) << content;
    touch(name);
  }
  void touch(const std::string& name) {
    fs::last_write_time(root_ / name, fs::file_time_type(std::chrono::hours(++hours_)));
  }
  std::string stamp() const {
    return stamp_of({root_ / "include", root_ / "status", root_ / "nowhere"});
  }

  fs::path root_;
  int hours_ = 0;
};

TEST_F(ToolchainStamp, IsTheSameWhileNothingIsInstalled) { EXPECT_EQ(stamp(), stamp()); }

TEST_F(ToolchainStamp, ChangesWithADirectoryAnywhereBelow) {
  const std::string before = stamp();
  touch("include/deep");
  EXPECT_NE(stamp(), before);
}

TEST_F(ToolchainStamp, ChangesWithAFileThatIsNamed) {
  const std::string before = stamp();
  write("status", "two");
  EXPECT_NE(stamp(), before);
}

}  // namespace
}  // namespace farm::service
