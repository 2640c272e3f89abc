#include "producer/gateway/common_evaluate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embedded/gateway_special_judge.h"
#include "producer/gateway/assert_program.h"
#include "producer/gateway/deadline.h"
#include "producer/gateway/evaluate_reply.h"
#include "producer/gateway/extraction.h"
#include "producer/gateway/fields.h"
#include "producer/gateway/languages.h"
#include "producer/gateway/time_limits.h"
#include "schemas/base64.h"
#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

constexpr double kDefaultTotal = 300;
constexpr double kMostKib = 1e12;  // a little less than the 2^50 bytes that a request may name

// Of SubmitRequest and its config what these routes use.
struct Submit {
  std::string completion;
  Value id;
  std::optional<std::string> language;
  std::optional<double> compile_timeout, run_timeout;
  std::optional<double> memory_kib;
  bool custom_extract = false;
  const Value* provided_data = nullptr;
  double total_timeout = kDefaultTotal;
  bool run_all_cases = false;
  bool return_full_case = false;
  std::string special_judge;
  std::string special_judge_language = "python";
};

bool flag(const Value& extra, std::string_view name) {
  const Value* value = find_member(extra, name);
  const auto* truth = value == nullptr ? nullptr : std::get_if<bool>(&value->data);
  return truth != nullptr && *truth;
}

void read_extra(const Value& extra, Fields& config, Submit& submit) {
  if (!std::holds_alternative<Value::Dict>(extra.data)) {
    if (!std::holds_alternative<Value::None>(extra.data))
      config.note("extra", "dict_type", "Input should be a valid dictionary");
    return;
  }
  submit.run_all_cases = flag(extra, "run_all_cases");
  submit.return_full_case = flag(extra, "return_full_case");
  if (const Value* total = find_member(extra, "total_timeout"))
    submit.total_timeout = as_number(*total).value_or(kDefaultTotal);
  const auto take_text = [&](std::string_view name, std::string& into) {
    const Value* value = find_member(extra, name);
    const auto* string = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    if (string != nullptr) into = *string;
  };
  take_text("special_judge_program", submit.special_judge);
  take_text("special_judge_language", submit.special_judge_language);
}

Submit read_submit(const Value& body, std::vector<Problem>& problems) {
  Submit submit;
  Fields fields(body, {"body"}, problems);
  submit.completion = fields.required_text("completion");
  const Value* id = fields.find("id");
  submit.id = id == nullptr ? Value{std::int64_t{0}} : *id;
  const Value* config = fields.find("config");
  if (config == nullptr) {
    fields.note("config", "missing", "Field required");
    return submit;
  }
  Fields settings(*config, {"body", "config"}, problems);
  submit.language = settings.nullable_word("language", language_words());
  submit.compile_timeout = settings.nullable_number("compile_timeout");
  submit.run_timeout = settings.nullable_number("run_timeout");
  submit.memory_kib = settings.nullable_number("mem_limit");
  submit.custom_extract = settings.nullable_text("custom_extract_logic").has_value();
  submit.provided_data = settings.find("provided_data");
  if (const Value* extra = settings.find("extra")) read_extra(*extra, settings, submit);
  return submit;
}

// What the peers run where the config says nothing.
double default_run_timeout(const TestCases& cases, std::string_view language) {
  if (std::holds_alternative<AssertCase>(cases.cases)) return 20;
  if (std::holds_alternative<CallCases>(cases.cases)) return 10;
  return language == "cpp" || language == "go" || language == "java" ? 10 : 20;
}

Checker special_judge(const std::string& program) {
  constexpr std::string_view kSource = embedded::k_gateway_special_judge[0].second;
  return {"python", std::string(kSource) + "JUDGE = \"" + base64_encode(program) + "\"\nmain()\n"};
}

Expected<Done> set_stdio(std::vector<StdinStdout::Case> cases, const Submit& submit,
                         EvaluationRequest& request) {
  StdinStdout evaluation;
  evaluation.cases = std::move(cases);
  evaluation.comparison.mode = ComparisonMode::kSandboxFusion;
  if (!submit.special_judge.empty()) {
    if (submit.special_judge_language != "python")
      return unsupported("special_judge_language: a special judge is a Python program here, not '" +
                         submit.special_judge_language + "'");
    evaluation.checker = special_judge(submit.special_judge);
  }
  request.evaluation = std::move(evaluation);
  return Done{};
}

void set_call(CallCases calls, const std::string& language, std::string program,
              EvaluationRequest& request) {
  FunctionCall evaluation;
  evaluation.cases = std::move(calls.cases);
  evaluation.entry_point = std::move(calls.fn_name);
  if (language == "python" && program.find("class Solution") != std::string::npos) {
    if (evaluation.entry_point.find('.') == std::string::npos)
      evaluation.entry_point = "Solution." + evaluation.entry_point;
    program = with_solution_preamble(program);
  }
  request.submission.code = std::move(program);
  request.evaluation = std::move(evaluation);
}

