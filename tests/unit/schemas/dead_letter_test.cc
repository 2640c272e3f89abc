#include "schemas/dead_letter.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

TEST(DeadLetter, IsOneLineOfJson) {
  EXPECT_EQ(encode_dead_letter({"0:1", 5, {{"error", "bad\n"}}, "{\n}"}),
            R"({"id":"0:1","published_unix_ms":5,"headers":{"error":"bad\n"},"value":"{\n}"})");
}

TEST(DeadLetter, BytesThatAreNoTextAreBase64) {
  EXPECT_EQ(encode_dead_letter({"0:1", 5, {}, "\xff\xfe"}),
            R"({"id":"0:1","published_unix_ms":5,"headers":{},"value_base64":"//4="})");
}

}  // namespace
}  // namespace farm
