#include <type_traits>
#include <utility>

#include "schemas/base64.h"
#include "schemas/decode_parts.h"
#include "schemas/request.h"
#include "schemas/request_words.h"
#include "schemas/text.h"
#include "schemas/value_json.h"

namespace farm {
namespace {

using json::write_flag;
using json::write_key;
using json::write_member;
using json::Writer;

void write_bytes(Writer& writer, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    write_member(writer, name, bytes);
  } else {
    write_member(writer, std::string(name) + "_base64", base64_encode(bytes));
  }
}

void write_comparison(Writer& writer, const Comparison& comparison, bool of_values) {
  write_key(writer, "comparison");
  writer.StartObject();
  if (!of_values) write_member(writer, "mode", json::word_of(json::kModes, comparison.mode));
  write_key(writer, "float_rel");
  json::write(writer, comparison.float_rel);
  write_key(writer, "float_abs");
  json::write(writer, comparison.float_abs);
  if (of_values) write_flag(writer, "unordered", comparison.unordered);
  writer.EndObject();
}

void write_body(Writer& writer, const StdinStdout& evaluation) {
  write_key(writer, "cases");
  writer.StartArray();
  for (const auto& item : evaluation.cases) {
    writer.StartObject();
    write_bytes(writer, "stdin", item.stdin_bytes);
    write_bytes(writer, "stdout", item.stdout_bytes);
    writer.EndObject();
  }
  writer.EndArray();
  write_comparison(writer, evaluation.comparison, false);
  if (evaluation.checker) {
    write_key(writer, "checker");
    writer.StartObject();
    write_member(writer, "language", evaluation.checker->language);
    write_member(writer, "code", evaluation.checker->code);
    writer.EndObject();
  }
}

void write_body(Writer& writer, const FunctionCall& evaluation) {
  write_member(writer, "entry_point", evaluation.entry_point);
  write_key(writer, "cases");
  writer.StartArray();
  for (const auto& item : evaluation.cases) {
    writer.StartObject();
    write_key(writer, "args");
    writer.StartArray();
    for (const Value& value : item.args) json::write_value(writer, value);
    writer.EndArray();
    write_key(writer, "kwargs");
    writer.StartObject();
    for (const auto& [name, value] : item.kwargs) {
      write_key(writer, name);
      json::write_value(writer, value);
    }
    writer.EndObject();
    write_key(writer, "expected");
    json::write_value(writer, item.expected);
    writer.EndObject();
  }
  writer.EndArray();
  write_comparison(writer, evaluation.comparison, true);
  if (evaluation.signature) {
    write_key(writer, "signature");
    writer.StartObject();
    json::write_strings(writer, "params", evaluation.signature->params);
    write_member(writer, "returns", evaluation.signature->returns);
    writer.EndObject();
  }
}

void write_body(Writer& writer, const AssertTests& evaluation) {
  write_member(writer, "tests", evaluation.tests);
  if (!evaluation.entry_point.empty()) write_member(writer, "entry_point", evaluation.entry_point);
  write_member(writer, "prompt", evaluation.prompt);
  json::write_strings(writer, "stop_tokens", evaluation.stop_tokens);
}

void write_body(Writer& writer, const TestSuite& evaluation) {
  json::write_files(writer, "files", evaluation.files);
  json::write_strings(writer, "expected_tests", evaluation.expected_tests);
}

void write_body(Writer& writer, const Notebook& evaluation) {
  json::write_strings(writer, "cells", evaluation.cells);
  write_member(writer, "cell_timeout_ms", evaluation.cell_timeout.count());
}

void write_body(Writer& writer, const RunOnly& evaluation) {
  write_bytes(writer, "stdin", evaluation.stdin_bytes);
  json::write_strings(writer, "args", evaluation.args);
  json::write_map(writer, "env", evaluation.env);
  json::write_strings(writer, "fetch_files", evaluation.fetch_files);
}

void write_submission(Writer& writer, const Submission& submission) {
  write_key(writer, "submission");
  writer.StartObject();
  write_member(writer, "language", submission.language);
  // Decode fills `code` in from the entry file; on the wire only one of the two may be there.
  const auto program = submission.entry_file ? submission.files.find(*submission.entry_file)
                                             : submission.files.end();
  const bool code_is_entry_file =
      program != submission.files.end() && submission.code == program->second;
  if (submission.code && !code_is_entry_file) write_member(writer, "code", *submission.code);
  if (submission.completion) write_member(writer, "completion", *submission.completion);
  write_flag(writer, "continues_prompt", submission.continues_prompt);
  json::write_files(writer, "files", submission.files);
  if (submission.entry_file) write_member(writer, "entry_file", *submission.entry_file);
  writer.EndObject();
}

void write_policy(Writer& writer, const Policy& policy) {
  write_key(writer, "policy");
  writer.StartObject();
  write_flag(writer, "run_all_cases", policy.run_all_cases);
  write_member(writer, "case_isolation",
               json::word_of(json::kCaseIsolations, policy.case_isolation));
  write_member(writer, "min_isolation", word(policy.min_isolation));
  write_member(writer, "min_integrity", policy.min_integrity ? word(*policy.min_integrity) : "any");
  write_flag(writer, "cache", policy.cache);
  writer.EndObject();
}

}  // namespace

std::string encode_request(const EvaluationRequest& request) {
  json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_member(writer, "schema_version", std::int64_t{kSchemaVersion});
  write_member(writer, "request_id", request.request_id);
  write_member(writer, "trainer", request.trainer);
  if (request.step) write_member(writer, "step", *request.step);
  if (request.group) write_member(writer, "group", *request.group);
  write_member(writer, "priority", json::word_of(json::kPriorities, request.priority));
  if (request.deadline_unix_ms) write_member(writer, "deadline_unix_ms", *request.deadline_unix_ms);
  if (request.environment) write_member(writer, "environment", *request.environment);
  write_submission(writer, request.submission);
  write_key(writer, "evaluation");
  writer.StartObject();
  write_member(writer, "type", type_word(request.evaluation));
  std::visit([&](const auto& evaluation) { write_body(writer, evaluation); }, request.evaluation);
  writer.EndObject();
  json::write_limits(writer, request.limits);
  write_policy(writer, request.policy);
  json::write_metadata(writer, request.metadata_json);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace farm
