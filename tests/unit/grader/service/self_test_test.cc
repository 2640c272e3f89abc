#include "grader/service/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fake_sandbox.h"

namespace farm::service {
namespace {

using farm::testing::exited;
using farm::testing::FakeSandbox;
using ::testing::Contains;
using ::testing::Not;
using ::testing::StartsWith;

LanguageDefinition compiled_language(std::vector<std::string> linkers) {
  LanguageDefinition language;
  language.id = "cpp";
  language.source_name = "main.cpp";
  language.compile = LanguageDefinition::Compile{{{"/usr/bin/g++", "-o", "{binary}", "{source}"}},
                                                 {"{binary}"},
                                                 {},
                                                 {},
                                                 std::move(linkers),
                                                 {}};
  language.run.command = {"./{binary}"};
  language.version_command = {"/usr/bin/g++", "--version"};
  language.evaluations = {"stdin_stdout"};
  language.self_test = {"source", "in", "out"};
  return language;
}

bool asks_for(const sandbox::RunSpec& spec, const std::string& argument) {
  const auto& command = spec.commands.front();
  return std::find(command.begin(), command.end(), argument) != command.end();
}

// A host on which g++ works and finds `linker` and no other.
FakeSandbox host_with(const std::string& linker, std::vector<std::vector<std::string>>* compiles) {
  FakeSandbox sandbox;
  sandbox.always([=](const sandbox::RunSpec& spec) -> Expected<sandbox::RunOutcome> {
    if (asks_for(spec, "--version")) return exited(0, "g++ 12\nmore\n");
    if (asks_for(spec, "-Wl,--version")) {
      if (!asks_for(spec, "-fuse-ld=" + linker)) return exited(1, "", "cannot find 'ld'\n");
      return exited(0, linker + " 1.0\nmore\n");
    }
    if (spec.fetch.empty()) return exited(0, "out");
    compiles->push_back(spec.commands.front());
    sandbox::RunOutcome outcome = exited(0);
    outcome.files[spec.fetch.front()].content = "program";
    return outcome;
  });
  return sandbox;
}

LanguageStatus tested(const LanguageDefinition& language, sandbox::Sandbox& sandbox) {
  const auto registry = languages::Registry::create({language}).value();
  evaluate::Tools tools;
  tools.sandbox = &sandbox;
  tools.settings.isolation = Isolation::kFull;
  tools.settings.languages = &registry;
  return test_languages(registry, tools, nullptr).at(0);
}

TEST(SelfTest, ProgramsAreLinkedByTheFirstLinkerThatTheHostHas) {
  std::vector<std::vector<std::string>> compiles;
  FakeSandbox sandbox = host_with("gold", &compiles);

  const LanguageStatus status = tested(compiled_language({"mold", "gold", "lld"}), sandbox);

  EXPECT_TRUE(status.available) << status.problem;
  EXPECT_EQ(status.linker, "gold 1.0");
  EXPECT_EQ(status.definition.compile->commands.back().back(), "-fuse-ld=gold");
  ASSERT_EQ(compiles.size(), 1U);
  EXPECT_THAT(compiles[0], Contains("-fuse-ld=gold")) << "the self-test links as requests will";
}

TEST(SelfTest, WithoutAFasterLinkerTheCompilersOwnLinks) {
  std::vector<std::vector<std::string>> compiles;
  FakeSandbox sandbox = host_with("none", &compiles);

  const LanguageStatus status = tested(compiled_language({"mold", "gold"}), sandbox);

  EXPECT_TRUE(status.available) << status.problem;
  EXPECT_EQ(status.linker, "");
  EXPECT_THAT(compiles.at(0), Not(Contains(StartsWith("-fuse-ld="))));
}

TEST(SelfTest, AnotherLinkerIsAnotherEnvironment) {
  LanguageStatus status;
  status.id = "cpp";
  status.available = true;
  status.version = "g++ 12";
  status.definition = compiled_language({});
  const std::string without = environment_digest({status});
  status.linker = "mold 1.0";
  const std::string with = environment_digest({status});
  status.linker = "mold 2.0";

  EXPECT_NE(with, without);
  EXPECT_NE(environment_digest({status}), with);
}

}  // namespace
}  // namespace farm::service
