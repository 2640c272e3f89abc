#include "grader/service/self_test.h"

#include <utility>

#include "grader/evaluate/evaluate.h"
#include "grader/kafka/blob_store.h"
#include "grader/languages/placeholders.h"

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

Expected<std::string> version_of(const LanguageDefinition& language, const evaluate::Tools& tools) {
  languages::PlaceholderValues values;
  values.python = tools.settings.python;
  sandbox::RunSpec spec;
  FARM_TRY(std::vector<std::string> command, languages::expand(language.version_command, values));
  spec.commands = {std::move(command)};
  spec.env = language.env;
  FARM_TRY(const sandbox::RunOutcome outcome, tools.sandbox->run(spec));
  if (outcome.exit_code != 0)
    return unavailable("its version command fails: " + first_line(outcome.stderr_bytes));
  return first_line(outcome.stdout_bytes.empty() ? outcome.stderr_bytes : outcome.stdout_bytes);
}

LanguageStatus test_language(const LanguageDefinition& language, const evaluate::Tools& tools) {
  LanguageStatus status;
  status.id = language.id;
  const auto version = version_of(language, tools);
  if (!version) {
    status.problem = version.error().text();
    return status;
  }
  status.version = *version;
  const EvaluationResult result = evaluate::evaluate(self_test_request(language), tools);
  status.available = result.verdict == Verdict::kAccepted;
  if (!status.available) {
    status.problem =
        "its self-test got " + std::string(word(result.verdict)) + ": " + result.message;
    if (result.compile) status.problem += " " + first_line(result.compile->stderr_bytes);
    if (!result.cases.empty()) status.problem += " " + first_line(result.cases[0].stderr_bytes);
  }
  return status;
}

}  // namespace

std::vector<LanguageStatus> test_languages(const languages::Registry& registry,
                                           const evaluate::Tools& tools) {
  std::vector<LanguageStatus> statuses;
  for (const std::string& id : registry.ids())
    statuses.push_back(test_language(*registry.find(id), tools));
  return statuses;
}

std::string environment_digest(const languages::Registry& registry,
                               const std::vector<LanguageStatus>& statuses) {
  std::string fingerprint = std::string("judge ") + evaluate::kJudgeVersion + "\n";
  for (const LanguageStatus& status : statuses) {
    if (!status.available) continue;
    fingerprint += status.id + "\n" + status.version + "\n";
    const LanguageDefinition& language = *registry.find(status.id);
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
  return "sha256:" + kafka::sha256_hex(fingerprint);
}

}  // namespace farm::service
