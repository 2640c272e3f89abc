#include "schemas/request.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>

#include "schemas/decode_parts.h"
#include "schemas/json.h"
#include "schemas/json_reader.h"
#include "schemas/request_words.h"
#include "schemas/text.h"
#include "schemas/topics.h"
#include "schemas/value_json.h"

namespace farm {
namespace {

using json::find;
using json::Node;
using json::Path;
using json::text_of;
using json::violation;

constexpr std::size_t kMaxRequestId = 256;  // bytes
constexpr std::size_t kMaxDepth = 4096;     // documents are walked recursively

std::optional<std::size_t> type_index(std::string_view word) {
  for (std::size_t i = 0; i < json::kTypes.size(); ++i) {
    if (json::kTypes[i] == word) return i;
  }
  return std::nullopt;
}

// The schema file once for each type of evaluation, in place of its oneOf, so that a violation is
// named instead of "oneOf"; and one that only knows the words of `type`, for requests that are of
// none.
class RequestSchemas {
 public:
  RequestSchemas() {
    for (std::size_t i = 0; i < json::kTypes.size(); ++i) {
      by_type_[i] = std::make_unique<json::Schema>(with_evaluation(i));
    }
    without_type_ = std::make_unique<json::Schema>(with_evaluation(std::nullopt));
  }

  // By the word of /evaluation/type.
  const json::Schema& of(const Node& request) const {
    const Node* evaluation = request.IsObject() ? find(request, "evaluation") : nullptr;
    const Node* type =
        evaluation != nullptr && evaluation->IsObject() ? find(*evaluation, "type") : nullptr;
    const auto index =
        type != nullptr && type->IsString() ? type_index(text_of(*type)) : std::nullopt;
    return index ? *by_type_[*index] : *without_type_;
  }

 private:
  static rapidjson::Document with_evaluation(std::optional<std::size_t> type) {
    rapidjson::Document source = json::schema_source("evaluation_request.schema.json");
    json::keep_enforced_rules(source);
    auto& allocator = source.GetAllocator();
    Node evaluation(rapidjson::kObjectType);
    if (type) {
      const std::string reference = "#/definitions/" + std::string(json::kTypes[*type]);
      evaluation.AddMember("$ref", Node(reference.c_str(), allocator), allocator);
    } else {
      rapidjson::Document outline(&allocator);
      outline.Parse(R"({"type":"object","required":["type"],"properties":{"type":{"enum":[]}}})");
      for (const std::string_view word : json::kTypes) {
        outline["properties"]["type"]["enum"].PushBack(Node(json::as_ref(word)), allocator);
      }
      evaluation.CopyFrom(outline, allocator);
    }
    source["properties"]["evaluation"] = std::move(evaluation);
    return source;
  }

