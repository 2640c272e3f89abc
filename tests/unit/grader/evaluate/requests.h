// Requests, languages and tools that the tests of evaluate/ start from.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grader/evaluate/evaluate.h"
#include "grader/languages/registry.h"
#include "schemas/request.h"
#include "tests/support/fake_sandbox.h"

namespace farm::evaluate {

// An interpreted, a compiled and a poor language, shaped like the real ones.
inline LanguageDefinition python_language() {
  LanguageDefinition language;
  language.id = "python";
  language.fence_names = {"python"};
  language.source_name = "main.py";
  language.run.command = {"{python}", "{source}"};
  language.evaluations = {"stdin_stdout", "function_call", "assert", "run"};
  return language;
}
inline LanguageDefinition cpp_language() {
  LanguageDefinition language;
  language.id = "cpp";
  language.fence_names = {"cpp"};
  language.source_name = "main.cpp";
  language.compile = LanguageDefinition::Compile{
      {{"/usr/bin/g++", "-std=gnu++17", "-O0", "-fmax-errors=5", "-o", "{binary}", "{source}"}},
      {"{binary}"},
      {},
      {},
      {},
      {"bits/stdc++.h"}};
  language.run.command = {"./{binary}"};
  language.profile = SyscallProfile::kNative;
  language.evaluations = {"stdin_stdout", "function_call", "assert", "run"};
  return language;
}
inline LanguageDefinition bash_language() {
  LanguageDefinition language;
  language.id = "bash";
  language.source_name = "main.sh";
  language.run.command = {"/bin/bash", "{source}"};
  language.limits.processes = 32;
  language.evaluations = {"stdin_stdout", "assert", "run"};
  return language;
}

inline const languages::Registry& registry() {
  static const languages::Registry kRegistry =
      languages::Registry::create({python_language(), cpp_language(), bash_language()}).value();
  return kRegistry;
}

inline PlanSettings settings() {
  PlanSettings settings;
  settings.languages = &registry();
  settings.isolation = Isolation::kFull;
  settings.environment = "sha256:0123";
  return settings;
}

inline Tools tools_with(sandbox::Sandbox& sandbox) {
  Tools tools;
  tools.sandbox = &sandbox;
  tools.settings = settings();
  tools.retry_pause = Milliseconds(0);
  return tools;
}

inline EvaluationRequest request_of(std::string language, std::string code, Evaluation evaluation) {
  EvaluationRequest request;
  request.request_id = "r-1";
  request.trainer = "t";
  request.metadata_json = R"({"k":1})";
  request.submission.language = std::move(language);
  request.submission.code = std::move(code);
  request.evaluation = std::move(evaluation);
  return request;
}

inline StdinStdout io_cases(std::vector<std::pair<std::string, std::string>> cases) {
  StdinStdout evaluation;
  for (auto& [in, out] : cases) evaluation.cases.push_back({std::move(in), std::move(out)});
  return evaluation;
}

inline Value integer(std::int64_t number) { return Value{number}; }

inline FunctionCall add_cases(std::vector<std::pair<ValueList, Value>> cases) {
  FunctionCall evaluation;
  evaluation.entry_point = "add";
  for (auto& [args, expected] : cases)
    evaluation.cases.push_back({std::move(args), {}, std::move(expected)});
  return evaluation;
}

inline AssertTests assert_tests(std::string tests, std::string entry_point = "") {
  AssertTests evaluation;
  evaluation.tests = std::move(tests);
  evaluation.entry_point = std::move(entry_point);
  return evaluation;
}

// The content of a file of `spec`; "(absent)" if there is none.
inline std::string file_of(const sandbox::RunSpec& spec, std::string_view path) {
  std::string found = "(absent)";
  for (const sandbox::InputFile& file : spec.files) {
    if (file.path == path) found = file.content;
  }
  return found;
}

}  // namespace farm::evaluate
