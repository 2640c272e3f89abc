#include "producer/gateway/run_code.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "producer/gateway/deadline.h"
#include "producer/gateway/exec_info.h"
#include "producer/gateway/fields.h"
#include "producer/gateway/languages.h"
#include "producer/gateway/time_limits.h"
#include "producer/gateway/uploads.h"
#include "schemas/paths.h"

namespace farm::gateway {
namespace {

constexpr double kDefaultTimeout = 10;
// What is printed comes back whole, since most clients compare it themselves: what does not fit the
// default of --max-return-output is output_limit, never a text with a gap.
constexpr Bytes kMostOutput = mib(4);
// Room for what a program writes, beside the files that it is given.
constexpr Bytes kWorkRoom = mib(64);
constexpr Bytes kManyFiles = mib(16);

// A path as it was asked for, and below the work directory.
struct Fetch {
  std::string asked;
  std::string path;
};

std::vector<Fetch> fetches(const std::vector<std::string>& asked) {
  std::vector<Fetch> out;
  for (const std::string& name : asked) {
    std::string path = plain_path(name.starts_with("/work/") ? name.substr(6) : name);
    // What cannot be there is missing, which is no error.
    if (path_objection(path).empty()) out.push_back({name, std::move(path)});
  }
  return out;
}

FileMap under_asked_names(const FileMap& files, const std::vector<Fetch>& fetched) {
  FileMap out;
  for (const Fetch& fetch : fetched) {
    const auto file = files.find(fetch.path);
    if (file != files.end()) out.emplace(fetch.asked, file->second);
  }
  return out;
}

void check_files(const Value& files, Fields& fields) {
  const auto* dict = std::get_if<Value::Dict>(&files.data);
  if (dict == nullptr)
    return fields.note("files", "dict_type", "Input should be a valid dictionary");
  for (const auto& [name, content] : dict->items) {
    if (std::holds_alternative<std::string>(content.data)) continue;
    if (std::holds_alternative<Value::None>(content.data)) continue;
    fields.note("files", "string_type", "Input should be a dictionary of strings");
    return;
  }
}

// Whether the answer lost what was asked for on its way: without a blob directory, or with one that
// is full, a grader cuts outputs to what fits a record and leaves files out. Of a file that is not
// there it says so.
bool is_incomplete(const EvaluationResult& result, const CaseResult& one,
                   const std::vector<Fetch>& fetched) {
  if (one.verdict == Verdict::kAccepted && one.truncated) return true;
  const bool ended = one.verdict == Verdict::kAccepted || one.verdict == Verdict::kRuntimeError;
  if (!ended || !result.files.empty()) return false;
  return std::any_of(fetched.begin(), fetched.end(), [&](const Fetch& fetch) {
    const std::string missing = "fetch_files: " + fetch.path + ": ";
    return std::none_of(result.warnings.begin(), result.warnings.end(),
                        [&](const std::string& said) { return said.starts_with(missing); });
  });
}

// Part of an output would be compared, and score 0.
Reply reply_to_incomplete() {
  Reply reply = refusal(504,
                        "the output or the files did not fit the farm's answer: graders and "
                        "gateway share a directory for what is large (--blob-dir)");
  reply.retry_after_s = 1;
  return reply;
}

Reply reply_to(const EvaluationResult& result, const RequestedLimits& limits,
               const std::vector<Fetch>& fetched) {
  if (auto reply = reply_without_judgement(result)) return *std::move(reply);
  if (result.verdict == Verdict::kRejected)
    return json_reply(run_code_response(not_executed(result.message), {}));
  const CaseResult none;
  const CaseResult& one = result.cases.empty() ? none : result.cases.front();
  if (is_incomplete(result, one, fetched)) return reply_to_incomplete();
  Value response =
      run_code_response(exec_info(result, one, limits), under_asked_names(result.files, fetched));
  Value facts = farm_facts(result);
  auto& members = std::get<Value::Dict>(facts.data).items;
  Value of_case = farm_facts(one);
  for (auto& member : std::get<Value::Dict>(of_case.data).items) {
    const std::string& name = std::get<std::string>(member.first.data);
    if (name != "verdict" && name != "message") members.push_back(std::move(member));
  }
  std::get<Value::Dict>(response.data).items.emplace_back(text("farm"), std::move(facts));
  return json_reply(response);
}

}  // namespace

Routed run_code(const Value& body, std::string_view user_agent) {
  std::vector<Problem> problems;
  Fields fields(body, {"body"}, problems);
  EvaluationRequest request;
  RunOnly run;
  request.submission.code = fields.required_text("code");
  request.submission.language = farm_language(fields.required_word("language", language_words()));
  const double compile = fields.number_or("compile_timeout", kDefaultTimeout);
  const double timeout = fields.number_or("run_timeout", kDefaultTimeout);
  const std::int64_t memory = fields.integer_or("memory_limit_MB", -1);
  run.stdin_bytes = fields.nullable_text("stdin").value_or("");
  const std::vector<Fetch> fetched = fetches(fields.texts("fetch_files"));
  const Value* files = fields.find("files");
  if (files != nullptr) check_files(*files, fields);
  if (!problems.empty()) return validation_reply(problems);

  if (files != nullptr) {
    auto uploads = read_uploads(*files);
    if (!uploads) return json_reply(run_code_response(not_executed(uploads.error().what), {}));
    request.submission.files = *std::move(uploads);
  }
  Bytes total;
  for (const auto& [path, content] : request.submission.files)
    total.count += static_cast<std::int64_t>(content.size());

  RequestedLimits& limits = request.limits;
  set_timeouts(compile, timeout, limits);
  if (memory > 0) limits.memory = Bytes{std::min(memory, gib(1).count) * mib(1).count};
  if (total > kManyFiles) limits.tmpfs = total + kWorkRoom;
  limits.output = kMostOutput;
  limits.return_output = kMostOutput;
  for (const Fetch& fetch : fetched) run.fetch_files.push_back(fetch.path);
  request.evaluation = std::move(run);
  return Question{std::move(request),
                  [limits, fetched](const EvaluationResult& result) {
                    return reply_to(result, limits, fetched);
                  },
                  patience_of_run_code(body, user_agent, compile, timeout)};
}

}  // namespace farm::gateway
