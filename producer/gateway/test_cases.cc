#include "producer/gateway/test_cases.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "producer/gateway/message.h"
#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

constexpr std::size_t kLongText = 1000;
constexpr std::size_t kKeptText = 498;

const Value* find_not_null(const Value& object, std::string_view name) {
  const Value* value = find_member(object, name);
  return value != nullptr && !std::holds_alternative<Value::None>(value->data) ? value : nullptr;
}

const std::string* find_text(const Value& object, std::string_view name) {
  const Value* value = find_member(object, name);
  return value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
}

bool is_true(const Value& object, std::string_view name) {
  const Value* value = find_member(object, name);
  const auto* truth = value == nullptr ? nullptr : std::get_if<bool>(&value->data);
  return truth != nullptr && *truth;
}

// A case before it is known what kind it is.
struct Row {
  Value input;
  Value output;
  bool json_input = false;
};

enum class Mode { kStdio, kCall, kAssert };

// By `type`; where there is none, by whether a function is named.
Mode mode_of(const Value& described) {
  const std::string* type = find_text(described, "type");
  if (type == nullptr)
    return find_not_null(described, "fn_name") != nullptr ? Mode::kCall : Mode::kStdio;
  if (*type == "stdin_stdout") return Mode::kStdio;
  return *type == "assert" ? Mode::kAssert : Mode::kCall;
}

Expected<std::string> stream_of(const Value& value, std::string_view member) {
  const Value* inner = find_member(value, member);
  const Value& found = inner != nullptr ? *inner : value;
  if (const auto* string = std::get_if<std::string>(&found.data)) return *string;
  return invalid_request("test_cases: " + std::string(member) + " of a case is no string");
}

Expected<TestCases> stdio_cases(const std::vector<Row>& rows) {
  std::vector<StdinStdout::Case> cases;
  TestCases out;
  for (const Row& row : rows) {
    FARM_TRY(std::string in, stream_of(row.input, "stdin"));
    FARM_TRY(std::string expected, stream_of(row.output, "stdout"));
    Object input;
    Object output;
    Object info;
    input.set("stdin", text(in));
    output.set("stdout", text(expected));
    info.set("input", input.take());
    info.set("output", output.take());
    out.infos.push_back(info.take());
    cases.push_back({std::move(in), std::move(expected)});
  }
  out.cases = std::move(cases);
  return out;
}

// LiveCodeBench's form: one JSON text a line is one argument, and the output is JSON too. What is
// no JSON stays as it is.
void read_json_texts(Row& row) {
  const auto* input = std::get_if<std::string>(&row.input.data);
  if (input == nullptr) return;
  ValueList arguments;
  for (std::string_view rest = *input;;) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto argument = decode_plain_json(rest.substr(0, end));
    if (!argument) return;
    arguments.push_back(*std::move(argument));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  row.input = Value{Value::List{std::move(arguments)}};
  const auto* output = std::get_if<std::string>(&row.output.data);
  if (output == nullptr) return;
  auto expected = decode_plain_json(*output);
  if (expected) row.output = Value{Value::List{{*std::move(expected)}}};
}

Expected<TestCases> call_cases(const Value& described, std::vector<Row> rows, CaseForm form) {
  const std::string* fn_name = find_text(described, "fn_name");
  if (fn_name == nullptr || fn_name->empty())
    return invalid_request("test_cases: a function_call needs fn_name");
  CallCases calls;
  calls.fn_name = *fn_name;
  TestCases out;
  for (Row& row : rows) {
    if (row.json_input) read_json_texts(row);
    const auto* arguments = std::get_if<Value::List>(&row.input.data);
    if (arguments == nullptr)
      return invalid_request("test_cases: the input of a function_call is a list of arguments");
    FunctionCall::Case one;
    one.args = arguments->items;
    // The expected value is the first of a list; one that stands alone is taken as it is.
    const auto* outputs = std::get_if<Value::List>(&row.output.data);
    if (outputs != nullptr && outputs->items.empty())
      return invalid_request("test_cases: the output of a function_call is an empty list");
    one.expected = outputs != nullptr ? outputs->items.front() : row.output;
    calls.cases.push_back(std::move(one));
    Object info;
    if (form == CaseForm::kColumns || find_member(described, "type") != nullptr)
      info.set("type", text("function_call"));
    info.set("fn_name", text(*fn_name));
    info.set("input", std::move(row.input));
    info.set("output", std::move(row.output));
    out.infos.push_back(info.take());
  }
  out.cases = std::move(calls);
  return out;
}

