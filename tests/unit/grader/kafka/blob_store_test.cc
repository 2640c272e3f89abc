#include "grader/kafka/blob_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "grader/os/sha256.h"

namespace farm::kafka {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr Milliseconds kNow{0};

class BlobStoreTest : public ::testing::Test {
 protected:
  BlobStoreTest() {
    std::string name = (fs::temp_directory_path() / "blob-store-test-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~BlobStoreTest() override { fs::remove_all(root_); }

  BlobStore open() const { return BlobStore::open((root_ / "store").string()).value(); }
  fs::path path_of(const BlobReference& reference) const {
    return root_ / "store" / reference.location.substr(5);
  }

  fs::path root_;
};

TEST_F(BlobStoreTest, ContentComesBackByItsReference) {
  const auto store = open();
  std::string content;
  for (unsigned i = 0; i < 700'000; ++i) content += static_cast<char>(i * i / 7);

  for (const auto& each : {content, std::string(), std::string(3'000'000, 'a')}) {
    const auto reference = store.put(each);
    ASSERT_TRUE(reference) << reference.error().text();
    EXPECT_EQ(reference->sha256, os::sha256_hex(each));
    EXPECT_EQ(reference->bytes, static_cast<std::int64_t>(each.size()));
    const auto read = store.get(*reference, mib(8), kNow);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, each);
  }
}

TEST_F(BlobStoreTest, FileIsCompressedAndReadableByOthersWhateverTheUmask) {
  const mode_t before = ::umask(077);
  const auto store = open();
  const auto reference = store.put(std::string(1'000'000, 'a')).value();
  ::umask(before);

  EXPECT_EQ(reference.location,
            "file:" + reference.sha256.substr(0, 2) + "/" + reference.sha256 + ".zst");
  EXPECT_LT(fs::file_size(path_of(reference)), 10'000u);
  struct stat status {};
  ASSERT_EQ(::stat(path_of(reference).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, mode_t{0644});
  ASSERT_EQ(::stat(path_of(reference).parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, mode_t{01777});
}

TEST_F(BlobStoreTest, ContentThatIsThereIsNotWrittenAgain) {
  const auto store = open();
  const auto first = store.put("same").value();
  struct stat before {};
  ASSERT_EQ(::stat(path_of(first).c_str(), &before), 0);
  const auto second = store.put("same").value();

  struct stat after {};
  ASSERT_EQ(::stat(path_of(first).c_str(), &after), 0);
  EXPECT_EQ(first.location, second.location);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(BlobStoreTest, MissingBlobIsUnavailable) {
  const auto store = open();
  const auto reference = store.put("gone").value();
  fs::remove(path_of(reference));

  const auto read = store.get(reference, mib(1), kNow);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kUnavailable);
}

TEST_F(BlobStoreTest, WaitsForABlobThatIsWrittenLater) {
  const auto store = open();
  const auto reference = store.put("late").value();
  fs::remove(path_of(reference));

  auto read = std::async(std::launch::async,
                         [&] { return store.get(reference, mib(1), Milliseconds(30'000)); });
  ASSERT_TRUE(store.put("late"));

  const auto content = read.get();
  ASSERT_TRUE(content) << content.error().text();
  EXPECT_EQ(*content, "late");
}

TEST_F(BlobStoreTest, LocationOutsideTheStoreIsRefused) {
  const auto store = open();
  std::ofstream(root_ / "secret") << "secret";
  auto reference = store.put("x").value();

  for (const char* location : {"file:../secret", "file:/etc/passwd", "file:aa/../../secret",
                               "https://example.com/x", "file:", ""}) {
    reference.location = location;
    const auto read = store.get(reference, mib(1), kNow);
    ASSERT_FALSE(read) << location;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidRequest) << location;
  }
}

TEST_F(BlobStoreTest, SymbolicLinkIsNotFollowed) {
  const auto store = open();
  auto reference = store.put("x").value();
  fs::rename(path_of(reference), root_ / "outside.zst");
  fs::create_symlink(root_ / "outside.zst", path_of(reference));

  const auto read = store.get(reference, mib(1), kNow);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidRequest);
}

TEST_F(BlobStoreTest, DirectoryOrPipeInPlaceOfABlobIsRefused) {
  const auto store = open();
  auto reference = store.put("x").value();
  const auto path = path_of(reference);
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0);

  const auto read = store.get(reference, mib(1), kNow);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidRequest);
}

TEST_F(BlobStoreTest, BlobAboveTheMaximumIsRefusedWithBothSizes) {
  const auto store = open();
  const auto reference = store.put(std::string(5'000, 'x')).value();

  const auto read = store.get(reference, Bytes{4'999}, kNow);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidRequest);
  EXPECT_THAT(read.error().what, HasSubstr("5000 bytes"));
  EXPECT_THAT(read.error().what, HasSubstr("4999 bytes"));
}

TEST_F(BlobStoreTest, BlobThatIsLongerThanItsReferenceSaysIsDamaged) {
  const auto store = open();
  auto reference = store.put(std::string(50'000'000, 'x')).value();
  reference.bytes = 100;

  const auto read = store.get(reference, mib(1), kNow);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInternal);
}

TEST_F(BlobStoreTest, DamagedBlobsAreNeverReturned) {
  const auto store = open();
  const auto good = store.put(std::string(100'000, 'g')).value();
  const auto other = store.put(std::string(100'000, 'h')).value();
  const auto path = path_of(good);
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::ifstream other_file(path_of(other), std::ios::binary);
  const std::string other_bytes(std::istreambuf_iterator<char>(other_file), {});

  for (const auto& damaged : {std::string("not zstd at all"), bytes.substr(0, bytes.size() / 2),
                              std::string(), other_bytes, bytes + other_bytes}) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    const auto read = store.get(good, mib(1), kNow);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kInternal);
  }
}

TEST_F(BlobStoreTest, ManyWritersOfOneContentLeaveOneGoodBlobAndNoTemporaries) {
  const auto store = open();
  const std::string content(200'000, 'c');
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&] { EXPECT_TRUE(store.put(content)); });
  }
  for (auto& writer : writers) writer.join();

  const auto reference = store.put(content).value();
  EXPECT_EQ(store.get(reference, mib(1), kNow).value(), content);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "store")) {
    if (entry.is_regular_file()) ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_F(BlobStoreTest, GarbageCollectionTakesWhatIsOldAndLeavesWhatIsUsed) {
  const auto store = open();
  const auto old = store.put("old").value();
  const auto used = store.put("used").value();
  const std::array<timespec, 2> long_ago{timespec{1'000'000'000, 0}, timespec{1'000'000'000, 0}};
  for (const auto& reference : {old, used}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, path_of(reference).c_str(), long_ago.data(), 0), 0);
  }
  ASSERT_TRUE(store.get(used, mib(1), kNow));

  const auto removed = store.collect_garbage(std::chrono::hours(1));

  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 1);
  EXPECT_FALSE(store.get(old, mib(1), kNow));
  EXPECT_TRUE(store.get(used, mib(1), kNow));
}

TEST_F(BlobStoreTest, StoreThatIsAFileIsRefusedByName) {
  std::ofstream(root_ / "store") << "x";

  const auto store = BlobStore::open((root_ / "store").string());

  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text(), HasSubstr((root_ / "store").string()));
}

}  // namespace
}  // namespace farm::kafka
