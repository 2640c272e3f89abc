// cut_output() and the scanner for macros: text in, text out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grader/evaluate/cpp_macros.h"
#include "grader/evaluate/cpp_text.h"
#include "grader/evaluate/cut_output.h"

namespace farm::evaluate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(CutOutput, WhatFitsIsUnchanged) {
  const CutOutput cut = cut_output("12345", Bytes{5});

  EXPECT_EQ(cut.bytes, "12345");
  EXPECT_FALSE(cut.truncated);
}

TEST(CutOutput, KeepsHeadAndTailWithinTheLimit) {
  const CutOutput cut = cut_output("head" + std::string(1000, '.') + "tail", Bytes{300});

  EXPECT_TRUE(cut.truncated);
  EXPECT_LE(cut.bytes.size(), 300u);
  EXPECT_TRUE(cut.bytes.starts_with("head."));
  EXPECT_TRUE(cut.bytes.ends_with(".tail"));
  EXPECT_THAT(cut.bytes, ::testing::HasSubstr("bytes left out]"));
}

TEST(CutOutput, LeavesTheMarkerOutWhereThereIsNoRoomForIt) {
  EXPECT_EQ(cut_output("0123456789", Bytes{4}).bytes, "0189");
  EXPECT_EQ(cut_output("0123456789", Bytes{0}).bytes, "");
  EXPECT_TRUE(cut_output("0123456789", Bytes{0}).truncated);
}

TEST(CutOutput, CutsBetweenCharactersAtEveryLimit) {
  const std::string text = "aé€😀aé€😀aé€😀";
  for (std::int64_t limit = 0; limit < static_cast<std::int64_t>(text.size()); ++limit) {
    const std::string cut = cut_output(text, Bytes{limit}).bytes;
    EXPECT_LE(cut.size(), static_cast<std::size_t>(limit));
    const bool starts_inside = !cut.empty() && (cut.front() & 0xC0) == 0x80;
    EXPECT_FALSE(starts_inside) << limit;
    // Every lead byte is followed by as many continuation bytes as it announces.
    for (std::size_t i = 0; i < cut.size();) {
      const auto lead = static_cast<unsigned char>(cut[i]);
      const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      ASSERT_LE(i + length, cut.size()) << limit;
      for (std::size_t j = 1; j < length; ++j) ASSERT_EQ(cut[i + j] & 0xC0, 0x80) << limit;
      i += length;
    }
  }
}

TEST(CutOutput, BytesThatAreNoTextAreCutAnywhere) {
  EXPECT_EQ(cut_output(std::string(100, '\x80'), Bytes{10}).bytes.size(), 6u);
}

TEST(CppMacros, FindsDefinitionsInEverySpelling) {
  EXPECT_THAT(
      defined_macros(
          "#define a 1\n  #  define\tb(x) x\n#/* c */define/**/c\n%:define d\n#def\\\nine e\n"),
      ElementsAre("a", "b", "c", "d", "e"));
}

TEST(CppMacros, OtherDirectivesAndNamesAreNoDefinitions) {
  EXPECT_THAT(defined_macros("#undef a\n#ifdef b\nint define = 1; ns::define c;\n#defined d\n"),
              Not(Contains("a")));
  EXPECT_THAT(defined_macros("#undef a\n#ifdef b\n#defined d\n"), IsEmpty());
}

TEST(CppMacros, UndoesWhatTheTestsUseAndLeavesTheRest) {
  const auto undone = macros_to_undo("#define candidate(...) 1\n#define unused 2\n", "",
                                     "assert(candidate(1) == 1);");

  EXPECT_THAT(undone, Contains("candidate"));
  EXPECT_THAT(undone, Not(Contains("unused")));
  EXPECT_THAT(undone, Contains("if"));
}

TEST(CppMacros, MacrosOfThePromptAndOfTheTestsStay) {
  const auto undone =
      macros_to_undo("#define same(a, b) eq(a, b)\n#define twice(a) 2 * a\n",
                     "#define same(a, b) eq(a, b)\n", "#define twice(a) a + a\nsame(twice(1), 2);");

  EXPECT_THAT(undone, Not(Contains("same")));
  EXPECT_THAT(undone, Not(Contains("twice")));
}

TEST(CppMacros, TypeKeywordsAreLeftToHonestHabits) {
  EXPECT_THAT(macros_to_undo("", "", "int main() {}"), Not(Contains("int")));
}

TEST(CppText, CallsOfTheFunctionUnderTestAreChecked) {
  EXPECT_EQ(
      with_checked_calls("int x = f(f(1), \"f(2)\") + g(f (3));", "f"),
      "int x = (farm_call::Checked(), f((farm_call::Checked(), f(1)), \"f(2)\")) + g(f (3));");
  EXPECT_EQ(with_checked_calls("return candidate({1, 2}) == 3;", ""),
            "return (farm_call::Checked(), candidate({1, 2})) == 3;");
  for (const char* kept : {"int f(int);", "x.f(1); y->f(2); std::f(3);", "auto g = f;",
                           "int *f(1);", "half(1);", "R\"(f(1))\""}) {
    EXPECT_EQ(with_checked_calls(kept, "f"), kept);
  }
}

}  // namespace
}  // namespace farm::evaluate
