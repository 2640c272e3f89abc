#include "grader/languages/source_names.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace farm::languages {
namespace {

LanguageDefinition java() {
  LanguageDefinition language;
  language.source_name = "Main.java";
  language.naming = SourceNaming::kJavaClass;
  return language;
}

struct Row {
  std::string name;
  std::string source;
  std::string file, main_class, directory;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

const std::string kMain = "{ public static void main(String[] a) {} }\n";

const std::vector<Row> kRows = {
    {"Main", "public class Main " + kMain, "Main.java", "Main", ""},
    {"AnotherName", "public final class Solution " + kMain, "Solution.java", "Solution", ""},
    {"NoPublicClass", "class Answer " + kMain, "Main.java", "Answer", ""},
    {"MainInAnotherClassThanThePublicOne", "public class A {}\nclass B " + kMain, "A.java", "B",
     ""},
    {"TheFirstMainCounts", "class A " + kMain + "class B " + kMain, "Main.java", "A", ""},
    {"NoMain", "class A {} public interface B {} class C {}", "B.java", "B", ""},
    {"NothingAtAll", "// nothing", "Main.java", "Main", ""},
    {"Package", "package org.example;\npublic class A " + kMain, "A.java", "org.example.A",
     "org/example/"},
    {"AnnotationAndImports",
     "import java.util.*;\n@SuppressWarnings(\"unchecked\") @Deprecated\npublic class A " + kMain,
     "A.java", "A", ""},
    {"ClassLiteralInAnAnnotation", "@Uses(B.class) public class A " + kMain, "A.java", "A", ""},
    {"Comments", "/* public class X {} */ // public class Y {}\npublic class A " + kMain, "A.java",
     "A", ""},
    {"TextsAndCharacters",
     "class A { String a = \"}{ \\\" public class X {\"; char b = '\"', c = '{', d = '\\''; }\n"
     "public class B " +
         kMain,
     "B.java", "B", ""},
    {"TextBlock",
     "class A { String a = \"\"\"\n } \" class X { \\\"\"\" \"\"\"; }\nclass B " + kMain,
     "Main.java", "B", ""},
    {"NestedClassesAreNotAtTheTop",
     "class A { public static class B " + kMain + "} class C " + kMain, "Main.java", "C", ""},
    {"PublicMembersAreNotPublicClasses", "class A { public int x; } class B " + kMain, "Main.java",
     "B", ""},
    {"RecordsAndEnums", "record P(int x) {} public enum E { ONE; " + kMain + "}", "E.java", "E",
     ""},
    {"MainThatIsNotStatic", "class A { void main() {} } class B " + kMain, "Main.java", "B", ""},
    {"UnicodeNames", "public class Größe " + kMain, "Größe.java", "Größe", ""},
    {"Unbalanced", "}}} public class A {", "Main.java", "Main", ""},
    {"OpenEnds", "/* public class A", "Main.java", "Main", ""},
    {"OpenText", "class A { String s = \"", "Main.java", "A", ""},
    {"PackageThatIsNoPath", "package ../../etc; public class A " + kMain, "A.java", "A", ""},
    {"NameTooLongForAFile", "public class " + std::string(250, 'A') + " " + kMain, "Main.java",
     "Main", ""},
};

class JavaNames : public testing::TestWithParam<Row> {};

TEST_P(JavaNames, AreWhatTheSourceSays) {
  const SourceNames names = source_names(java(), GetParam().source);

  EXPECT_EQ(names.file, GetParam().file);
  EXPECT_EQ(names.main_class, GetParam().main_class);
  EXPECT_EQ(names.directory, GetParam().directory);
}

INSTANTIATE_TEST_SUITE_P(Sources, JavaNames, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST(SourceNamesTest, OtherLanguagesHaveTheNameOfTheirFile) {
  LanguageDefinition language;
  language.source_name = "main.ts";

  const SourceNames names = source_names(language, "public class A {}");

  EXPECT_EQ(names.file, "main.ts");
  EXPECT_EQ(names.main_class, "main");
  EXPECT_EQ(names.directory, "");
}

}  // namespace
}  // namespace farm::languages
