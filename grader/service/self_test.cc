#include "grader/service/self_test.h"

#include <utility>

#include "grader/evaluate/evaluate.h"
#include "grader/languages/placeholders.h"
#include "grader/os/sha256.h"

namespace farm::service {
namespace {

EvaluationRequest self_test_request(const LanguageDefinition& language) {
  EvaluationRequest request;
  request.request_id = "self-test-" + language.id;
  request.trainer = "grader";
  request.submission.language = language.id;
  request.submission.code = language.self_test.source;
  StdinStdout evaluation;
  evaluation.cases.push_back({language.self_test.stdin_bytes, language.self_test.stdout_bytes});
  request.evaluation = std::move(evaluation);
  return request;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The first line of what a toolchain's command says of itself.
Expected<std::string> said_by(std::vector<std::string> command, const LanguageDefinition& language,
                              const evaluate::Tools& tools) {
  sandbox::RunSpec spec;
  spec.commands = {std::move(command)};
  spec.env = language.env;
  FARM_TRY(const sandbox::RunOutcome outcome, tools.sandbox->run(spec));
  if (outcome.exit_code != 0)
    return unavailable("its version command fails: " + first_line(outcome.stderr_bytes));
  return first_line(outcome.stdout_bytes.empty() ? outcome.stderr_bytes : outcome.stdout_bytes);
}

Expected<std::string> version_of(const LanguageDefinition& language, const evaluate::Tools& tools) {
  languages::PlaceholderValues values;
  values.python = tools.settings.python;
  FARM_TRY(std::vector<std::string> command, languages::expand(language.version_command, values));
  return said_by(std::move(command), language, tools);
}

// Asks the compiler for each linker in turn: one that is installed and does not run here is none.
void choose_linker(LanguageStatus& status, const evaluate::Tools& tools) {
  if (!status.definition.compile) return;
  std::vector<std::string>& command = status.definition.compile->commands.back();
  for (const std::string& name : status.definition.compile->linkers) {
    const std::string flag = "-fuse-ld=" + name;
    auto said = said_by({command.front(), flag, "-Wl,--version"}, status.definition, tools);
    if (!said) continue;
    status.linker = *std::move(said);
    command.push_back(flag);
    return;
  }
}

// Sets `available` or `problem`.
void judge_self_test(LanguageStatus& status, const evaluate::Tools& tools) {
  const auto served = languages::Registry::create({status.definition});
  if (!served) {
    status.problem = served.error().text();
    return;
  }
  evaluate::Tools own = tools;
  own.settings.languages = &*served;
  use({status}, own.settings);
  const EvaluationResult result = evaluate::evaluate(self_test_request(status.definition), own);
  status.available = result.verdict == Verdict::kAccepted;
  if (status.available) return;
  status.problem = "its self-test got " + std::string(word(result.verdict)) + ": " + result.message;
  if (result.compile) status.problem += " " + first_line(result.compile->stderr_bytes);
  if (!result.cases.empty()) status.problem += " " + first_line(result.cases[0].stderr_bytes);
}

void find_headers(LanguageStatus& status, const evaluate::Tools& tools,
                  const evaluate::PrecompiledHeaders* headers) {
  if (!status.definition.compile || status.definition.compile->precompiled.empty()) return;
  if (headers == nullptr) {
    status.headers_problem = "there is no directory for them, or no --compile-cache";
    return;
  }
  auto provided = headers->provide(status.definition, status.version, tools);
  if (provided) {
    status.headers = *std::move(provided);
  } else {
    status.headers_problem = provided.error().text();
  }
}

LanguageStatus test_language(const LanguageDefinition& language, const evaluate::Tools& tools,
                             const evaluate::PrecompiledHeaders* headers) {
  LanguageStatus status;
  status.id = language.id;
  status.definition = language;
  const auto version = version_of(language, tools);
  if (!version) {
    status.problem = version.error().text();
    return status;
  }
  status.version = *version;
  choose_linker(status, tools);
  find_headers(status, tools, headers);
  judge_self_test(status, tools);
  if (!status.available && !status.headers.empty()) {
    status.headers_problem = status.problem;
    status.headers.clear();
    judge_self_test(status, tools);
  }
  return status;
}

}  // namespace

std::vector<LanguageStatus> test_languages(const languages::Registry& registry,
                                           const evaluate::Tools& tools,
                                           const evaluate::PrecompiledHeaders* headers) {
  std::vector<LanguageStatus> statuses;
  for (const std::string& id : registry.ids())
    statuses.push_back(test_language(*registry.find(id), tools, headers));
  return statuses;
}

void use(const std::vector<LanguageStatus>& statuses, evaluate::PlanSettings& settings) {
  for (const LanguageStatus& status : statuses) {
    if (!status.headers.empty()) settings.precompiled[status.id] = status.headers;
  }
}

std::string environment_digest(const std::vector<LanguageStatus>& statuses) {
  std::string fingerprint = std::string("judge ") + evaluate::kJudgeVersion + "\n";
  for (const LanguageStatus& status : statuses) {
    if (!status.available) continue;
    fingerprint += status.id + "\n" + status.version + "\n" + status.linker + "\n";
    const LanguageDefinition& language = status.definition;
    const auto add_command = [&fingerprint](const std::vector<std::string>& command) {
      for (const std::string& argument : command) fingerprint += argument + '\0';
      fingerprint += '\n';
    };
    if (language.compile) {
      for (const auto& command : language.compile->commands) add_command(command);
    }
    add_command(language.run.command);
    for (const auto& [name, value] : language.env) fingerprint += name + "=" + value + "\n";
  }
  return "sha256:" + os::sha256_hex(fingerprint);
}

}  // namespace farm::service
