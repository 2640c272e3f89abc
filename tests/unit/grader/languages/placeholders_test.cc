#include "grader/languages/placeholders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/language.h"

namespace farm::languages {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const PlaceholderValues kValues{.source = "main.x",
                                .binary = "prog",
                                .dir = "/work",
                                .memory_mib = 256,
                                .python = "/opt/venv/bin/python"};

TEST(Placeholders, StandAnywhereInAnArgument) {
  const auto argv =
      expand({"{python}", "-Xmx{memory_mib}m", "{dir}/{source}", "./{binary}"}, kValues);

  ASSERT_TRUE(argv);
  EXPECT_THAT(*argv, ElementsAre("/opt/venv/bin/python", "-Xmx256m", "/work/main.x", "./prog"));
}

TEST(Placeholders, OtherBracesAreLiteral) {
  for (const char* text :
       {"{}", "{ source }", "{SOURCE}", "{source", "source}", "{", "}{", "a{1,3}", "{print $1}"}) {
    const auto expanded = expand(text, kValues);

    ASSERT_TRUE(expanded) << text;
    EXPECT_EQ(*expanded, text);
  }
}

TEST(Placeholders, BraceBeforeAPlaceholderIsLiteral) {
  EXPECT_EQ(*expand("{{source}}", kValues), "{main.x}");
}

TEST(Placeholders, ValuesAreNotExpandedAgain) {
  EXPECT_EQ(*expand("{source}", {.source = "{binary}"}), "{binary}");
}

TEST(Placeholders, UnknownOnesAreRefusedByName) {
  const auto expanded = expand("{sourc}", kValues);

  ASSERT_FALSE(expanded);
  EXPECT_EQ(expanded.error().code, ErrorCode::kInvalidRequest);
  EXPECT_THAT(expanded.error().what, HasSubstr("{sourc}"));
}

TEST(Placeholders, EveryPlaceholderThatDecodingAcceptsIsKnown) {
  for (const auto placeholder : kPlaceholders) {
    const auto expanded = expand(placeholder, kValues);

    ASSERT_TRUE(expanded) << placeholder;
    EXPECT_NE(*expanded, placeholder);
  }
}

}  // namespace
}  // namespace farm::languages
