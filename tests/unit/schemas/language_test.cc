#include "schemas/language.h"

#include <gtest/gtest.h>

#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

LanguageDefinition decoded(const std::string& name) {
  auto language =
      decode_language(golden::content_of(golden::folder() / "examples/valid" / (name + ".json")));
  EXPECT_TRUE(language.has_value()) << language.error().what;
  return *std::move(language);
}

TEST(DecodeLanguage, EveryMemberArrives) {
  const LanguageDefinition language = decoded("language_interpreted");

  EXPECT_EQ(language.id, "python");
  EXPECT_EQ(language.display, "Python 3");
  EXPECT_EQ(language.aliases, (std::vector<std::string>{"py", "python3"}));
  EXPECT_EQ(language.fence_names, (std::vector<std::string>{"python", "py", "python3"}));
  EXPECT_EQ(language.source_name, "main.py");
  EXPECT_FALSE(language.compile.has_value());
  EXPECT_EQ(language.run.command, (std::vector<std::string>{"/usr/bin/python3", "{source}"}));
  EXPECT_EQ(language.profile, SyscallProfile::kManaged);
  EXPECT_EQ(language.env.at("PYTHONHASHSEED"), "0");
  EXPECT_EQ(language.version_command.size(), 2U);
  EXPECT_EQ(language.evaluations.size(), 4U);
  EXPECT_EQ(language.self_test.source, "print(input())\n");
  EXPECT_EQ(language.self_test.stdin_bytes, "hello\n");
  EXPECT_EQ(language.self_test.stdout_bytes, "hello\n");
}

TEST(DecodeLanguage, CompileCommandsKeepTheirOrderAndLimitsTheirUnits) {
  const LanguageDefinition language = decoded("language_compiled");

  ASSERT_TRUE(language.compile.has_value());
  EXPECT_EQ(language.compile->commands.at(0).at(0), "/usr/bin/g++");
  EXPECT_EQ(language.compile->commands.at(1).at(0), "/usr/bin/strip");
  EXPECT_EQ(language.compile->outputs, std::vector<std::string>{"main"});
  EXPECT_EQ(language.compile->linkers, (std::vector<std::string>{"mold", "gold"}));
  EXPECT_EQ(language.compile->precompiled, std::vector<std::string>{"bits/stdc++.h"});
  EXPECT_EQ(language.compile->trusted, std::vector<std::string>{"compiler.js"});
  ASSERT_TRUE(language.compile->resident.has_value());
  EXPECT_EQ(language.compile->resident->command.at(0), "/usr/bin/node");
  EXPECT_EQ(language.compile->resident->memory, mib(256));
  EXPECT_EQ(language.compile->resident->uses, 200);
  EXPECT_EQ(language.naming, SourceNaming::kJavaClass);
  EXPECT_EQ(language.out_of_memory, "java.lang.OutOfMemoryError");
  EXPECT_EQ(language.profile, SyscallProfile::kNative);
  EXPECT_EQ(language.limits.run_cpu, Milliseconds(5000));
  EXPECT_EQ(language.limits.memory, std::nullopt);
}

TEST(DecodeLanguage, BracesThatAreNoPlaceholderAreTheProgramsOwn) {
  EXPECT_EQ(decoded("language_compiled").run.command.at(2), "{}");
}

}  // namespace
}  // namespace farm
