#include "schemas/result.h"

#include <cmath>
#include <utility>

#include "schemas/base64.h"
#include "schemas/decode_parts.h"
#include "schemas/text.h"
#include "schemas/value_json.h"

namespace farm {
namespace {

using json::find;
using json::Node;
using json::Path;
using json::violation;
using json::write_flag;
using json::write_key;
using json::write_member;
using json::Writer;

void write_code(Writer& writer, std::string_view name, std::optional<int> code) {
  write_key(writer, name);
  if (code) {
    writer.Int(*code);
  } else {
    writer.Null();
  }
}

void write_compile(Writer& writer, const CompileResult& compile) {
  write_key(writer, "compile");
  writer.StartObject();
  write_member(writer, "verdict", word(compile.verdict));
  write_code(writer, "exit_code", compile.exit_code);
  write_code(writer, "signal", compile.signal);
  write_member(writer, "cpu_ms", compile.cpu.count());
  write_member(writer, "wall_ms", compile.wall.count());
  write_member(writer, "stdout",
               compile.stdout_bytes);  // for people: what is not UTF-8 is replaced
  write_member(writer, "stderr", compile.stderr_bytes);
  write_flag(writer, "cached", compile.cached);
  writer.EndObject();
}

void write_case(Writer& writer, const CaseResult& item) {
  const bool text = is_utf8(item.stdout_bytes) && is_utf8(item.stderr_bytes);
  writer.StartObject();
  write_member(writer, "index", item.index);
  write_member(writer, "verdict", word(item.verdict));
  write_member(writer, "cpu_ms", item.cpu.count());
  write_member(writer, "wall_ms", item.wall.count());
  write_member(writer, "throttled_ms", item.throttled.count());
  write_member(writer, "memory_bytes", item.memory.count);
  write_code(writer, "exit_code", item.exit_code);
  write_code(writer, "signal", item.signal);
  write_member(writer, "stdout", text ? item.stdout_bytes : base64_encode(item.stdout_bytes));
  write_member(writer, "stderr", text ? item.stderr_bytes : base64_encode(item.stderr_bytes));
  write_member(writer, "stdout_bytes", item.stdout_total_bytes);
  write_flag(writer, "truncated", item.truncated);
  write_member(writer, "encoding", text ? "utf8" : "base64");
  if (item.actual) {
    write_key(writer, "actual");
    json::write_value(writer, *item.actual);
  }
  write_member(writer, "message", item.message);
  write_member(writer, "attempts", std::int64_t{item.attempts});
  writer.EndObject();
}

// Numbers that the schema bounds only as integers. Errors: kInvalidRequest where an int cannot hold
// it.
Expected<std::optional<int>> code_member(const Node& object, std::string_view name,
                                         const Path& where) {
  const std::optional<std::int64_t> number = json::optional_integer(object, name);
  if (!number) return std::optional<int>();
  if (*number < INT32_MIN || *number > INT32_MAX) {
    return violation(Path(where, name), "a 32-bit integer, got " + std::to_string(*number));
  }
  return std::optional<int>(static_cast<int>(*number));
}

Milliseconds duration(const Node& object, std::string_view name) {
  return Milliseconds(json::integer_or(object, name, 0));
}

Expected<CompileResult> decode_compile(const Node& node, const Path& where) {
  CompileResult compile;
  compile.verdict = *parse_verdict(json::string_or_empty(node, "verdict"));
  FARM_TRY(compile.exit_code, code_member(node, "exit_code", where));
  FARM_TRY(compile.signal, code_member(node, "signal", where));
  compile.cpu = duration(node, "cpu_ms");
  compile.wall = duration(node, "wall_ms");
  compile.stdout_bytes = json::string_or_empty(node, "stdout");
  compile.stderr_bytes = json::string_or_empty(node, "stderr");
  compile.cached = json::bool_or(node, "cached", false);
  return compile;
}

Expected<std::string> stream_member(const Node& node, std::string_view name, bool base64,
                                    const Path& where) {
  const Node* member = find(node, name);
  if (member == nullptr) return std::string();
  if (!base64) return std::string(json::text_of(*member));
  return json::base64_member(*member, Path(where, name));
}

Expected<CaseResult> decode_case(const Node& node, const Path& where) {
  CaseResult item;
  item.index = json::integer_or(node, "index", 0);
  item.verdict = *parse_verdict(json::string_or_empty(node, "verdict"));
  item.cpu = duration(node, "cpu_ms");
  item.wall = duration(node, "wall_ms");
  item.throttled = duration(node, "throttled_ms");
  item.memory = Bytes{json::integer_or(node, "memory_bytes", 0)};
  FARM_TRY(item.exit_code, code_member(node, "exit_code", where));
  FARM_TRY(item.signal, code_member(node, "signal", where));
  const bool base64 = json::string_or_empty(node, "encoding") == "base64";
  FARM_TRY(item.stdout_bytes, stream_member(node, "stdout", base64, where));
  FARM_TRY(item.stderr_bytes, stream_member(node, "stderr", base64, where));
  item.stdout_total_bytes = json::integer_or(node, "stdout_bytes", 0);
  item.truncated = json::bool_or(node, "truncated", false);
  if (const auto actual = node.FindMember("actual"); actual != node.MemberEnd()) {
    FARM_TRY(item.actual, json::value_of(actual->value, Path(where, "actual"), ValueLimits{}));
  }
  item.message = json::string_or_empty(node, "message");
  FARM_TRY(const std::optional<int> attempts, code_member(node, "attempts", where));
  item.attempts = attempts.value_or(0);
  return item;
}

const json::Schema& result_schema() {
  static const json::Schema schema = [] {
    rapidjson::Document source = json::schema_source("evaluation_result.schema.json");
    json::keep_enforced_rules(source);
    return json::Schema(std::move(source));
  }();
  return schema;
}

}  // namespace

std::optional<double> EvaluationResult::score() const {
  const bool judged = fault() == Fault::kNone || fault() == Fault::kSubmission;
  if (!judged || total <= 0) return std::nullopt;
  return static_cast<double>(passed) / static_cast<double>(total);
}

std::string encode_result(const EvaluationResult& result) {
  json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_member(writer, "schema_version", std::int64_t{kSchemaVersion});
  write_member(writer, "request_id", result.request_id);
  write_member(writer, "trainer", result.trainer);
  if (result.step) write_member(writer, "step", *result.step);
  if (result.group) write_member(writer, "group", *result.group);
  write_member(writer, "verdict", word(result.verdict));
  write_member(writer, "fault", word(result.fault()));
  write_member(writer, "message", result.message);
  if (const std::optional<double> score = result.score()) {
    write_key(writer, "score");
    json::write(writer, *score);
  }
  write_member(writer, "passed", result.passed);
  write_member(writer, "total", result.total);
  write_flag(writer, "stopped_early", result.stopped_early);
  write_flag(writer, "cached", result.cached);
  write_member(writer, "integrity", word(result.integrity));
  write_member(writer, "isolation", word(result.isolation));
  if (result.compile) write_compile(writer, *result.compile);
  write_key(writer, "cases");
  writer.StartArray();
  for (const CaseResult& item : result.cases) write_case(writer, item);
  writer.EndArray();
  json::write_files(writer, "files", result.files);
  write_key(writer, "timings");
  writer.StartObject();
  write_member(writer, "queue_ms", result.timings.queue.count());
  write_member(writer, "compile_ms", result.timings.compile.count());
  write_member(writer, "run_ms", result.timings.run.count());
  write_member(writer, "total_ms", result.timings.total.count());
  writer.EndObject();
  write_key(writer, "grader");
  writer.StartObject();
  write_member(writer, "id", result.grader.id);
  write_member(writer, "version", result.grader.version);
  write_member(writer, "environment", result.grader.environment);
  writer.EndObject();
  json::write_strings(writer, "warnings", result.warnings);
  json::write_metadata(writer, result.metadata_json);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Expected<EvaluationResult> decode_result(std::string_view text) {
  constexpr std::size_t kMaxDepth = 1024;  // `actual` nests deeper than a request's values do
  FARM_TRY(const json::Message message, json::read_message(text, kMaxDepth));
  const Node& root = message.document;
  FARM_CHECK_OK(result_schema().check(root));
  const Path top;
  const std::string_view twice = json::duplicate_name(root);
  if (twice.data() != nullptr) return violation(Path(top, twice), "given more than once");

  EvaluationResult result;
  result.request_id = json::string_or_empty(root, "request_id");
  result.trainer = json::string_or_empty(root, "trainer");
  result.step = json::optional_integer(root, "step");
  result.group = json::optional_string(root, "group");
  result.verdict = *parse_verdict(json::string_or_empty(root, "verdict"));
  if (const std::string fault = json::string_or_empty(root, "fault");
      fault != word(result.fault())) {
    return violation(
        Path(top, "fault"),
        std::string(word(result.fault())).append(" for this verdict, got ") + json::show(fault));
  }
  result.message = json::string_or_empty(root, "message");
  result.passed = json::integer_or(root, "passed", 0);
  result.total = json::integer_or(root, "total", 0);
  result.stopped_early = json::bool_or(root, "stopped_early", false);
  result.cached = json::bool_or(root, "cached", false);
  result.integrity =
      parse_integrity(json::string_or_empty(root, "integrity")).value_or(Integrity::kExitStatus);
  result.isolation =
      parse_isolation(json::string_or_empty(root, "isolation")).value_or(Isolation::kNone);
  if (const Node* compile = find(root, "compile")) {
    FARM_TRY(result.compile, decode_compile(*compile, Path(top, "compile")));
  }
  if (const Node* cases = find(root, "cases")) {
    const Path where(top, "cases");
    result.cases.reserve(cases->Size());
    for (rapidjson::SizeType i = 0; i < cases->Size(); ++i) {
      FARM_TRY(CaseResult item, decode_case((*cases)[i], Path(where, i)));
      result.cases.push_back(std::move(item));
    }
  }
  FARM_TRY(result.files, json::file_map(root, "files", top));
  if (const Node* timings = find(root, "timings")) {
    result.timings = {duration(*timings, "queue_ms"), duration(*timings, "compile_ms"),
                      duration(*timings, "run_ms"), duration(*timings, "total_ms")};
  }
  if (const Node* grader = find(root, "grader")) {
    result.grader = {json::string_or_empty(*grader, "id"),
                     json::string_or_empty(*grader, "version"),
                     json::string_or_empty(*grader, "environment")};
  }
  result.warnings = json::strings(root, "warnings");
  result.metadata_json = message.metadata;
  return result;
}

Verdict verdict_of_cases(const std::vector<CaseResult>& cases) {
  // The first failure in index order, whatever the order of the list: cases finish when they
  // finish.
  const CaseResult* failed = nullptr;
  bool ran = false;
  for (const CaseResult& item : cases) {
    if (fault_of(item.verdict) == Fault::kFarm) return Verdict::kFarmError;
    if (item.verdict == Verdict::kNotRun) continue;
    ran = true;
    if (item.verdict == Verdict::kAccepted) continue;
    if (failed == nullptr || item.index < failed->index) failed = &item;
  }
  if (!ran) return Verdict::kFarmError;
  return failed == nullptr ? Verdict::kAccepted : failed->verdict;
}

EvaluationResult unjudged_result(const RequestIdentity& identity, Verdict verdict,
                                 std::string message) {
  EvaluationResult result;
  result.request_id = identity.request_id;
  result.trainer = identity.trainer;
  result.step = identity.step;
  result.group = identity.group;
  result.metadata_json = identity.metadata_json;
  result.verdict = verdict;
  result.message = std::move(message);
  return result;
}

}  // namespace farm
