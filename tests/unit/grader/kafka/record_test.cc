#include "grader/kafka/record.h"

#include <gtest/gtest.h>

namespace farm::kafka {
namespace {

TEST(FindHeader, LastOfARepeatedKeyCounts) {
  const Headers headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};

  EXPECT_EQ(find_header(headers, "a"), "3");
  EXPECT_EQ(find_header(headers, "b"), "2");
  EXPECT_FALSE(find_header(headers, "A"));
}

}  // namespace
}  // namespace farm::kafka
