#include "schemas/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "schemas/base64.h"
#include "schemas/json.h"
#include "schemas/json_reader.h"
#include "schemas/text.h"
#include "schemas/value_builder.h"
#include "schemas/value_json.h"

namespace farm {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;  // clang-tidy 14 does not deduce it

// The integer of a decimal string: an optional sign and at least one digit. Beyond 64 bits it stays
// a string, without leading zeros.
std::optional<Value> integer_value(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const std::string canonical = (negative ? "-" : "") + std::string(digits);
  std::int64_t number = 0;
  const char* const end = canonical.data() + canonical.size();
  if (std::from_chars(canonical.data(), end, number).ec == std::errc()) return Value{number};
  return Value{BigInt{canonical}};
}

std::optional<double> named_float(std::string_view name) {
  if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (name == "inf") return std::numeric_limits<double>::infinity();
  if (name == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

template <typename Names>
bool has_duplicate(const Names& first, const Names& last) {
  constexpr std::ptrdiff_t kFewEnoughToCompareAll = 24;
  if (last - first <= kFewEnoughToCompareAll) {
    for (auto a = first; a != last; ++a) {
      if (std::find(first, a, *a) != a) return true;
    }
    return false;
  }
  std::vector<std::string_view> names(first, last);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// Whether a dict can be written as a plain JSON object: distinct string keys that no reader can
// take for a tag.
bool is_plain(const Value::Dict& dict) {
  std::vector<std::string_view> names;
  names.reserve(dict.items.size());
  for (const auto& [key, value] : dict.items) {
    const auto* name = std::get_if<std::string>(&key.data);
    if (name == nullptr || name->starts_with('$') || !is_utf8(*name)) return false;
    names.push_back(*name);
  }
  return !has_duplicate(names.cbegin(), names.cend());
}

void write_tagged(json::Writer& writer, std::string_view tag, std::string_view text) {
  writer.StartObject();
  json::write_key(writer, tag);
  json::write(writer, text);
  writer.EndObject();
}

void write_list(json::Writer& writer, const ValueList& items) {
  writer.StartArray();
  for (const Value& item : items) json::write_value(writer, item);
  writer.EndArray();
}

void write_tagged(json::Writer& writer, std::string_view tag, const ValueList& items) {
  writer.StartObject();
  json::write_key(writer, tag);
  write_list(writer, items);
  writer.EndObject();
}

void write_dict(json::Writer& writer, const Value::Dict& dict) {
  writer.StartObject();
  if (is_plain(dict)) {
    for (const auto& [key, value] : dict.items) {
      json::write_key(writer, std::get<std::string>(key.data));
      json::write_value(writer, value);
    }
  } else {
    json::write_key(writer, "$dict");
    writer.StartArray();
    for (const auto& [key, value] : dict.items) {
      writer.StartArray();
      json::write_value(writer, key);
      json::write_value(writer, value);
      writer.EndArray();
    }
    writer.EndArray();
  }
  writer.EndObject();
}

}  // namespace

namespace json {

ValueBuilder::ValueBuilder(const ValueLimits& limits) : limits_(limits) {}

bool ValueBuilder::fail(std::string rule) {
  rule_ = std::move(rule);
  return false;
}

bool ValueBuilder::push(Value value) {
  // Until a dict is complete each of its pairs counts as a list, and a tag's payload as a value:
  // five JSON values for two values at most.
  ++events_;
  ++nodes_;
  const std::size_t allowance = frames_.empty() ? 0 : limits_.max_nodes / 2 + 2;
  if (nodes_ > limits_.max_nodes + allowance || events_ > 3 * limits_.max_nodes + 3) {
    return fail("more than " + std::to_string(limits_.max_nodes) + " values");
  }
  values_.push_back(std::move(value));
  return true;
}

bool ValueBuilder::Uint64(std::uint64_t u) {
  if (u <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Int64(static_cast<std::int64_t>(u));
  }
  return push(Value{BigInt{std::to_string(u)}});
}

bool ValueBuilder::BigInteger(std::string_view digits) {
  std::optional<Value> value = integer_value(digits);
  return value ? push(*std::move(value)) : fail("not an integer");
}

bool ValueBuilder::RawNumber(const char* digits, std::uint32_t length, bool) {
  return BigInteger({digits, length});
}

bool ValueBuilder::String(const char* text, std::uint32_t length, bool) {
  return push(Value{std::string(text, length)});
}

bool ValueBuilder::Key(const char* text, std::uint32_t length, bool) {
  keys_.emplace_back(text, length);
  return true;
}

bool ValueBuilder::open(bool object) {
  // Three JSON levels for a dict in its tagged form, the most for one level of values.
  if (frames_.size() >= 3 * limits_.max_depth + 3) {
    return fail("nested more than " + std::to_string(limits_.max_depth) + " deep");
  }
  frames_.push_back({object, values_.size(), keys_.size(), 0});
  return true;
}

ValueList ValueBuilder::pop_values(std::size_t first) {
  const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(first);
  ValueList items(std::make_move_iterator(begin), std::make_move_iterator(values_.end()));
  values_.erase(begin, values_.end());
  return items;
}

// Ends the innermost container, whose children have been taken from values_.
bool ValueBuilder::close(Value value, std::size_t height) {
  keys_.resize(frames_.back().first_key);
  // The pairs of a dict are in two lists, which count as one level once its tag is resolved.
  const bool pairs =
      frames_.size() > 1 && frames_[frames_.size() - 2].object && keys_.back() == "$dict";
  if (height > limits_.max_depth + (pairs ? 1 : 0)) {
    return fail("nested more than " + std::to_string(limits_.max_depth) + " deep");
  }
  frames_.pop_back();
  if (!frames_.empty()) frames_.back().height = std::max(frames_.back().height, height);
  return push(std::move(value));
}

bool ValueBuilder::EndArray(std::uint32_t) {
  const Frame& frame = frames_.back();
  return close(Value{Value::List{pop_values(frame.first_value)}}, frame.height + 1);
}

bool ValueBuilder::EndObject(std::uint32_t count) {
  const Frame& frame = frames_.back();
  if (count == 1 && keys_.back().starts_with('$')) {
    const std::string tag = keys_.back();
    return close_tagged(tag);
  }
  return close_dict(static_cast<std::uint32_t>(values_.size() - frame.first_value));
}

bool ValueBuilder::close_dict(std::uint32_t count) {
  const Frame& frame = frames_.back();
  const auto first_key = keys_.begin() + static_cast<std::ptrdiff_t>(frame.first_key);
  for (auto key = first_key; key != keys_.end(); ++key) {
    if (key->starts_with('$'))
      return fail("a tag must be the only member; write this dict as \"$dict\"");
  }
  if (has_duplicate(std::vector<std::string>::const_iterator(first_key), keys_.cend())) {
    return fail("the same member more than once");
  }
  ValuePairs pairs;
  pairs.reserve(count);
  nodes_ += count;
  for (std::size_t i = 0; i < count; ++i) {
    pairs.emplace_back(Value{std::move(keys_[frame.first_key + i])},
                       std::move(values_[frame.first_value + i]));
  }
  values_.resize(frame.first_value);
  return close(Value{Value::Dict{std::move(pairs)}}, frame.height + 1);
}

bool ValueBuilder::close_tagged(const std::string& tag) {
  const std::size_t height = frames_.back().height;
  Value payload = std::move(values_.back());
  values_.pop_back();
  --nodes_;

  if (tag == "$tuple" || tag == "$set" || tag == "$dict") {
    auto* list = std::get_if<Value::List>(&payload.data);
    if (list == nullptr) return fail(tag + " takes an array");
    if (tag == "$tuple") return close(Value{Value::Tuple{std::move(list->items)}}, height);
    if (tag == "$set") return close(Value{Value::Set{std::move(list->items)}}, height);
    ValuePairs pairs;
    pairs.reserve(list->items.size());
    for (Value& item : list->items) {
      auto* pair = std::get_if<Value::List>(&item.data);
      if (pair == nullptr || pair->items.size() != 2) return fail("$dict takes an array of pairs");
      pairs.emplace_back(std::move(pair->items[0]), std::move(pair->items[1]));
    }
    nodes_ -= pairs.size();
    // The payload is a list of pairs: two levels of JSON for one of values.
    const std::size_t dict_height = pairs.empty() ? height : height - 1;
    return close(Value{Value::Dict{std::move(pairs)}}, dict_height);
  }

  const auto* text = std::get_if<std::string>(&payload.data);
  if (tag != "$int" && tag != "$float" && tag != "$bytes" && tag != "$str" && tag != "$type") {
    return fail("unknown tag " + show(tag) +
                "; known: $tuple, $set, $dict, $bytes, $str, $int, $float, $type");
  }
  if (text == nullptr) return fail(tag + " takes a string");
  if (tag == "$type") return close(Value{Value::Opaque{*text}}, 0);
  if (tag == "$int") {
    std::optional<Value> value = integer_value(*text);
    return value ? close(*std::move(value), 0)
                 : fail("$int takes decimal digits, got " + show(*text));
  }
  if (tag == "$float") {
    const std::optional<double> value = named_float(*text);
    return value ? close(Value{*value}, 0)
                 : fail("$float takes nan, inf or -inf, got " + show(*text));
  }
  std::optional<std::string> bytes = base64_decode(*text);
  if (!bytes) return fail(tag + " takes base64 with padding, got " + show(*text));
  if (tag == "$str") return close(Value{*std::move(bytes)}, 0);
  return close(Value{Value::Bytes{*std::move(bytes)}}, 0);
}

Value ValueBuilder::take() {
  FARM_ASSERT(frames_.empty() && values_.size() == 1);
  Value value = std::move(values_.front());
  values_.clear();
  return value;
}

std::string ValueBuilder::pointer() const {
  std::string text;
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    const Frame& frame = frames_[i];
    const Frame& next = frames_[i + 1];
    const Path root;
    if (frame.object) {
      text.append(Path(root, keys_[next.first_key - 1]).pointer());
    } else {
      text.append(Path(root, next.first_value - frame.first_value).pointer());
    }
  }
  return text;
}

Expected<Value> value_of(const Node& node, const Path& where, const ValueLimits& limits) {
  ValueBuilder builder(limits);
  if (node.Accept(builder)) return builder.take();
  return violation(where.pointer() + builder.pointer(), builder.rule());
}

void write_value(Writer& writer, const Value& value) {
  std::visit(
      Overloaded{
          [&](const Value::None&) { writer.Null(); },
          [&](bool b) { writer.Bool(b); },
          [&](std::int64_t i) { writer.Int64(i); },
          [&](const BigInt& i) { write_tagged(writer, "$int", i.digits); },
          [&](double d) {
            if (std::isfinite(d)) {
              write(writer, d);
            } else {
              write_tagged(writer, "$float", std::isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
            }
          },
          [&](const std::string& s) {
            if (is_utf8(s)) {
              write(writer, s);
            } else {
              write_tagged(writer, "$str", base64_encode(s));
            }
          },
          [&](const Value::Bytes& b) { write_tagged(writer, "$bytes", base64_encode(b.data)); },
          [&](const Value::List& l) { write_list(writer, l.items); },
          [&](const Value::Tuple& t) { write_tagged(writer, "$tuple", t.items); },
          [&](const Value::Set& s) { write_tagged(writer, "$set", s.items); },
          [&](const Value::Dict& d) { write_dict(writer, d); },
          [&](const Value::Opaque& o) { write_tagged(writer, "$type", o.type_name); },
      },
      value.data);
}

}  // namespace json

Expected<Value> decode_value(std::string_view text, const ValueLimits& limits) {
  json::ValueBuilder builder(limits);
  const auto failure = json::read_json(text, 3 * limits.max_depth + 4, builder);
  if (!failure) return builder.take();
  if (failure->rule.empty()) {
    const std::string pointer = builder.pointer();
    return json::violation(pointer.empty() ? "/" : pointer, builder.rule());
  }
  return json::violation(
      "/", "not JSON: " + failure->rule + " at byte " + std::to_string(failure->byte));
}

std::string encode_value(const Value& value) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  json::write_value(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace farm