  std::array<std::unique_ptr<json::Schema>, json::kTypes.size()> by_type_;
  std::unique_ptr<json::Schema> without_type_;
};

const RequestSchemas& request_schemas() {
  static const RequestSchemas schemas;  // immutable; compiled at the first request
  return schemas;
}

// A member of the top level given twice, or any member of a part that is judged by.
Expected<Done> refuse_ambiguity(const Node& request) {
  const Path root;
  const std::string_view name = json::duplicate_name(request);
  if (name.data() != nullptr) return violation(Path(root, name), "given more than once");
  for (const std::string_view part : {"submission", "evaluation", "limits", "policy"}) {
    if (const Node* member = find(request, part)) {
      FARM_CHECK_OK(json::refuse_duplicates(*member, Path(root, part)));
    }
  }
  return Done{};
}

bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !is_letter(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

// An identifier or Class.method: it is pasted into harness source, so nothing else may pass.
Expected<Done> check_entry_point(std::string_view entry_point, const Path& where) {
  const std::size_t dot = entry_point.find('.');
  const bool legal = dot == std::string_view::npos ? is_identifier(entry_point)
                                                   : is_identifier(entry_point.substr(0, dot)) &&
                                                         is_identifier(entry_point.substr(dot + 1));
  if (legal) return Done{};
  return violation(Path(where, "entry_point"),
                   "an identifier or Class.method, got " + json::show(entry_point));
}

// `name` as text or `name`_base64 as bytes; nullopt where neither is there.
Expected<std::optional<std::string>> bytes_member(const Node& object, std::string_view name,
                                                  const Path& where) {
  const std::string encoded_name = std::string(name) + "_base64";
  const Node* text = find(object, name);
  const Node* encoded = find(object, encoded_name);
  if (text != nullptr && encoded != nullptr) {
    return violation(Path(where, encoded_name), "given together with " + std::string(name));
  }
  if (text != nullptr) return std::optional<std::string>(text_of(*text));
  if (encoded == nullptr) return std::optional<std::string>();
  FARM_TRY(std::string bytes, json::base64_member(*encoded, Path(where, encoded_name)));
  return std::optional<std::string>(std::move(bytes));
}

Comparison decode_comparison(const Node& evaluation) {
  Comparison comparison;
  const Node* members = find(evaluation, "comparison");
  if (members == nullptr) return comparison;
  comparison.mode = json::parse_word(json::kModes, json::string_or_empty(*members, "mode"),
                                     ComparisonMode::kLines);
  comparison.float_rel = json::number_or(*members, "float_rel", 0);
  comparison.float_abs = json::number_or(*members, "float_abs", 0);
  comparison.unordered = json::bool_or(*members, "unordered", false);
  return comparison;
}

Expected<Evaluation> decode_stdin_stdout(const Node& node, const Path& where) {
  StdinStdout evaluation;
  evaluation.comparison = decode_comparison(node);
  if (const Node* checker = find(node, "checker")) {
    evaluation.checker = Checker{json::string_or_empty(*checker, "language"),
                                 json::string_or_empty(*checker, "code")};
  }
  const Node& cases = *find(node, "cases");
  const Path cases_path(where, "cases");
  evaluation.cases.reserve(cases.Size());
  for (rapidjson::SizeType i = 0; i < cases.Size(); ++i) {
    const Path here(cases_path, i);
    FARM_TRY(std::optional<std::string> input, bytes_member(cases[i], "stdin", here));
    FARM_TRY(std::optional<std::string> output, bytes_member(cases[i], "stdout", here));
    if (!output && !evaluation.checker) {
      return violation(here, "stdout or stdout_base64 is required where no checker decides");
    }
    evaluation.cases.push_back({std::move(input).value_or(""), std::move(output).value_or("")});
  }
  return Evaluation{std::move(evaluation)};
}

Expected<Evaluation> decode_function_call(const Node& node, const Path& where) {
  FunctionCall evaluation;
  evaluation.entry_point = json::string_or_empty(node, "entry_point");
  FARM_CHECK_OK(check_entry_point(evaluation.entry_point, where));
  evaluation.comparison = decode_comparison(node);
  if (const Node* signature = find(node, "signature")) {
    evaluation.signature = FunctionCall::Signature{json::strings(*signature, "params"),
                                                   json::string_or_empty(*signature, "returns")};
  }
  const Node& cases = *find(node, "cases");
  const Path cases_path(where, "cases");
  const ValueLimits limits;
  evaluation.cases.reserve(cases.Size());
  for (rapidjson::SizeType i = 0; i < cases.Size(); ++i) {
    const Path here(cases_path, i);
    FunctionCall::Case decoded;
    if (const Node* args = find(cases[i], "args")) {
      const Path args_path(here, "args");
      decoded.args.reserve(args->Size());
      for (rapidjson::SizeType k = 0; k < args->Size(); ++k) {
        FARM_TRY(Value value, json::value_of((*args)[k], Path(args_path, k), limits));
        decoded.args.push_back(std::move(value));
      }
    }
    if (const Node* kwargs = find(cases[i], "kwargs")) {
      const Path kwargs_path(here, "kwargs");
      for (const auto& member : kwargs->GetObject()) {
        const Path value_path(kwargs_path, text_of(member.name));
        FARM_TRY(Value value, json::value_of(member.value, value_path, limits));
        decoded.kwargs.emplace_back(text_of(member.name), std::move(value));
      }
    }
    // `expected` may be null: the value None, not an absent member.
    const Node& expected = cases[i].FindMember("expected")->value;
    FARM_TRY(decoded.expected, json::value_of(expected, Path(here, "expected"), limits));
    evaluation.cases.push_back(std::move(decoded));
  }
  return Evaluation{std::move(evaluation)};
}

Expected<Evaluation> decode_assert(const Node& node, const Path& where) {
  AssertTests evaluation;
  evaluation.tests = json::string_or_empty(node, "tests");
  evaluation.entry_point = json::string_or_empty(node, "entry_point");
  if (find(node, "entry_point") != nullptr) {
    FARM_CHECK_OK(check_entry_point(evaluation.entry_point, where));
  }
  evaluation.prompt = json::string_or_empty(node, "prompt");
  evaluation.stop_tokens = json::strings(node, "stop_tokens");
  return Evaluation{std::move(evaluation)};
}

Expected<Evaluation> decode_test_suite(const Node& node, const Path& where) {
  TestSuite evaluation;
  FARM_TRY(evaluation.files, json::file_map(node, "files", where));
  evaluation.expected_tests = json::strings(node, "expected_tests");
  return Evaluation{std::move(evaluation)};
}

Expected<Evaluation> decode_notebook(const Node& node, const Path&) {
  Notebook evaluation;
  evaluation.cells = json::strings(node, "cells");
  evaluation.cell_timeout = Milliseconds(json::integer_or(node, "cell_timeout_ms", 0));
  return Evaluation{std::move(evaluation)};
}

Expected<Evaluation> decode_run(const Node& node, const Path& where) {
  RunOnly evaluation;
  FARM_TRY(std::optional<std::string> input, bytes_member(node, "stdin", where));
  evaluation.stdin_bytes = std::move(input).value_or("");
  evaluation.args = json::strings(node, "args");
  FARM_CHECK_OK(json::check_arguments(evaluation.args, Path(where, "args")));
  evaluation.env = json::string_map(node, "env");
  FARM_CHECK_OK(json::check_environment(evaluation.env, Path(where, "env")));
  evaluation.fetch_files = json::strings(node, "fetch_files");
  FARM_CHECK_OK(json::check_paths(evaluation.fetch_files, Path(where, "fetch_files")));
  return Evaluation{std::move(evaluation)};
}

Expected<Evaluation> decode_evaluation(const Node& node, const Path& where) {
  using Decode = Expected<Evaluation> (*)(const Node&, const Path&);
  constexpr std::array<Decode, json::kTypes.size()> kDecoders = {
      decode_stdin_stdout, decode_function_call, decode_assert,
      decode_test_suite,   decode_notebook,      decode_run};
  return kDecoders[*type_index(text_of(*find(node, "type")))](node, where);
}

Expected<Submission> decode_submission(const Node& node, const Path& where) {
  Submission submission;
  submission.language = json::string_or_empty(node, "language");
  submission.code = json::optional_string(node, "code");
  submission.completion = json::optional_string(node, "completion");
  submission.entry_file = json::optional_string(node, "entry_file");
  submission.continues_prompt = json::bool_or(node, "continues_prompt", false);
  const int programs =
      (submission.code ? 1 : 0) + (submission.completion ? 1 : 0) + (submission.entry_file ? 1 : 0);
  if (programs != 1) {
    return violation(
        where, "exactly one of code, completion and entry_file says what the program is, got " +
                   std::to_string(programs));
  }
  FARM_TRY(submission.files, json::file_map(node, "files", where));
  if (submission.entry_file) {
    const auto program = submission.files.find(*submission.entry_file);
    if (program == submission.files.end()) {
      return violation(Path(where, "entry_file"),
                       "must be a path in files, got " + json::show(*submission.entry_file));
    }
    if (!is_utf8(program->second)) {
      return violation(Path(where, "entry_file"), "the program must be UTF-8 text");
    }
    submission.code = program->second;
  }
  return submission;
}

Policy decode_policy(const Node& request) {
  Policy policy;
  const Node* node = find(request, "policy");
  if (node == nullptr) return policy;
  policy.run_all_cases = json::bool_or(*node, "run_all_cases", false);
  policy.case_isolation =
      json::parse_word(json::kCaseIsolations, json::string_or_empty(*node, "case_isolation"),
                       CaseIsolation::kProcess);
  policy.min_isolation =
      parse_isolation(json::string_or_empty(*node, "min_isolation")).value_or(Isolation::kReduced);
  policy.min_integrity =
      parse_integrity(json::string_or_empty(*node, "min_integrity"));  // "any" is no integrity
  policy.cache = json::bool_or(*node, "cache", false);
  return policy;
}

Expected<Done> check_identity(const EvaluationRequest& request) {
  const Path root;
  if (request.request_id.size() > kMaxRequestId) {
    return violation(Path(root, "request_id"),
                     "at most 256 bytes, got " + std::to_string(request.request_id.size()));
  }
  if (!topics::is_legal_name_part(request.trainer)) {
    return violation(Path(root, "trainer"),
                     "part of a topic name: [a-zA-Z0-9._-], at most 232 bytes; got " +
                         json::show(request.trainer));
  }
  return Done{};
}

// Collects the identity members of the top level as they pass by; everything else is skipped.
class IdentitySink {
 public:
  IdentitySink(RequestIdentity& identity, std::string& metadata_source)
      : identity_(identity), metadata_(metadata_source) {}

  bool takes_numbers_raw() const { return capturing(); }
  bool RawNumber(std::string_view digits) {
    json::write_raw(writer_, digits);
    return true;
  }
  bool Null() { return !capturing() || writer_.Null(); }
  bool Bool(bool b) { return !capturing() || writer_.Bool(b); }
  bool Int64(std::int64_t i) {
    if (depth_ == 1 && key_ == "step") identity_.step = i;
    return true;
  }
  bool BigInteger(std::string_view) { return true; }
  bool Double(double) { return true; }
  bool String(const char* s, std::uint32_t n, bool) {
    if (capturing()) return writer_.String(s, n);
    if (depth_ != 1) return true;
    const std::string_view text(s, n);
    if (key_ == "request_id" && text.size() <= kMaxRequestId) identity_.request_id = text;
    if (key_ == "trainer" && topics::is_legal_name_part(text)) identity_.trainer = text;
    if (key_ == "group") identity_.group = text;
    return true;
  }
  bool Key(const char* s, std::uint32_t n, bool) {
    if (capturing()) return writer_.Key(s, n);
    if (depth_ == 1) key_.assign(s, n);
    return true;
  }
  bool StartObject() {
    if (depth_++ == 1 && key_ == "metadata") {
      metadata_depth_ = depth_;
      buffer_.Clear();
      writer_.Reset(buffer_);
    }
    return !capturing() || writer_.StartObject();
  }
  bool EndObject(std::uint32_t) {
    if (capturing()) writer_.EndObject();
    if (depth_-- == metadata_depth_) {
      metadata_depth_ = 0;
      metadata_.assign(buffer_.GetString(), buffer_.GetSize());
    }
    return true;
  }
  bool StartArray() {
    ++depth_;
    return !capturing() || writer_.StartArray();
  }
  bool EndArray(std::uint32_t) {
    --depth_;
    return !capturing() || writer_.EndArray();
  }

 private:
  bool capturing() const { return metadata_depth_ != 0; }

  RequestIdentity& identity_;
  std::string& metadata_;
  json::Buffer buffer_;
  json::Writer writer_{buffer_};
  std::string key_;
  std::size_t depth_ = 0;
  std::size_t metadata_depth_ = 0;
};

}  // namespace

std::string_view type_word(const Evaluation& evaluation) {
  return json::kTypes[evaluation.index()];
}

Expected<EvaluationRequest> decode_request(std::string_view text, const DecodeBounds& bounds) {
  if (text.size() > static_cast<std::size_t>(bounds.max_request.count)) {
    return violation("/", "a request of at most " + std::to_string(bounds.max_request.count) +
                              " bytes, got " + std::to_string(text.size()));
  }
  FARM_TRY(const json::Message message,
           json::read_message(text, std::min(bounds.max_depth, kMaxDepth)));
  const Node& root = message.document;
  FARM_CHECK_OK(request_schemas().of(root).check(root));
  FARM_CHECK_OK(refuse_ambiguity(root));

  EvaluationRequest request;
  request.request_id = json::string_or_empty(root, "request_id");
  request.trainer = json::string_or_empty(root, "trainer");
  FARM_CHECK_OK(check_identity(request));
  request.step = json::optional_integer(root, "step");
  request.group = json::optional_string(root, "group");
  request.priority = json::parse_word(json::kPriorities, json::string_or_empty(root, "priority"),
                                      Priority::kNormal);
  request.deadline_unix_ms = json::optional_integer(root, "deadline_unix_ms");
  if (request.deadline_unix_ms == 0) request.deadline_unix_ms = std::nullopt;
  request.environment = json::optional_string(root, "environment");

  const Path top;
  FARM_TRY(request.submission,
           decode_submission(*find(root, "submission"), Path(top, "submission")));
  const Node& evaluation = *find(root, "evaluation");
  FARM_TRY(request.evaluation, decode_evaluation(evaluation, Path(top, "evaluation")));
  if (request.submission.continues_prompt && find(evaluation, "prompt") == nullptr) {
    return violation("/submission/continues_prompt", "true needs /evaluation/prompt");
  }
  request.limits = json::requested_limits(root);
  request.policy = decode_policy(root);
  request.metadata_json = message.metadata;
  return request;
}

RequestIdentity peek_identity(std::string_view text, const DecodeBounds& bounds) {
  // Deeper than decode allows: a request refused for its depth still has a caller. 8 bytes of state
  // a level.
  constexpr std::size_t kPeekDepth = 1'000'000;
  RequestIdentity identity;
  if (text.size() > static_cast<std::size_t>(bounds.max_request.count)) return identity;
  IdentitySink sink(identity, identity.metadata_json);
  if (json::read_json(text, kPeekDepth, sink)) return {};
  return identity;
}

}  // namespace farm
