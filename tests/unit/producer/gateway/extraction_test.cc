#include "producer/gateway/extraction.h"

#include <gtest/gtest.h>

namespace farm::gateway {
namespace {

TEST(ExtractProgram, IsTheFirstBlockOfTheLanguage) {
  EXPECT_EQ(
      extract_program("x\n```cpp\nint a;\n```\n```python\nb = 1\n```\n```py\nc = 2\n```", "python"),
      "b = 1");
}

TEST(ExtractProgram, ElseTheFirstBlockWhateverItsTag) {
  EXPECT_EQ(extract_program("```rust\nprint(1)\n```\n```\nprint(2)\n```", "python"), "print(1)");
}

TEST(ExtractProgram, KeepsIndentationAndBlankLines) {
  EXPECT_EQ(extract_program("```python\n\n  a\n\n  b\n   ```", "python"), "\n  a\n\n  b");
}

TEST(ExtractProgram, OfAnOpenFenceIsTheRest) {
  EXPECT_EQ(extract_program("Answer:\n```python\nprint(1)", "python"), "print(1)");
}

TEST(ExtractProgram, WithoutAFenceIsTheFirstPythonFunctionWithItsImports) {
  EXPECT_EQ(
      extract_program("Sure!\nimport math\n# why\ndef f(x):\n    y = x\n\n    return y\nprint(1)",
                      "python"),
      "import math\n# why\ndef f(x):\n    y = x\n    return y");
  EXPECT_EQ(extract_program("print(1)", "python"), "");
}

TEST(ExtractProgram, WithoutAFenceIsAllOfABashTextAndNothingElsewhere) {
  EXPECT_EQ(extract_program("echo 1\n\necho 2", "bash"), "echo 1\necho 2");
  EXPECT_EQ(extract_program("int main(){return 0;} no fence", "cpp"), "");
}

TEST(ExtractProgram, AnEmptyBlockSwallowsTheNextFence) {
  const auto blocks = fenced_blocks("```python\n```\ntext\n```python\nprint(1)\n```");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].code, "```\ntext");
}

TEST(ExtractProgram, TagsOfJavascriptAreNodejs) {
  EXPECT_EQ(language_of_tag("javascript"), "nodejs");
  EXPECT_EQ(language_of_tag("py"), "python");
  EXPECT_EQ(language_of_tag("made-up"), "");
  EXPECT_EQ(language_of_tag(""), "");
}

TEST(ExtractForTests, LosesTheLastBraceAndKeepsHelpers) {
  EXPECT_EQ(extract_for_tests("```cpp\nlong h(long x) {\n  return x;\n}\nlong f(long x) {\n"
                              "  return h(x);\n}\n```",
                              "cpp", {"\n}"}),
            "long h(long x) {\n  return x;\n}\nlong f(long x) {\n  return h(x);");
}

TEST(ExtractForTests, LosesTheModelsOwnMainAndExamples) {
  EXPECT_EQ(
      extract_for_tests("```cpp\r\nint f() { return 1;\r\n}\r\nint main() {\r\n f();\r\n}\r\n```",
                        "cpp", {"\n}"}),
      "int f() { return 1;");
  EXPECT_EQ(
      extract_for_tests("```bash\nf() {\n  echo 1\n}\n# Example usage\nf\n```", "bash", {"\n}"}),
      "f() {\n  echo 1");
}

TEST(ExtractForTests, OtherStopTokensCutAtTheFirst) {
  EXPECT_EQ(extract_for_tests("```java\nabc STOP def STOP\n```", "java", {"STOP", "\n\n"}), "abc ");
}

}  // namespace
}  // namespace farm::gateway
