#include "schemas/plain_json.h"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "schemas/base64.h"
#include "schemas/json.h"
#include "schemas/json_reader.h"

namespace farm {
namespace {

// A sink of json_reader.h.
class Builder {
 public:
  explicit Builder(std::size_t max_nodes) : max_nodes_(max_nodes) {}

  bool Null() { return push({}); }
  bool Bool(bool b) { return push(Value{b}); }
  bool Int64(std::int64_t i) { return push(Value{i}); }
  bool Double(double d) { return push(Value{d}); }
  bool BigInteger(std::string_view digits) { return push(Value{BigInt{std::string(digits)}}); }
  bool String(const char* text, std::uint32_t length, bool) {
    return push(Value{std::string(text, length)});
  }
  bool Key(const char* text, std::uint32_t length, bool) {
    keys_.emplace_back(text, length);
    return true;
  }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }
  bool EndArray(std::uint32_t) { return push(Value{Value::List{pop()}}); }
  bool EndObject(std::uint32_t count) {
    ValueList values = pop();
    const std::size_t first_key = keys_.size() - count;
    ValuePairs pairs;
    pairs.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      pairs.emplace_back(Value{std::move(keys_[first_key + i])}, std::move(values[i]));
    }
    keys_.resize(first_key);
    return push(Value{Value::Dict{std::move(pairs)}});
  }

  bool full() const { return nodes_ > max_nodes_; }
  Value take() { return std::move(values_.front()); }

 private:
  bool push(Value value) {
    values_.push_back(std::move(value));
    return ++nodes_ <= max_nodes_;
  }
  bool open() {
    open_.push_back(values_.size());
    return true;
  }
  ValueList pop() {
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(open_.back());
    ValueList items(std::make_move_iterator(begin), std::make_move_iterator(values_.end()));
    values_.erase(begin, values_.end());
    open_.pop_back();
    return items;
  }

  const std::size_t max_nodes_;
  std::vector<Value> values_;      // finished children of the open containers
  std::vector<std::string> keys_;  // of the open objects
  std::vector<std::size_t> open_;  // where the children of each open container begin
  std::size_t nodes_ = 0;
};

void write_plain(json::Writer& writer, const Value& value);

void write_items(json::Writer& writer, const ValueList& items) {
  writer.StartArray();
  for (const Value& item : items) write_plain(writer, item);
  writer.EndArray();
}

struct PlainWriter {
  json::Writer& writer;

  void operator()(const Value::None&) const { writer.Null(); }
  void operator()(bool b) const { writer.Bool(b); }
  void operator()(std::int64_t i) const { writer.Int64(i); }
  void operator()(const BigInt& i) const { json::write_raw(writer, i.digits); }
  void operator()(double d) const {
    if (std::isfinite(d)) {
      json::write(writer, d);
    } else {
      writer.Null();
    }
  }
  void operator()(const std::string& s) const { json::write(writer, std::string_view(s)); }
  void operator()(const Value::Bytes& b) const {
    json::write(writer, std::string_view(base64_encode(b.data)));
  }
  void operator()(const Value::List& list) const { write_items(writer, list.items); }
  void operator()(const Value::Tuple& tuple) const { write_items(writer, tuple.items); }
  void operator()(const Value::Set& set) const { write_items(writer, set.items); }
  void operator()(const Value::Dict& dict) const {
    writer.StartObject();
    for (const auto& [key, member] : dict.items) {
      const auto* name = std::get_if<std::string>(&key.data);
      json::write_key(writer, name != nullptr ? std::string_view(*name) : std::string_view());
      write_plain(writer, member);
    }
    writer.EndObject();
  }
  void operator()(const Value::Opaque&) const { writer.Null(); }
};

void write_plain(json::Writer& writer, const Value& value) {
  std::visit(PlainWriter{writer}, value.data);
}

}  // namespace

Expected<Value> decode_plain_json(std::string_view text, const ValueLimits& limits) {
  Builder builder(limits.max_nodes);
  const auto failure = json::read_json(text, limits.max_depth, builder);
  if (!failure) return builder.take();
  if (builder.full()) {
    return invalid_request("more than " + std::to_string(limits.max_nodes) + " values");
  }
  return invalid_request("not JSON: " + failure->rule + " at byte " +
                         std::to_string(failure->byte));
}

std::string encode_plain_json(const Value& value) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  write_plain(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

const Value* find_member(const Value& value, std::string_view name) {
  const auto* dict = std::get_if<Value::Dict>(&value.data);
  if (dict == nullptr) return nullptr;
  for (auto at = dict->items.rbegin(); at != dict->items.rend(); ++at) {
    const auto* key = std::get_if<std::string>(&at->first.data);
    if (key != nullptr && *key == name) return &at->second;
  }
  return nullptr;
}

}  // namespace farm
