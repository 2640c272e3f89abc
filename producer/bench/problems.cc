#include "producer/bench/problems.h"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <utility>

#include "embedded/bench_problems.h"
#include "producer/bench/plain_process.h"
#include "schemas/value.h"

namespace farm::bench {
namespace {

Expected<std::string> text_of(const Value& row, std::string_view name) {
  if (const auto* members = std::get_if<Value::Dict>(&row.data)) {
    for (const auto& [key, value] : members->items) {
      const auto* key_text = std::get_if<std::string>(&key.data);
      const auto* text = std::get_if<std::string>(&value.data);
      if (key_text && text && *key_text == name) return *text;
    }
  }
  return invalid_request("no text `" + std::string(name) + "`");
}

// The function that a prompt ends with.
std::string last_function(const std::string& prompt, const std::string& language) {
  static const std::regex python(R"((?:^|\n)def\s+(\w+)\s*\()");
  static const std::regex cpp(R"((\w+)\s*\([^()]*\)\s*\{)");
  std::string name;
  const std::regex& pattern = language == "python" ? python : cpp;
  for (std::sregex_iterator at(prompt.begin(), prompt.end(), pattern), end; at != end; ++at)
    name = (*at)[1].str();
  return name;
}

Expected<Problem> parse_problem(std::string_view line, const std::string& language) {
  FARM_TRY(const Value row, decode_value(line));
  Problem problem;
  problem.language = language;
  FARM_TRY(problem.id, text_of(row, "task_id"));
  FARM_TRY(problem.prompt, text_of(row, "prompt"));
  FARM_TRY(problem.solution, text_of(row, "canonical_solution"));
  FARM_TRY(problem.tests, text_of(row, "test"));
  problem.entry_point = last_function(problem.prompt, language);
  return problem;
}

Expected<std::string> unpacked(const std::string& path) {
  PlainCommand gzip;
  gzip.argv = {"/usr/bin/gzip", "-dc", path};
  gzip.directory = "/";
  gzip.output = mib(256);
  FARM_TRY(PlainOutcome outcome, run_plain(gzip));
  if (!outcome.exited_with_0)
    return internal_error("unpack " + path + ": gzip ended with " + outcome.how);
  return std::move(outcome.stdout_bytes);
}

}  // namespace

Expected<std::vector<Problem>> parse_problems(std::string_view json_lines,
                                              const std::string& language) {
  std::vector<Problem> problems;
  for (std::size_t number = 1; !json_lines.empty(); ++number) {
    const std::size_t end = std::min(json_lines.find('\n'), json_lines.size());
    const std::string_view line = json_lines.substr(0, end);
    json_lines.remove_prefix(std::min(end + 1, json_lines.size()));
    if (line.empty()) continue;
    auto problem = parse_problem(line, language);
    if (!problem)
      return invalid_request("line " + std::to_string(number) + ": " + problem.error().what);
    problems.push_back(*std::move(problem));
  }
  return problems;
}

Expected<ProblemSet> load_problems(const std::string& directory, const std::string& language) {
  const std::string path = directory + "/humaneval_x_" + language + ".jsonl.gz";
  ProblemSet set;
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    FARM_TRY(const std::string rows, unpacked(path));
    auto problems = parse_problems(rows, language);
    if (!problems) return internal_error(path + ": " + problems.error().what);
    set.problems = *std::move(problems);
  } else {
    for (const auto& [name, rows] : embedded::k_bench_problems) {
      if (name != language + ".jsonl") continue;
      FARM_TRY(set.problems, parse_problems(rows, language));
    }
    set.note = "there is no " + path + ": " + std::to_string(set.problems.size()) +
               " problems of our own instead";
  }
  if (set.problems.empty()) return internal_error(path + ": no problems");
  return set;
}

EvaluationRequest assert_request(const Problem& problem, const std::string& solution) {
  EvaluationRequest request;
  request.request_id = problem.id;
  request.trainer = "bench";
  request.submission.language = problem.language;
  request.submission.code = solution;
  request.submission.continues_prompt = true;
  AssertTests evaluation;
  evaluation.prompt = problem.prompt;
  evaluation.tests = problem.tests;
  evaluation.entry_point = problem.entry_point;
  request.evaluation = std::move(evaluation);
  return request;
}

std::string plain_program(const Problem& problem, const std::string& solution) {
  return problem.prompt + solution + "\n" + problem.tests;
}

}  // namespace farm::bench
