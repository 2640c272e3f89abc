#include "producer/gateway/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

constexpr double kLargestExact = 9007199254740992.0;  // 2^53

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<double> spelled_number(std::string_view spelled) {
  spelled = trimmed(spelled);
  double value = 0;
  const char* const end = spelled.data() + spelled.size();
  const auto read = std::from_chars(spelled.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_null(const Value* value) {
  return value == nullptr || std::holds_alternative<Value::None>(value->data);
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += "'" + std::string(word) + "'";
  }
  return out;
}

}  // namespace

Reply validation_reply(const std::vector<Problem>& problems) {
  ValueList details;
  for (const Problem& problem : problems) {
    ValueList where;
    for (const std::string& part : problem.where) where.push_back(text(part));
    Object detail;
    detail.set("type", text(problem.type));
    detail.set("loc", Value{Value::List{std::move(where)}});
    detail.set("msg", text(problem.message));
    details.push_back(detail.take());
  }
  Object body;
  body.set("detail", Value{Value::List{std::move(details)}});
  Reply reply = json_reply(body.take());
  reply.status = 422;
  return reply;
}

std::optional<double> as_number(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data))
    return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value.data)) return *number;
  if (const auto* big = std::get_if<BigInt>(&value.data)) return spelled_number(big->digits);
  if (const auto* spelled = std::get_if<std::string>(&value.data)) return spelled_number(*spelled);
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? 1 : 0;
  return std::nullopt;
}

Fields::Fields(const Value& object, std::vector<std::string> where, std::vector<Problem>& problems)
    : object_(object), where_(std::move(where)), problems_(problems) {
  if (!std::holds_alternative<Value::Dict>(object.data)) {
    problems_.push_back({"model_attributes_type", where_, "Input should be a valid dictionary"});
  }
}

const Value* Fields::find(std::string_view name) const { return find_member(object_, name); }

void Fields::note(std::string_view name, std::string_view type, std::string_view message) {
  // Of what is no object at all, that was said.
  if (!std::holds_alternative<Value::Dict>(object_.data)) return;
  std::vector<std::string> where = where_;
  where.emplace_back(name);
  problems_.push_back({std::string(type), std::move(where), std::string(message)});
}

std::string Fields::required_text(std::string_view name) {
  if (find(name) == nullptr) {
    note(name, "missing", "Field required");
    return {};
  }
  return text_or(name, "");
}

std::string Fields::text_or(std::string_view name, std::string_view otherwise) {
  const Value* value = find(name);
  if (value == nullptr) return std::string(otherwise);
  if (const auto* string = std::get_if<std::string>(&value->data)) return *string;
  note(name, "string_type", "Input should be a valid string");
  return std::string(otherwise);
}

std::optional<std::string> Fields::nullable_text(std::string_view name) {
  if (is_null(find(name))) return std::nullopt;
  return text_or(name, "");
}

std::string Fields::required_word(std::string_view name,
                                  const std::vector<std::string_view>& words) {
  if (find(name) == nullptr) {
    note(name, "missing", "Field required");
    return {};
  }
  const auto* word = std::get_if<std::string>(&find(name)->data);
  if (word != nullptr && std::find(words.begin(), words.end(), *word) != words.end()) return *word;
  note(name, "enum", "Input should be one of " + listed(words));
  return {};
}

std::optional<std::string> Fields::nullable_word(std::string_view name,
                                                 const std::vector<std::string_view>& words) {
  if (is_null(find(name))) return std::nullopt;
  return required_word(name, words);
}

double Fields::number_or(std::string_view name, double otherwise) {
  const Value* value = find(name);
  if (value == nullptr) return otherwise;
  if (const auto number = as_number(*value)) return *number;
  note(name, "float_type", "Input should be a valid number");
  return otherwise;
}

std::optional<double> Fields::nullable_number(std::string_view name) {
  if (is_null(find(name))) return std::nullopt;
  return number_or(name, 0);
}

std::int64_t Fields::integer_or(std::string_view name, std::int64_t otherwise) {
  const Value* value = find(name);
  if (value == nullptr) return otherwise;
  const auto number = as_number(*value);
  if (number && std::floor(*number) == *number && std::abs(*number) <= kLargestExact)
    return static_cast<std::int64_t>(*number);
  note(name, "int_type", "Input should be a valid integer");
  return otherwise;
}

std::vector<std::string> Fields::texts(std::string_view name) {
  std::vector<std::string> out;
  const Value* value = find(name);
  if (value == nullptr) return out;
  const auto* list = std::get_if<Value::List>(&value->data);
  if (list == nullptr) {
    note(name, "list_type", "Input should be a valid list");
    return out;
  }
  for (const Value& item : list->items) {
    const auto* string = std::get_if<std::string>(&item.data);
    if (string == nullptr) {
      note(name, "string_type", "Input should be a list of strings");
      return {};
    }
    out.push_back(*string);
  }
  return out;
}

}  // namespace farm::gateway
