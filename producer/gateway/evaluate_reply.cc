#include "producer/gateway/evaluate_reply.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "producer/gateway/exec_info.h"
#include "producer/gateway/question.h"
#include "producer/gateway/test_cases.h"

namespace farm::gateway {
namespace {

Value test_entry(bool passed, ExecInfo info, Value test_info) {
  Object entry;
  entry.set("passed", Value{passed});
  entry.set("exec_info", run_code_response(std::move(info), {}));
  entry.set("test_info", std::move(test_info));
  return entry.take();
}

Value case_entry(const EvaluationResult& result, const CaseResult& one, const Asked& asked,
                 std::size_t index) {
  const bool passed = one.verdict == Verdict::kAccepted;
  ExecInfo info = asked.compares_output ? exec_info(result, one, asked.limits)
                                        : exec_info_of_tests(result, one, asked.limits);
  Value test_info;
  if (index < asked.test_infos.size()) {
    test_info = passed && !asked.return_full_case ? shortened(asked.test_infos[index])
                                                  : asked.test_infos[index];
  }
  Value entry = test_entry(passed, std::move(info), std::move(test_info));
  std::get<Value::Dict>(entry.data).items.emplace_back(text("farm"), farm_facts(one));
  return entry;
}

ValueList test_entries(const EvaluationResult& result, const Asked& asked) {
  ValueList tests;
  const bool compiled = result.verdict != Verdict::kCompileError;
  for (std::size_t i = 0; i < result.cases.size(); ++i) {
    const CaseResult& one = result.cases[i];
    if (compiled && one.verdict == Verdict::kNotRun) {
      tests.push_back(test_entry(false, not_executed("Total Timeout"), null()));
      continue;
    }
    tests.push_back(case_entry(result, one, asked, i));
    if (one.verdict != Verdict::kAccepted && !asked.run_all_cases) break;
  }
  return tests;
}

Value response(const Asked& asked, bool accepted, ValueList tests) {
  Object body;
  body.set("id", asked.id);
  body.set("accepted", Value{accepted});
  body.set("extracted_code", text(asked.extracted_code));
  body.set("full_code", asked.full_code.empty() ? null() : text(asked.full_code));
  body.set("test_code", null());
  body.set("tests", Value{Value::List{std::move(tests)}});
  body.set("extracted_type", null());
  body.set("extra", null());
  return body.take();
}

}  // namespace

Reply evaluate_reply(const EvaluationResult& result, const Asked& asked) {
  if (auto reply = reply_without_judgement(result)) return *std::move(reply);
  if (result.verdict == Verdict::kRejected) return refusal(400, result.message);
  Value body = response(asked, result.verdict == Verdict::kAccepted, test_entries(result, asked));
  std::get<Value::Dict>(body.data).items.emplace_back(text("farm"), farm_facts(result));
  return json_reply(body);
}

Reply reply_without_program(const Asked& asked) {
  constexpr std::string_view kWhy = "no program was found in the completion";
  ValueList tests;
  const std::size_t wanted = asked.run_all_cases ? asked.test_infos.size() : 1;
  for (std::size_t i = 0; i < std::max<std::size_t>(wanted, 1); ++i) {
    ExecInfo info = {"Failed", std::string(kWhy), null(), null()};
    tests.push_back(test_entry(false, std::move(info),
                               i < asked.test_infos.size() ? asked.test_infos[i] : null()));
  }
  return json_reply(response(asked, false, std::move(tests)));
}

}  // namespace farm::gateway
