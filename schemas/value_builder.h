// ValueBuilder: JSON events with tags → Value. A sink of json_reader.h; a rapidjson::Value can be
// replayed into it as well. Bounded in depth and count, because the events may come from inside a
// sandbox. Internal to schemas/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/value.h"

namespace farm::json {

class ValueBuilder {
 public:
  explicit ValueBuilder(const ValueLimits& limits);

  bool Null() { return push(Value{}); }
  bool Bool(bool b) { return push(Value{b}); }
  bool Int(int i) { return Int64(i); }
  bool Uint(unsigned u) { return Int64(static_cast<std::int64_t>(u)); }
  bool Int64(std::int64_t i) { return push(Value{i}); }
  bool Uint64(std::uint64_t u);
  bool Double(double d) { return push(Value{d}); }
  bool BigInteger(std::string_view digits);
  bool RawNumber(const char* digits, std::uint32_t length, bool copy);
  bool String(const char* text, std::uint32_t length, bool copy);
  bool Key(const char* text, std::uint32_t length, bool copy);
  bool StartObject() { return open(true); }
  bool EndObject(std::uint32_t count);
  bool StartArray() { return open(false); }
  bool EndArray(std::uint32_t count);

  // After a complete text: the value. After a method returned false: pointer() and rule() say where
  // and why.
  Value take();
  std::string pointer() const;  // below the value; empty for the value itself
  const std::string& rule() const { return rule_; }

 private:
  struct Frame {
    bool object;
    std::size_t first_value;  // index into values_ of its first child
    std::size_t first_key;    // index into keys_
    std::size_t height;       // nesting of values below it
  };

  bool fail(std::string rule);
  bool push(Value value);
  bool open(bool object);
  bool close(Value value, std::size_t height);
  bool close_tagged(const std::string& tag);
  bool close_dict(std::uint32_t count);
  ValueList pop_values(std::size_t first);

  ValueLimits limits_;
  std::vector<Value> values_;      // finished children of the open containers
  std::vector<std::string> keys_;  // of the open objects
  std::vector<Frame> frames_;
  std::size_t events_ = 0;  // JSON values seen; an upper bound of the values built
  std::size_t nodes_ = 0;   // values built
  std::string rule_;
};

}  // namespace farm::json
