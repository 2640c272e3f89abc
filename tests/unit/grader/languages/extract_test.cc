#include "grader/languages/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace farm::languages {
namespace {

using testing::SizeIs;

LanguageDefinition python() {
  LanguageDefinition language;
  language.id = "python";
  language.fence_names = {"python", "py", "Python3"};
  return language;
}

struct Row {
  std::string name;
  std::string completion;
  std::optional<std::string> code;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

const std::vector<Row> kRows = {
    {"OneBlock", "```python\nx = 1\n```\n", "x = 1\n"},
    {"TextAround", "Here it is:\n\n```python\nx = 1\n```\nIt works.\n", "x = 1\n"},
    {"TextRightBefore", "Here:\n```python\nx = 1\n```", "x = 1\n"},
    {"LastOfTwo", "First try:\n```python\nx = 1\n```\nBetter:\n```python\nx = 2\n```\n", "x = 2\n"},
    {"AliasAndCase", "```PY\nx = 1\n```", "x = 1\n"},
    {"FenceNameInAnotherCase", "```python3\nx = 1\n```", "x = 1\n"},
    {"InfoHasMoreWords", "```python title=\"a.py\"\nx = 1\n```", "x = 1\n"},
    {"InfoAfterBlanks", "``` \tpython\nx = 1\n```", "x = 1\n"},
    {"Tildes", "~~~python\nx = 1\n~~~", "x = 1\n"},
    {"TildesMayHoldBackticks", "~~~python\nx = '''\n```\n'''\n~~~", "x = '''\n```\n'''\n"},
    {"LongFenceMayHoldShortOnes", "````python\n```\nx = 1\n```\n````", "```\nx = 1\n```\n"},
    {"ClosingFenceMayBeLonger", "```python\nx = 1\n`````\ntext", "x = 1\n"},
    {"ClosingFenceHasNoInfo", "```python\nx = 1\n```python\ny = 2\n```",
     "x = 1\n```python\ny = 2\n"},
    {"ClosingFenceMayTrailBlanks", "```python\nx = 1\n``` \t\ntext", "x = 1\n"},
    {"UnclosedRunsToTheEnd", "```python\nx = 1\ny = 2", "x = 1\ny = 2\n"},
    {"UnclosedAfterClosed", "```python\nx = 1\n```\n```python\ny = 2", "y = 2\n"},
    {"StrayFenceAtTheEnd", "```python\nx = 1\n```\n```\n", "x = 1\n"},
    {"OtherLanguagesNeverCount", "```python\nx = 1\n```\n```bash\nrun it\n```\n```json\n{}\n```",
     "x = 1\n"},
    {"OnlyOtherLanguages", "```cpp\nint main() {}\n```", std::nullopt},
    {"LongerNameIsAnotherLanguage", "```pythonic\nx = 1\n```", std::nullopt},
    {"UntaggedWhereNoneIsTagged", "```\nx = 1\n```\n```bash\nrun it\n```", "x = 1\n"},
    {"LastUntagged", "```\nx = 1\n```\n```\nx = 2\n```", "x = 2\n"},
    {"TaggedBeatsLaterUntagged", "```python\nx = 1\n```\nOutput:\n```\n1\n```", "x = 1\n"},
    {"BlankBlocksAreNoPrograms", "```python\nx = 1\n```\n```python\n\n  \n```", "x = 1\n"},
    {"OnlyABlankBlock", "```python\n```", std::nullopt},
    {"NoFenceIsCode", "def f():\n    return 1\n", "def f():\n    return 1\n"},
    {"NoFenceKeepsItsIndentation", "    return 1\n", "    return 1\n"},
    {"InlineCodeIsNoFence", "x = '```code```'\n", "x = '```code```'\n"},
    {"InlineFenceLineIsNoFence", "```x = 1```\n", "```x = 1```\n"},
    {"TwoBackticksAreNoFence", "``\nx\n``\n", "``\nx\n``\n"},
    {"Empty", "", std::nullopt},
    {"Blank", " \n\t\n", std::nullopt},
    {"CarriageReturnsAreDropped", "Text\r\n```python\r\nx = 1\r\ny = 2\r\n```\r\n",
     "x = 1\ny = 2\n"},
    {"FenceIndentationIsTakenOff", "  ```python\n  if x:\n      y\n z\n  ```", "if x:\n    y\nz\n"},
    {"ThreeSpacesAreAFence", "   ```python\n   x = 1\n   ```", "x = 1\n"},
    {"FourSpacesDoNotClose", "```python\ns = '''\n    ```\n'''\n```", "s = '''\n    ```\n'''\n"},
    {"FourSpacesDoNotOpenBesideAFence",
     "```python\nx = 1\n```\n\n    ```python\n    x = 2\n    ```\n", "x = 1\n"},
    {"BlockInAListItem", "1. So:\n\n    ```python\n    if x:\n        y\n    ```\n",
     "if x:\n    y\n"},
    {"OuterMarkdownBlockHidesInnerOnes",
     "```python\nx = 1\n```\n````markdown\n```python\nx = 2\n```\n````", "x = 1\n"},
    {"ThinkingIsDropped", "<think>\n```python\nx = 1\n```\n</think>\n```python\nx = 2\n```",
     "x = 2\n"},
    {"ThinkingAlone", "<think>\n```python\nx = 1\n```\n</think>\n", std::nullopt},
    {"ThinkingThatNeverEnds", "\n<think>\n```python\nx = 1\n```\n", std::nullopt},
    {"ThinkingThatThePromptBegan", "so\n```python\nx = 1\n```\n</think>The answer: ```python\n",
     "The answer: ```python\n"},
    {"LastEndOfThinkingCounts",
     "<think>a</think>\n```python\nx = 1\n```\n</think>\n```python\nx = 2\n```", "x = 2\n"},
    {"ThinkingOpenedLaterIsText", "```python\nx = '<think>'\n```", "x = '<think>'\n"},
    {"DecoyInsideAString", "```python\ns = '''\n~~~python\nevil\n~~~\n'''\n```",
     "s = '''\n~~~python\nevil\n~~~\n'''\n"},
    {"NulAndInvalidBytesAreContent", std::string("```python\n\0\xFF\n```", 16),
     std::string("\0\xFF\n", 3)},
};

class ExtractRow : public testing::TestWithParam<Row> {};

TEST_P(ExtractRow, FollowsTheRule) {
  EXPECT_EQ(extract_code(GetParam().completion, python()), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(Completions, ExtractRow, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST(FencedBlocks, TellWhetherTheyWereClosed) {
  const auto blocks = fenced_blocks("```a\n1\n```\n~~~B c\n2\n");

  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_EQ(blocks[0].info, "a");
  EXPECT_TRUE(blocks[0].closed);
  EXPECT_EQ(blocks[1].info, "b");
  EXPECT_EQ(blocks[1].content, "2\n");
  EXPECT_FALSE(blocks[1].closed);
}

TEST(FencedBlocks, StayLinearInManyFences) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "```\n";

  EXPECT_THAT(fenced_blocks(text), SizeIs(100'000));
}

TEST(StopTokens, CutAtTheEarliestOfAll) {
  EXPECT_EQ(apply_stop_tokens("ab\ndef g\nclass h", {"\nclass", "\ndef"}), "ab");
}

TEST(StopTokens, EarliestMayOverlapALaterOne) {
  EXPECT_EQ(apply_stop_tokens("abcd", {"cd", "bc"}), "a");
}

TEST(StopTokens, WithoutOccurrenceKeepTheText) {
  EXPECT_EQ(apply_stop_tokens("abc", {}), "abc");
  EXPECT_EQ(apply_stop_tokens("abc", {"x", ""}), "abc");
}

TEST(StopTokens, AreLiteral) { EXPECT_EQ(apply_stop_tokens("a.b*c", {".*"}), "a.b*c"); }

TEST(StopTokens, MayCutEverything) { EXPECT_EQ(apply_stop_tokens("abc", {"a"}), ""); }

}  // namespace
}  // namespace farm::languages
