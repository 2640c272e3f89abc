#include "grader/os/capped_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace farm::os {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr unsigned kSomebody = 60'999;

class CappedDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "capped-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  CappedDirectorySettings settings(std::int64_t max_bytes) const {
    CappedDirectorySettings settings;
    settings.path = root_ / "dumps";
    settings.max_bytes = Bytes{max_bytes};
    settings.is_ours = [](std::string_view name) { return name.ends_with(".dump"); };
    return settings;
  }
  CappedDirectory open(std::int64_t max_bytes) const {
    auto opened = CappedDirectory::open(settings(max_bytes));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
    return std::move(opened).value();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "dumps"))
      found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }
  void put(const std::string& name, const std::string& content, std::int64_t age_seconds) const {
    const auto path = root_ / "dumps" / name;
    std::ofstream(path) << content;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= age_seconds;
    const timespec times[2] = {now, now};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  std::filesystem::path root_;
};

TEST_F(CappedDirectoryTest, MakesItselfAndItsParentsForItsOwnerOnly) {
  CappedDirectorySettings deep = settings(100);
  deep.path = root_ / "a/b/dumps/";

  ASSERT_TRUE(CappedDirectory::open(deep));

  struct stat status {};
  ASSERT_EQ(::stat((root_ / "a/b/dumps").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0007U, 0U);
}

TEST_F(CappedDirectoryTest, TheOldestGoFirstAndOnlyAsManyAsNeeded) {
  CappedDirectory directory = open(30);
  for (const char* name : {"1.dump", "2.dump", "3.dump"})
    ASSERT_TRUE(directory.write(name, std::string(10, 'x')));
  EXPECT_EQ(directory.used(), Bytes{30});

  ASSERT_TRUE(directory.write("4.dump", std::string(15, 'x')));

  EXPECT_THAT(names(), ElementsAre("3.dump", "4.dump"));
  EXPECT_EQ(directory.used(), Bytes{25});
}

TEST_F(CappedDirectoryTest, FilesOfEarlierRunsCountByTheirAge) {
  std::filesystem::create_directory(root_ / "dumps");
  put("a.dump", std::string(10, 'x'), 10);
  put("b.dump", std::string(10, 'x'), 30);
  put("c.dump", std::string(10, 'x'), 20);

  CappedDirectory directory = open(35);
  ASSERT_TRUE(directory.write("d.dump", std::string(10, 'x')));

  EXPECT_THAT(names(), ElementsAre("a.dump", "c.dump", "d.dump"));
}

TEST_F(CappedDirectoryTest, OtherFilesAreNeitherCountedNorRemoved) {
  std::filesystem::create_directory(root_ / "dumps");
  put("notes.txt", std::string(1000, 'x'), 100);

  CappedDirectory directory = open(20);
  EXPECT_EQ(directory.used(), Bytes{0});
  for (const char* name : {"1.dump", "2.dump", "3.dump"})
    ASSERT_TRUE(directory.write(name, std::string(10, 'x')));

  EXPECT_THAT(names(), ElementsAre("2.dump", "3.dump", "notes.txt"));
}

TEST_F(CappedDirectoryTest, AFileOfTheSameNameIsReplacedAndCountedOnce) {
  CappedDirectory directory = open(100);
  ASSERT_TRUE(directory.write("1.dump", std::string(40, 'x')));
  ASSERT_TRUE(directory.write("1.dump", std::string(30, 'y')));

  EXPECT_EQ(directory.used(), Bytes{30});
  EXPECT_THAT(names(), ElementsAre("1.dump"));
}

TEST_F(CappedDirectoryTest, WhatIsLargerThanTheCapIsRefusedAndRemovesNothing) {
  CappedDirectory directory = open(20);
  ASSERT_TRUE(directory.write("1.dump", std::string(10, 'x')));

  const auto refused = directory.write("2.dump", std::string(21, 'x'));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  EXPECT_THAT(names(), ElementsAre("1.dump"));
}

TEST_F(CappedDirectoryTest, AFileThatSomebodyElseRemovedIsNoFailure) {
  CappedDirectory directory = open(20);
  ASSERT_TRUE(directory.write("1.dump", std::string(10, 'x')));
  ASSERT_TRUE(directory.write("2.dump", std::string(10, 'x')));
  std::filesystem::remove(root_ / "dumps/1.dump");

  EXPECT_TRUE(directory.write("3.dump", std::string(10, 'x')));

  EXPECT_THAT(names(), ElementsAre("2.dump", "3.dump"));
}

TEST_F(CappedDirectoryTest, TwoWritersStayUnderTheCapTogetherAfterALook) {
  CappedDirectory one = open(100);
  CappedDirectory other = open(100);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(other.write("other-" + std::to_string(i) + ".dump", std::string(10, 'x')));
  }
  for (int i = 0; i < CappedDirectory::kRescanAfter; ++i)
    ASSERT_TRUE(one.write("one-" + std::to_string(i) + ".dump", std::string(10, 'x')));

  std::int64_t bytes = 0;
  for (const std::string& name : names())
    bytes += static_cast<std::int64_t>(std::filesystem::file_size(root_ / "dumps" / name));
  EXPECT_LE(bytes, 100);
}

