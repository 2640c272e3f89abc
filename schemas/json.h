// The door to RapidJSON: documents, schema validation with messages that a caller can act on, and
// writing. Internal to schemas/; the headers of the types (request.h, result.h, …) do not include
// it.
#pragma once

#include "schemas/expected.h"

// RapidJSON's own assertions would vanish with NDEBUG and leave undefined behaviour.
#define RAPIDJSON_ASSERT(condition) FARM_ASSERT(condition)

#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace farm::json {

using Node = rapidjson::Value;
using Buffer = rapidjson::StringBuffer;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// A place in a message, kept as a chain on the stack and spelled as a JSON pointer (RFC 6901) only
// when something is wrong there. The parent must outlive it.
class Path {
 public:
  Path() = default;  // the whole message, written "/" for want of a visible spelling
  Path(const Path& parent, std::string_view member) : parent_(&parent), member_(member) {}
  Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

  std::string pointer() const;

 private:
  void append_to(std::string& text) const;

  const Path* parent_ = nullptr;
  std::string_view member_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

// kInvalidRequest: "<pointer>: <rule>", the form of every rejection.
Error violation(const Path& where, std::string_view rule);
Error violation(std::string_view pointer, std::string_view rule);
// A value for a message: short, on one line, valid UTF-8.
std::string show(const Node& value);
std::string show(std::string_view string);

// A parsed message. Integers beyond 64 bits appear in it as {"$int":"digits"}, their form in the
// value codec.
struct Message {
  rapidjson::Document document;
  std::string metadata =
      "{}";  // top-level member `metadata`, compact; in `document` its members are left out
};

// Errors: kInvalidRequest, not JSON in the sense of json_reader.h.
Expected<Message> read_message(std::string_view text, std::size_t max_depth);

// The text without insignificant white space, every number's digits kept; nullopt if it is not one
// JSON object.
std::optional<std::string> compact_object(std::string_view text);

// The members of one JSON object, each as compact text with its numbers as they were spelled;
// nullopt if the text is not one JSON object. Of a name given twice the last one counts.
using MemberTexts = std::map<std::string, std::string, std::less<>>;
std::optional<MemberTexts> member_texts(std::string_view text);

// Refuses a second member of the same name, at any depth: which of the two counts would depend on
// the reader.
Expected<Done> refuse_duplicates(const Node& value, const Path& where);
// The name that two members of `object` share; empty if there is none. Not a promise about which,
// if there are several.
std::string_view duplicate_name(const Node& object);

// A compiled JSON Schema (draft-04). Immutable and thread-safe: `pattern` must not occur in it,
// because RapidJSON 1.1 matches regular expressions in mutable state of the schema.
class Schema {
 public:
  explicit Schema(rapidjson::Document source);

  // Errors: kInvalidRequest naming pointer, rule and value of the first violation.
  Expected<Done> check(const Node& value) const;

 private:
  Error explain(const rapidjson::SchemaValidator& validator, const Node& value) const;

  rapidjson::Document source_;
  rapidjson::SchemaDocument compiled_;
};

// The document of an embedded schema file, by file name. Aborts if it is not embedded or not JSON:
// a bug of ours.
rapidjson::Document schema_source(std::string_view file_name);
// Removes, at any depth, what `check` must not or need not see: `pattern`, and the alternatives
// (oneOf, anyOf, allOf, not) whose violations C++ words better. Every rule removed here has its
// twin in a decode function.
void keep_enforced_rules(Node& schema);

// The member, or nullptr where it is absent or null.
const Node* find(const Node& object, std::string_view name);
inline std::string_view text_of(const Node& string) {
  return {string.GetString(), string.GetStringLength()};
}
inline Node::StringRefType as_ref(std::string_view text) {
  return Node::StringRefType(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// Writing. Strings that are not UTF-8 get U+FFFD; doubles the shortest digits that read back
// exactly.
void write(Writer& writer, std::string_view text);
void write_key(Writer& writer, std::string_view name);
void write(Writer& writer, double number);
void write_raw(Writer& writer, std::string_view json);
std::string double_text(double number);  // finite; always with '.' or 'e', so that it stays a float

}  // namespace farm::json
