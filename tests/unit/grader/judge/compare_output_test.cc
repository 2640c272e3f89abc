#include "grader/judge/compare_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace farm::judge {
namespace {

using testing::HasSubstr;

struct Row {
  std::string_view name;
  ComparisonMode mode;
  std::string_view expected;
  std::string_view actual;
  bool equal;
  double float_rel = 0;
  double float_abs = 0;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

using std::string_view_literals::operator""sv;

constexpr auto kLines = ComparisonMode::kLines;
constexpr auto kExact = ComparisonMode::kExact;
constexpr auto kStrip = ComparisonMode::kStrip;
constexpr auto kTokens = ComparisonMode::kTokens;
constexpr auto kFloat = ComparisonMode::kFloat;
constexpr auto kSandboxFusion = ComparisonMode::kSandboxFusion;
constexpr auto kUnorderedLines = ComparisonMode::kUnorderedLines;

const std::vector<Row> kRows = {
    {"LinesSame", kLines, "a\nb\n", "a\nb\n", true},
    {"LinesEmptyAndEmpty", kLines, "", "", true},
    {"LinesEmptyAndNewlines", kLines, "", "\n\n", true},
    {"LinesEmptyAndBlanks", kLines, "\n", " \t\n", true},
    {"LinesFinalNewlineMissing", kLines, "a\nb\n", "a\nb", true},
    {"LinesFinalNewlinesAdded", kLines, "a\nb", "a\nb\n\n\n", true},
    {"LinesTrailingBlanks", kLines, "a\nb", "a  \nb\t\n", true},
    {"LinesCarriageReturns", kLines, "a\nb\n", "a\r\nb\r\n", true},
    {"LinesBlankLineInTheMiddleCounts", kLines, "a\nb", "a\n\nb", false},
    {"LinesBlankLineAtTheFrontCounts", kLines, "a", "\na", false},
    {"LinesLeadingBlanksCount", kLines, "a", " a", false},
    {"LinesInnerBlanksCount", kLines, "a b", "a  b", false},
    {"LinesCaseCounts", kLines, "Yes", "yes", false},
    {"LinesMoreAfterARightStart", kLines, "1\n2", "1\n2\n3", false},
    {"LinesOnlyAPrefix", kLines, "1\n2\n3", "1\n2", false},
    {"LinesNothingPrinted", kLines, "1", "", false},
    {"LinesNulIsContent", kLines, "a", "a\0"sv, false},
    {"LinesNothingStopsAtNul", kLines, "a\0b"sv, "a\0c"sv, false},
    {"LinesInvalidUtf8Same", kLines, "\xFF\xFE", "\xFF\xFE", true},
    {"LinesNoNumbers", kLines, "1", "1.0", false},
    {"LinesNoBreakSpaceIsContent", kLines, "a", "a\xC2\xA0", false},

    {"ExactSame", kExact, "a\n", "a\n", true},
    {"ExactFinalNewlineCounts", kExact, "a\n", "a", false},
    {"ExactTrailingBlankCounts", kExact, "a", "a ", false},
    {"ExactCarriageReturnCounts", kExact, "a\n", "a\r\n", false},
    {"ExactEmpty", kExact, "", "", true},

    {"StripEnds", kStrip, "a\nb", "\n  a\nb \n\n", true},
    {"StripInnerLineEndsCount", kStrip, "a\nb", "a \nb", false},
    {"StripOnlyBlanks", kStrip, "", " \n\t", true},

    {"TokensLayoutMeansNothing", kTokens, "1 2\n3", "1\n2 3\n", true},
    {"TokensEmpty", kTokens, "", " \n", true},
    {"TokensMissing", kTokens, "1 2 3", "1 2", false},
    {"TokensSurplus", kTokens, "1 2", "1 2 3", false},
    {"TokensJoined", kTokens, "1 2", "12", false},
    {"TokensAreNoNumbers", kTokens, "1", "1.0", false},

    {"FloatSameText", kFloat, "abc 1.5", "abc 1.5", true},
    {"FloatSpellings", kFloat, "1 0.5 100", "1.0 .5 1e2", true},
    {"FloatPlusSign", kFloat, "1", "+1", true},
    {"FloatNegativeZero", kFloat, "0.0", "-0.0", true},
    {"FloatNoToleranceByDefault", kFloat, "0.3", "0.30000000000000004", false},
    {"FloatWithinAbsolute", kFloat, "0.3", "0.30000000000000004", true, 0, 1e-9},
    {"FloatAtAbsolute", kFloat, "1", "1.5", true, 0, 0.5},
    {"FloatOutsideAbsolute", kFloat, "1", "1.5000001", false, 0, 0.5},
    {"FloatWithinRelative", kFloat, "1000000", "1000000.5", true, 1e-6, 0},
    {"FloatOutsideRelative", kFloat, "1000000", "1000001.5", false, 1e-6, 0},
    {"FloatRelativeToExpected", kFloat, "0", "1e-300", false, 0.5, 0},
    {"FloatLargerToleranceDecides", kFloat, "10", "10.5", true, 1e-9, 1},
    {"FloatWordsAreBytes", kFloat, "Yes", "yes", false, 1, 1},
    {"FloatHexIsNoNumber", kFloat, "16", "0x10", false, 1e-6, 1e-6},
    {"FloatUnderscoreIsNoNumber", kFloat, "1000", "1_000", false, 1e-6, 1e-6},
    {"FloatTrailingJunkIsNoNumber", kFloat, "1", "1x", false, 1, 1},
    {"FloatCommaIsNoPoint", kFloat, "1.5", "1,5", false, 1e-6, 1e-6},
    {"FloatLoneSigns", kFloat, "0", "-", false, 1, 1},
    {"FloatLonePoint", kFloat, "0", ".", false, 1, 1},
    {"FloatLoneExponent", kFloat, "0", "e5", false, 1, 1},
    {"FloatEmptyExponent", kFloat, "1", "1e", false, 1, 1},
    {"FloatDoubleSign", kFloat, "1", "+-1", false, 1, 1},
    {"FloatNan", kFloat, "nan", "NaN", true},
    {"FloatNanSign", kFloat, "nan", "-nan", true},
    {"FloatNanEqualsNoNumber", kFloat, "1", "nan", false, 1e9, 1e9},
    {"FloatNumberEqualsNoNan", kFloat, "nan", "1", false, 1e9, 1e9},
    {"FloatNanPayloadIsText", kFloat, "nan", "nan(1)", false},
    {"FloatInfinity", kFloat, "inf", "Infinity", true},
    {"FloatInfinityPlus", kFloat, "inf", "+inf", true},
    {"FloatInfinitySign", kFloat, "inf", "-inf", false, 1e9, 1e9},
    {"FloatInfinityIsNoNumber", kFloat, "1e308", "inf", false, 1e300, 1e300},
    {"FloatNumberEqualsNoInfinity", kFloat, "inf", "1e308", false, 1e300, 1e300},
    {"FloatOverflowIsNoInfinity", kFloat, "inf", "1e999", false, 1, 1},
    {"FloatOverflowIsText", kFloat, "1e999", "1e998", false, 1, 1},
    {"FloatOverflowSameText", kFloat, "1e999", "1e999", true},
    {"FloatUnderflowIsZero", kFloat, "0", "1e-999", true},
    {"FloatUnderflowByManyZeros", kFloat, "0", "0.0e-99999999999999999999", true},
    {"FloatHugeExponentOfZero", kFloat, "0", "0e99999999999999999999", true},
    {"FloatBigIntegersAreExact", kFloat, "9007199254740993", "9007199254740992", false},
    {"FloatBigIntegersRelative", kFloat, "9007199254740993", "9007199254740992", true, 1e-9, 0},
    {"FloatBigIntegersBelowOne", kFloat, "9007199254740993", "9007199254740992", false, 0, 0.5},
    {"FloatLeadingZeros", kFloat, "7", "007", true},
    {"FloatSurplusToken", kFloat, "1 2", "1 2 2", false, 1, 1},
    {"FloatMissingToken", kFloat, "1 2", "1", false, 1, 1},

    {"SandboxFusionCase", kSandboxFusion, "YES\nNo", "yes\nno", true},
    {"SandboxFusionStripsLines", kSandboxFusion, "a\nb", "  a \n\tb  \n", true},
    {"SandboxFusionStripsText", kSandboxFusion, "a", "\n\n a\n\n", true},
    {"SandboxFusionStripsUnicodeSpace", kSandboxFusion, "a\nb",
     "\xE3\x80\x80"
     "a\xC2\xA0\nb\x1F\n\xE2\x80\xA8",
     true},
    {"SandboxFusionInnerSpaceCounts", kSandboxFusion, "1 2", "1  2", false},
    {"SandboxFusionWholeLineNumber", kSandboxFusion, "1.0", "1.000009", true},
    {"SandboxFusionBoundIsStrict", kSandboxFusion, "100000", "100001", false},
    {"SandboxFusionJustInside", kSandboxFusion, "100000", "100000.9", true},
    {"SandboxFusionNoNumbersPerToken", kSandboxFusion, "1 2", "1.0 2.0", false},
    {"SandboxFusionNearZero", kSandboxFusion, "0", "1e-16", true},
    {"SandboxFusionNotNearZero", kSandboxFusion, "0", "1e-14", false},
    {"SandboxFusionExponent", kSandboxFusion, "100000", "1e5", true},
    {"SandboxFusionNanByText", kSandboxFusion, "nan", "NaN", true},
    {"SandboxFusionNanByNumber", kSandboxFusion, "nan", "-nan", false},
    {"SandboxFusionInfinitySpellings", kSandboxFusion, "inf", "infinity", false},
    {"SandboxFusionUnderscores", kSandboxFusion, "1000", "1_000", false},
    {"SandboxFusionSurplusLine", kSandboxFusion, "1", "1\n2", false},
    {"SandboxFusionMissingLine", kSandboxFusion, "1\n2", "1", false},
    {"SandboxFusionBlankLineShifts", kSandboxFusion, "1\n2", "1\n\n2", false},
    {"SandboxFusionEmpty", kSandboxFusion, "", "\n", true},
    {"SandboxFusionOnlySpaces", kSandboxFusion, " \xC2\xA0 ", "", true},

    {"UnorderedLinesPermuted", kUnorderedLines, "a\nb\nc", "c\na\nb\n", true},
    {"UnorderedLinesTrailingBlanks", kUnorderedLines, "a\nb", "b \na\r\n", true},
    {"UnorderedLinesCountDuplicates", kUnorderedLines, "a\na\nb", "a\nb\nb", false},
    {"UnorderedLinesMissing", kUnorderedLines, "a\nb", "a", false},
    {"UnorderedLinesSurplus", kUnorderedLines, "a", "a\nb", false},
    {"UnorderedLinesBlankLineCounts", kUnorderedLines, "a\n\nb", "b\n\na", true},
    {"UnorderedLinesEmpty", kUnorderedLines, "", "\n", true},
};

class CompareOutputRow : public testing::TestWithParam<Row> {};

TEST_P(CompareOutputRow, IsJudgedAsDocumented) {
  const Row& row = GetParam();

  const auto result =
      compare_output(row.expected, row.actual,
                     {.mode = row.mode, .float_rel = row.float_rel, .float_abs = row.float_abs});

  EXPECT_EQ(result.equal, row.equal) << result.message;
  EXPECT_EQ(result.message.empty(), row.equal) << result.message;
}

INSTANTIATE_TEST_SUITE_P(Modes, CompareOutputRow, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

std::string message(std::string_view expected, std::string_view actual, ComparisonMode mode) {
  return compare_output(expected, actual, {.mode = mode}).message;
}

TEST(CompareOutput, MessageNamesTheFirstLineThatDiffers) {
  EXPECT_EQ(message("1\n2\n7\n", "1\n2\n8\n", kLines), "line 3: expected \"7\", got \"8\"");
}

TEST(CompareOutput, MessageCountsLinesWhereTheirNumberDiffers) {
  EXPECT_EQ(message("1\n2\n3", "1\n2", kLines),
            "line 3: expected \"3\", got the end of the output; 3 lines expected, got 2");
  EXPECT_EQ(message("1", "1\n2", kLines),
            "line 2: expected the end of the output, got \"2\"; 1 lines expected, got 2");
}

TEST(CompareOutput, MessageNamesTheTokenAndItsLine) {
  EXPECT_EQ(message("1 2\n3 4", "1 2\n3 5", kTokens),
            "token 4 (line 2): expected \"4\", got \"5\"");
}

TEST(CompareOutput, MessageShowsTheNeighbourhoodOfADifferenceInALongLine) {
  const std::string same(100'000, 'x');

  const std::string text = message(same + "1", same + "2", kLines);

  EXPECT_THAT(text, HasSubstr("x1\""));
  EXPECT_THAT(text, HasSubstr("x2\""));
  EXPECT_LT(text.size(), 600U);
}

TEST(CompareOutput, MessageStaysShortAndPrintableForHostileBytes) {
  std::string hostile(1'000'000, '\0');
  for (std::size_t i = 0; i < hostile.size(); ++i) hostile[i] = static_cast<char>(i * 7);
  for (const auto mode :
       {kLines, kExact, kStrip, kTokens, kFloat, kSandboxFusion, kUnorderedLines}) {
    const std::string text = message("fine", hostile, mode);

    EXPECT_LT(text.size(), 600U);
    EXPECT_EQ(
        text.find_first_not_of(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                               "abcdefghijklmnopqrstuvwxyz{|}~…"),
        std::string::npos)
        << text;
  }
}

TEST(CompareOutput, MessageOfUnorderedLinesNamesTheFirstMissingLine) {
  EXPECT_EQ(message("a\nb\nc\nd", "d\nx\na\ny", kUnorderedLines),
            "expected a line \"b\" that is not there or not as often, got \"x\" instead");
}

TEST(CompareOutput, DifferenceInTheLastByteOfALargeOutputIsFound) {
  std::string expected;
  while (expected.size() < 2'000'000) expected += "1234567 7654321\n";
  std::string actual = expected;
  actual[actual.size() - 2] = '2';

  for (const auto mode :
       {kLines, kExact, kStrip, kTokens, kFloat, kSandboxFusion, kUnorderedLines}) {
    EXPECT_TRUE(compare_output(expected, expected + "", {.mode = mode}).equal);
    EXPECT_FALSE(compare_output(expected, actual, {.mode = mode}).equal);
  }
}

}  // namespace
}  // namespace farm::judge