// What the farm takes as an entry point: a name, or Class.method.
bool is_name(std::string_view entry_point) {
  return std::all_of(entry_point.begin(), entry_point.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

Expected<Done> set_assert(const AssertCase& tests, const std::string& language,
                          EvaluationRequest& request, Asked& asked) {
  // Without it nobody would call `check`, and whatever loads would pass.
  if (language == "python" && tests.entry_point.find_first_not_of(" \t\r\n") == std::string::npos)
    return invalid_request("test_cases: an assert in python needs entry_point, a string");
  AssertProgram program =
      assert_program(language, asked.extracted_code, tests.tests, tests.entry_point);
  AssertTests evaluation;
  evaluation.tests = std::move(program.tests);
  // An expression (Solution().f) is evaluated by the tests alone, whose last line is check(…).
  if (is_name(tests.entry_point)) evaluation.entry_point = tests.entry_point;
  request.submission.code = std::move(program.code);
  request.evaluation = std::move(evaluation);
  asked.full_code = std::move(program.full_code);
  return Done{};
}

std::string program_of(const Submit& submit, const TestCases& cases, const std::string& language) {
  const auto* tests = std::get_if<AssertCase>(&cases.cases);
  // Of these the peers take the first block and cut it at stop tokens; of the others the block of
  // the language.
  const bool cut =
      tests != nullptr &&
      (language == "cpp" || language == "bash" || language == "csharp" || language == "java" ||
       language == "rust" || language == "scala" || language == "swift");
  return cut ? extract_for_tests(submit.completion, language, tests->stop_tokens)
             : extract_program(submit.completion, language);
}

Expected<Question> question_of(const Submit& submit, TestCases cases, const std::string& language,
                               Asked asked) {
  EvaluationRequest request;
  request.submission.language = language;
  request.submission.code = asked.extracted_code;
  request.policy.run_all_cases = asked.run_all_cases;
  const double otherwise = default_run_timeout(cases, language);
  const bool is_assert = std::holds_alternative<AssertCase>(cases.cases);
  set_timeouts(submit.compile_timeout.value_or(is_assert ? 20 : 10),
               submit.run_timeout.value_or(otherwise), request.limits);
  if (!is_assert) set_total_timeout(submit.total_timeout, request.limits);
  if (submit.memory_kib && *submit.memory_kib > 0)
    request.limits.memory = kib(static_cast<std::int64_t>(std::min(*submit.memory_kib, kMostKib)));
  asked.limits = request.limits;
  if (auto* stdio = std::get_if<std::vector<StdinStdout::Case>>(&cases.cases)) {
    asked.compares_output = true;
    FARM_CHECK_OK(set_stdio(std::move(*stdio), submit, request));
  } else if (auto* calls = std::get_if<CallCases>(&cases.cases)) {
    set_call(std::move(*calls), language, asked.extracted_code, request);
  } else {
    FARM_CHECK_OK(set_assert(std::get<AssertCase>(cases.cases), language, request, asked));
  }
  return Question{std::move(request),
                  [asked = std::move(asked)](const EvaluationResult& result) {
                    return evaluate_reply(result, asked);
                  },
                  std::nullopt};
}

}  // namespace

Routed common_evaluate(const Value& body, CaseForm form, std::string_view user_agent) {
  std::vector<Problem> problems;
  Submit submit = read_submit(body, problems);
  if (!problems.empty()) return validation_reply(problems);
  if (!submit.language) return refusal(400, "config.language field must exist, got None");
  if (submit.custom_extract) {
    return refusal(400,
                   "custom_extract_logic is Python that the peers run in their server; it is "
                   "not served here: extract before sending");
  }
  if (submit.provided_data == nullptr ||
      std::holds_alternative<Value::None>(submit.provided_data->data)) {
    return refusal(500, "config.provided_data is missing");
  }
  auto cases = read_test_cases(*submit.provided_data, form);
  if (!cases) return refusal(400, cases.error().what);
  const std::string language = farm_language(*submit.language);

  Asked asked;
  asked.id = submit.id;
  asked.extracted_code = program_of(submit, *cases, language);
  asked.run_all_cases = submit.run_all_cases;
  asked.return_full_case = submit.return_full_case;
  asked.test_infos = std::move(cases->infos);
  if (asked.extracted_code.find_first_not_of(" \t\r\n") == std::string::npos)
    return reply_without_program(asked);
  auto question = question_of(submit, *std::move(cases), language, std::move(asked));
  if (!question) return refusal(400, question.error().what);
  question->patience =
      patience_of_common_evaluate(user_agent, submit.compile_timeout, submit.run_timeout);
  return *std::move(question);
}

}  // namespace farm::gateway