Expected<TestCases> assert_case(const Value& described) {
  AssertCase out;
  const std::string* tests = find_text(described, "test");
  if (tests == nullptr) tests = find_text(described, "tests");
  if (tests == nullptr || tests->find_first_not_of(" \t\r\n") == std::string::npos)
    return invalid_request("test_cases: an assert needs test (python) or tests");
  out.tests = *tests;
  if (const std::string* entry = find_text(described, "entry_point")) out.entry_point = *entry;
  if (const Value* tokens = find_not_null(described, "stop_tokens")) {
    const auto* list = std::get_if<Value::List>(&tokens->data);
    if (list == nullptr) return invalid_request("test_cases: stop_tokens is no list");
    for (const Value& token : list->items) {
      if (const auto* string = std::get_if<std::string>(&token.data))
        out.stop_tokens.push_back(*string);
    }
  }
  return TestCases{std::move(out), {}};
}

Expected<std::vector<Row>> rows_of_columns(const Value& columns) {
  const Value* input = find_member(columns, "input");
  const Value* output = find_member(columns, "output");
  const auto* inputs = input == nullptr ? nullptr : std::get_if<Value::List>(&input->data);
  const auto* outputs = output == nullptr ? nullptr : std::get_if<Value::List>(&output->data);
  if (inputs == nullptr || outputs == nullptr)
    return invalid_request("test_cases: input and output are lists");
  if (outputs->items.size() < inputs->items.size()) {
    return invalid_request("test_cases: " + std::to_string(inputs->items.size()) +
                           " inputs and only " + std::to_string(outputs->items.size()) +
                           " outputs");
  }
  std::vector<Row> rows;
  rows.reserve(inputs->items.size());
  const bool json_input = is_true(columns, "json_input");
  for (std::size_t i = 0; i < inputs->items.size(); ++i)
    rows.push_back({inputs->items[i], outputs->items[i], json_input});
  return rows;
}

// Whether one evaluation of the farm, which calls one function, can have both.
bool are_alike(const Value& row, const Value& other) {
  if (mode_of(row) != mode_of(other)) return false;
  if (mode_of(row) == Mode::kStdio) return true;
  const std::string* name = find_text(row, "fn_name");
  const std::string* other_name = find_text(other, "fn_name");
  if (name == nullptr || other_name == nullptr) return name == other_name;
  return *name == *other_name;
}

Expected<std::vector<Row>> rows_of_list(const Value::List& list) {
  std::vector<Row> rows;
  for (const Value& item : list.items) {
    if (!are_alike(item, list.items.front()))
      return invalid_request("test_cases: case " + std::to_string(rows.size() + 1) +
                             " has another type or fn_name than the first: send them apart");
    const Value* input = find_member(item, "input");
    const Value* output = find_member(item, "output");
    if (input == nullptr || output == nullptr)
      return invalid_request("test_cases: a case has an input and an output");
    rows.push_back({*input, *output, is_true(item, "json_input")});
  }
  return rows;
}

Expected<TestCases> of_rows(const Value& described, std::vector<Row> rows, CaseForm form) {
  if (rows.empty()) return invalid_request("test_cases: no case, and no test is never a pass");
  if (mode_of(described) == Mode::kStdio) return stdio_cases(rows);
  return call_cases(described, std::move(rows), form);
}

// The end of the UTF-8 character that begins at `at`.
std::size_t next_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  return at;
}

std::string shortened_text(std::string_view whole) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < whole.size(); at = next_character(whole, at)) ++characters;
  if (characters <= kLongText) return std::string(whole);
  std::size_t head_end = 0;
  for (std::size_t i = 0; i < kKeptText; ++i) head_end = next_character(whole, head_end);
  std::size_t tail_begin = head_end;
  for (std::size_t i = kKeptText; i + kKeptText < characters; ++i)
    tail_begin = next_character(whole, tail_begin);
  return std::string(whole.substr(0, head_end)) + "..." + std::string(whole.substr(tail_begin));
}

}  // namespace

Expected<TestCases> read_test_cases(const Value& provided_data, CaseForm form) {
  const Value* described = find_member(provided_data, "test_cases");
  if (form == CaseForm::kColumns) {
    if (described == nullptr) return invalid_request("provided_data has no test_cases");
    if (mode_of(*described) == Mode::kAssert) return assert_case(*described);
    FARM_TRY(std::vector<Row> rows, rows_of_columns(*described));
    return of_rows(*described, std::move(rows), form);
  }
  if (described == nullptr) described = find_member(provided_data, "test");
  const auto* list = described == nullptr ? nullptr : std::get_if<Value::List>(&described->data);
  if (list == nullptr)
    return invalid_request("provided_data has neither a list test_cases nor a list test");
  FARM_TRY(std::vector<Row> rows, rows_of_list(*list));
  const Value empty;
  return of_rows(list->items.empty() ? empty : list->items.front(), std::move(rows), form);
}

Value shortened(Value test_info) {
  auto* members = std::get_if<Value::Dict>(&test_info.data);
  if (members == nullptr) return test_info;
  for (auto& [name, member] : members->items) {
    if (auto* string = std::get_if<std::string>(&member.data)) {
      *string = shortened_text(*string);
    } else {
      member = shortened(std::move(member));
    }
  }
  return test_info;
}

}  // namespace farm::gateway
