#include "producer/gateway/uploads.h"

#include <gtest/gtest.h>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

Expected<FileMap> uploads(std::string_view json) { return read_uploads(*decode_plain_json(json)); }

TEST(LenientBase64, ReadsAsPythonDoes) {
  EXPECT_EQ(lenient_base64("aGVsbG8="), "hello");
  EXPECT_EQ(lenient_base64("aGVs\nbG8= "), "hello");
  EXPECT_EQ(lenient_base64("aG!Vsb-G8=trailing"), "hello");
  EXPECT_EQ(lenient_base64(""), "");
  EXPECT_EQ(lenient_base64("aGVsbG8"), std::nullopt);
  EXPECT_EQ(lenient_base64("a==="), std::nullopt);
}

TEST(Uploads, AreDecodedAndTheirPathsMadePlain) {
  const auto files = uploads(R"({"p/q/r.txt": "cGF5bG9hZA==", "./a//b": ""})");
  ASSERT_TRUE(files) << files.error().what;
  EXPECT_EQ(files->at("p/q/r.txt"), "payload");
  EXPECT_EQ(files->at("a/b"), "");
}

TEST(Uploads, NullAndNamesToIgnoreAreLeftOut) {
  const auto files = uploads(R"({"n.txt": null, "x/IGNORE_THIS_FILE": "YQ=="})");
  ASSERT_TRUE(files);
  EXPECT_TRUE(files->empty());
}

TEST(Uploads, NoPathLeadsOutOfTheWorkDirectory) {
  EXPECT_FALSE(uploads(R"({"/etc/passwd": "YQ=="})"));
  EXPECT_FALSE(uploads(R"({"../x": "YQ=="})"));
  EXPECT_FALSE(uploads(R"({"a/../../x": "YQ=="})"));
}

TEST(Uploads, BrokenBase64IsToldByName) {
  const auto files = uploads(R"({"x.bin": "YQ"})");
  ASSERT_FALSE(files);
  EXPECT_NE(files.error().what.find("x.bin"), std::string::npos);
}

}  // namespace
}  // namespace farm::gateway