// A reader that looks all the time never sees a part of a file, under whatever name.
TEST_F(CappedDirectoryTest, AReaderSeesWholeFilesOnly) {
  CappedDirectory directory = open(mib(16).count);
  const std::string content(200'000, 'x');
  std::atomic<bool> ended{false};
  std::atomic<int> seen{0};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!ended) {
      std::ifstream file(root_ / "dumps/1.dump", std::ios::binary);
      if (!file.is_open()) continue;
      const std::string read{std::istreambuf_iterator<char>(file), {}};
      ++seen;
      if (read.size() != content.size()) ++torn;
    }
  });

  for (int i = 0; i < 50 || seen == 0; ++i) ASSERT_TRUE(directory.write("1.dump", content));
  ended = true;
  reader.join();

  EXPECT_EQ(torn, 0);
}

TEST_F(CappedDirectoryTest, AWriteThatFailsLeavesNothingBehind) {
  CappedDirectory directory = open(100);
  std::filesystem::create_directory(root_ / "dumps/1.dump");  // a file cannot take its place

  EXPECT_FALSE(directory.write("1.dump", "x"));

  EXPECT_THAT(names(), ElementsAre("1.dump"));
}

TEST_F(CappedDirectoryTest, TemporaryFilesOfADeadWriterAreRemovedAndThoseOfALivingOneKept) {
  std::filesystem::create_directory(root_ / "dumps");
  put(".gradefarm-tmp-1-1", "x", 3600);
  put(".gradefarm-tmp-1-2", "x", 1);

  open(100);

  EXPECT_THAT(names(), ElementsAre(".gradefarm-tmp-1-2"));
}

TEST_F(CappedDirectoryTest, ALinkOfOurNameIsNotFollowed) {
  std::ofstream(root_ / "victim") << "precious";
  std::filesystem::create_directory(root_ / "dumps");
  std::filesystem::create_symlink(root_ / "victim", root_ / "dumps/1.dump");
  CappedDirectory directory = open(100);

  ASSERT_TRUE(directory.write("1.dump", "x"));

  EXPECT_EQ(std::filesystem::file_size(root_ / "victim"), 8U);
  EXPECT_FALSE(std::filesystem::is_symlink(root_ / "dumps/1.dump"));
}

TEST_F(CappedDirectoryTest, APathThatIsNoDirectoryIsNamed) {
  std::ofstream(root_ / "dumps") << "x";

  const auto refused = CappedDirectory::open(settings(100));

  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr((root_ / "dumps").string()));
}

class HandedOver : public CappedDirectoryTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root: cannot give a directory to another user";
    CappedDirectoryTest::SetUp();
  }
  CappedDirectorySettings owned() const {
    CappedDirectorySettings owned = settings(100);
    owned.owner = kSomebody;
    return owned;
  }
  unsigned owner_of(const std::filesystem::path& path) const {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_uid;
  }
};

TEST_F(HandedOver, ANewDirectoryIsTheWritersAndItsParentsAreNot) {
  ASSERT_TRUE(CappedDirectory::open(owned()));

  EXPECT_EQ(owner_of(root_ / "dumps"), kSomebody);
  EXPECT_EQ(owner_of(root_), 0U);
}

TEST_F(HandedOver, AnEmptyDirectoryOrOneOfOurFilesBecomesTheWriters) {
  std::filesystem::create_directory(root_ / "dumps");
  put("1.dump", "x", 1);

  ASSERT_TRUE(CappedDirectory::open(owned()));

  EXPECT_EQ(owner_of(root_ / "dumps"), kSomebody);
}

TEST_F(HandedOver, ADirectoryWithOtherFilesIsRefusedAndLeftAsItWas) {
  std::filesystem::create_directory(root_ / "dumps");
  put("passwd", "x", 1);

  const auto refused = CappedDirectory::open(owned());

  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("passwd"));
  EXPECT_EQ(owner_of(root_ / "dumps"), 0U);
}

TEST_F(CappedDirectoryTest, WhatIsReadIsYoungestAgain) {
  std::filesystem::create_directory(root_ / "dumps");
  put("1.dump", "1234567890", 30);
  put("2.dump", "1234567890", 20);
  CappedDirectory directory = open(25);

  EXPECT_EQ(directory.read("1.dump").value(), "1234567890");
  ASSERT_TRUE(directory.write("3.dump", "1234567890"));

  EXPECT_THAT(names(), ElementsAre("1.dump", "3.dump"));
}

TEST_F(CappedDirectoryTest, AFileThatIsNotThereIsNoError) {
  CappedDirectory directory = open(25);
  EXPECT_EQ(directory.read("1.dump").value(), std::nullopt);
  directory.remove("1.dump");
}

TEST_F(CappedDirectoryTest, WhatIsRemovedTakesNoRoom) {
  CappedDirectory directory = open(25);
  ASSERT_TRUE(directory.write("1.dump", "1234567890"));

  directory.remove("1.dump");

  EXPECT_EQ(directory.used(), Bytes{0});
  EXPECT_EQ(directory.read("1.dump").value(), std::nullopt);
}

TEST_F(CappedDirectoryTest, OneThatOthersMayWriteToIsRefusedWhereThatMatters) {
  CappedDirectorySettings careful = settings(25);
  careful.nobody_else_writes = true;
  EXPECT_TRUE(CappedDirectory::open(careful));

  ASSERT_EQ(::chmod(careful.path.c_str(), 0777), 0);

  const auto opened = CappedDirectory::open(careful);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text(), HasSubstr("not only user"));
}

}  // namespace
}  // namespace farm::os
