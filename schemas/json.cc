#include "schemas/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "embedded/schemas.h"
#include "schemas/json_reader.h"
#include "schemas/text.h"

namespace farm::json {
namespace {

using rapidjson::SizeType;

void append_token(std::string& text, std::string_view token) {
  text.push_back('/');
  for (const char c : token) {
    if (c == '~') {
      text.append("~0");
    } else if (c == '/') {
      text.append("~1");
    } else {
      text.push_back(c);
    }
  }
}

// Copies JSON text to a writer, white space left out and numbers as they were spelled.
class Compactor {
 public:
  explicit Compactor(Writer& writer) : writer_(writer) {}
  bool takes_numbers_raw() const { return true; }
  bool RawNumber(std::string_view digits) {
    write_raw(writer_, digits);
    return true;
  }
  bool Null() { return writer_.Null(); }
  bool Bool(bool b) { return writer_.Bool(b); }
  // The reader calls these only while numbers are not taken raw.
  bool Int64(std::int64_t i) { return writer_.Int64(i); }
  bool Double(double d) { return RawNumber(double_text(d)); }
  bool BigInteger(std::string_view digits) { return RawNumber(digits); }
  bool String(const char* s, SizeType n, bool) { return writer_.String(s, n); }
  bool Key(const char* s, SizeType n, bool) { return writer_.Key(s, n); }
  bool StartObject() { return writer_.StartObject(); }
  bool EndObject(SizeType) { return writer_.EndObject(); }
  bool StartArray() { return writer_.StartArray(); }
  bool EndArray(SizeType) { return writer_.EndArray(); }

 private:
  Writer& writer_;
};

// Cuts an object into its members.
class MemberSplitter {
 public:
  bool takes_numbers_raw() const { return true; }
  bool RawNumber(std::string_view digits) { return compact_.RawNumber(digits) && ended(); }
  bool Null() { return compact_.Null() && ended(); }
  bool Bool(bool b) { return compact_.Bool(b) && ended(); }
  // The reader calls these only while numbers are not taken raw.
  bool Int64(std::int64_t i) { return compact_.Int64(i) && ended(); }
  bool Double(double d) { return compact_.Double(d) && ended(); }
  bool BigInteger(std::string_view digits) { return RawNumber(digits); }
  bool String(const char* s, SizeType n, bool copy) {
    return compact_.String(s, n, copy) && ended();
  }
  bool Key(const char* s, SizeType n, bool copy) {
    if (depth_ > 1) return compact_.Key(s, n, copy);
    name_.assign(s, n);
    buffer_.Clear();
    writer_.Reset(buffer_);
    return true;
  }
  bool StartObject() { return depth_++ == 0 || compact_.StartObject(); }
  bool EndObject(SizeType count) { return --depth_ == 0 || (compact_.EndObject(count) && ended()); }
  bool StartArray() {
    ++depth_;
    return compact_.StartArray();
  }
  bool EndArray(SizeType count) {
    --depth_;
    return compact_.EndArray(count) && ended();
  }

  MemberTexts take() { return std::move(members_); }

 private:
  bool ended() {
    if (depth_ == 1) members_[name_].assign(buffer_.GetString(), buffer_.GetSize());
    return true;
  }

  Buffer buffer_;
  Writer writer_{buffer_};
  Compactor compact_{writer_};
  std::string name_;
  MemberTexts members_;
  std::size_t depth_ = 0;
};

// Builds the document, and diverts the members of the top-level `metadata` into a compact copy: it
// is nobody's business but the trainer's, however large it is.
class MessageSink {
 public:
  explicit MessageSink(rapidjson::Document& document) : document_(document) {}

  bool takes_numbers_raw() const { return in_metadata_; }
  bool RawNumber(std::string_view digits) { return metadata_.RawNumber(digits); }
  bool Null() { return in_metadata_ ? metadata_.Null() : document_.Null(); }
  bool Bool(bool b) { return in_metadata_ ? metadata_.Bool(b) : document_.Bool(b); }
  bool Int64(std::int64_t i) { return document_.Int64(i); }
  bool Double(double d) { return document_.Double(d); }
  bool BigInteger(std::string_view digits) {
    return document_.StartObject() && document_.Key("$int", 4, true) &&
           document_.String(digits.data(), static_cast<SizeType>(digits.size()), true) &&
           document_.EndObject(1);
  }
  bool String(const char* s, SizeType n, bool copy) {
    return in_metadata_ ? metadata_.String(s, n, copy) : document_.String(s, n, copy);
  }
  bool Key(const char* s, SizeType n, bool copy) {
    if (in_metadata_) return metadata_.Key(s, n, copy);
    metadata_next_ = depth_ == 1 && std::string_view(s, n) == "metadata";
    return document_.Key(s, n, copy);
  }
  bool StartObject() {
    ++depth_;
    if (in_metadata_) return metadata_.StartObject();
    if (depth_ == 2 && metadata_next_) {
      in_metadata_ = true;
      buffer_.Clear();
      writer_.Reset(buffer_);
      metadata_.StartObject();
    }
    return document_.StartObject();
  }
  bool EndObject(SizeType count) {
    --depth_;
    if (!in_metadata_) return document_.EndObject(count);
    metadata_.EndObject(count);
    if (depth_ > 1) return true;
    in_metadata_ = false;
    return document_.EndObject(0);
  }
  bool StartArray() {
    ++depth_;
    return in_metadata_ ? metadata_.StartArray() : document_.StartArray();
  }
  bool EndArray(SizeType count) {
    --depth_;
    return in_metadata_ ? metadata_.EndArray(count) : document_.EndArray(count);
  }

  std::string metadata() const {
    return buffer_.GetSize() == 0 ? "{}" : std::string(buffer_.GetString(), buffer_.GetSize());
  }

 private:
  rapidjson::Document& document_;
  Buffer buffer_;
  Writer writer_{buffer_};
  Compactor metadata_{writer_};
  std::size_t depth_ = 0;
  bool metadata_next_ = false;
  bool in_metadata_ = false;
};

std::string joined(const Node& words) {
  if (!words.IsArray()) return words.IsString() ? std::string(text_of(words)) : show(words);
  std::string text;
  for (const Node& word : words.GetArray()) {
    if (!text.empty()) text.push_back('|');
    text.append(word.IsString() ? text_of(word) : show(word));
  }
  return text;
}

std::string member_names(const Node& properties) {
  std::string text;
  for (const auto& member : properties.GetObject()) {
    if (!text.empty()) text.append(", ");
    text.append(text_of(member.name));
  }
  return text;
}

}  // namespace

void Path::append_to(std::string& text) const {
  if (parent_ == nullptr) return;
  parent_->append_to(text);
  append_token(text, is_index_ ? std::to_string(index_) : std::string(member_));
}

std::string Path::pointer() const {
  std::string text;
  append_to(text);
  return text.empty() ? "/" : text;
}

Error violation(std::string_view pointer, std::string_view rule) {
  // Member names in it are the sender's: they must not make a message long or break its line.
  constexpr std::size_t kShown = 512;  // bytes
  std::string text;
  for (const char c : pointer.substr(0, kShown)) {
    text.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c);
  }
  text = to_utf8(text);  // the cut may have split a character
  if (pointer.size() > kShown) text.append("…");
  return invalid_request(text.append(": ").append(rule));
}
Error violation(const Path& where, std::string_view rule) {
  return violation(where.pointer(), rule);
}

std::string show(std::string_view string) {
  constexpr std::size_t kShown =
      64;  // bytes: enough to recognise a value, short enough for a log line
  const bool cut = string.size() > kShown;
  std::size_t length = cut ? kShown : string.size();
  while (cut && length > 0 && (static_cast<unsigned char>(string[length]) & 0xC0U) == 0x80)
    --length;
  Buffer buffer;
  Writer writer(buffer);
  write(writer, string.substr(0, length));
  std::string text(buffer.GetString(), buffer.GetSize());
  if (cut) text.append("… (").append(std::to_string(string.size())).append(" bytes)");
  return text;
}

std::string show(const Node& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
      return "false";
    case rapidjson::kTrueType:
      return "true";
    case rapidjson::kStringType:
      return show(text_of(value));
    case rapidjson::kNumberType:
      if (value.IsInt64()) return std::to_string(value.GetInt64());
      if (value.IsUint64()) return std::to_string(value.GetUint64());
      return double_text(value.GetDouble());
    case rapidjson::kArrayType:
      return value.Empty() ? "[]" : "an array of " + std::to_string(value.Size());
    case rapidjson::kObjectType:
      break;
  }
  if (value.MemberCount() == 1) {
    const Node* digits = find(value, "$int");
    if (digits != nullptr && digits->IsString()) return std::string(text_of(*digits).substr(0, 64));
  }
  return value.ObjectEmpty() ? "{}" : "an object";
}

Expected<Message> read_message(std::string_view text, std::size_t max_depth) {
  Message message;
  std::optional<ReadFailure> failure;
  MessageSink sink(message.document);
  const auto generate = [&](rapidjson::Document&) {
    failure = read_json(text, max_depth, sink);
    return !failure.has_value();
  };
  message.document.Populate(generate);
  if (failure) {
    return violation("/",
                     "not JSON: " + failure->rule + " at byte " + std::to_string(failure->byte));
  }
  message.metadata = sink.metadata();
  return message;
}

std::optional<std::string> compact_object(std::string_view text) {
  constexpr std::size_t kMaxDepth = 1024;  // above what any decode lets in
  Buffer buffer;
  Writer writer(buffer);
  Compactor compactor(writer);
  if (read_json(text, kMaxDepth, compactor)) return std::nullopt;
  if (buffer.GetString()[0] != '{') return std::nullopt;
  return std::string(buffer.GetString(), buffer.GetSize());
}

std::optional<MemberTexts> member_texts(std::string_view text) {
  constexpr std::size_t kMaxDepth = 1100;  // a message and the object around it
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return std::nullopt;
  MemberSplitter splitter;
  if (read_json(text, kMaxDepth, splitter)) return std::nullopt;
  return splitter.take();
}

std::string_view duplicate_name(const Node& object) {
  const SizeType count = object.MemberCount();
  if (count < 2) return {};
  constexpr SizeType kFewEnoughToCompareAll = 24;
  if (count <= kFewEnoughToCompareAll) {
    for (auto a = object.MemberBegin(); a != object.MemberEnd(); ++a) {
      for (auto b = object.MemberBegin(); b != a; ++b) {
        if (text_of(a->name) == text_of(b->name)) return text_of(a->name);
      }
    }
    return {};
  }
  std::vector<std::string_view> names;
  names.reserve(count);
  for (const auto& member : object.GetObject()) names.push_back(text_of(member.name));
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  return twin == names.end() ? std::string_view() : *twin;
}

Expected<Done> refuse_duplicates(const Node& value, const Path& where) {
  if (value.IsObject()) {
    const std::string_view name = duplicate_name(value);
    if (name.data() != nullptr) return violation(Path(where, name), "given more than once");
    for (const auto& member : value.GetObject()) {
      const Path inside(where, text_of(member.name));
      FARM_CHECK_OK(refuse_duplicates(member.value, inside));
    }
  } else if (value.IsArray()) {
    std::size_t index = 0;
    for (const Node& item : value.GetArray()) {
      const Path inside(where, index++);
      FARM_CHECK_OK(refuse_duplicates(item, inside));
    }
  }
  return Done{};
}

Schema::Schema(rapidjson::Document source) : source_(std::move(source)), compiled_(source_) {}

Expected<Done> Schema::check(const Node& value) const {
  rapidjson::SchemaValidator validator(compiled_);
  if (value.Accept(validator)) return Done{};
  return explain(validator, value);
}

Error Schema::explain(const rapidjson::SchemaValidator& validator, const Node& value) const {
  Buffer pointer_text;
  const rapidjson::Pointer where = validator.GetInvalidDocumentPointer();
  where.Stringify(pointer_text);
  std::string pointer(pointer_text.GetString(), pointer_text.GetSize());
  const std::string_view keyword = validator.GetInvalidSchemaKeyword();

  const Node* rules = validator.GetInvalidSchemaPointer().Get(source_);
  if (rules != nullptr && rules->IsObject()) {
    if (const Node* reference = find(*rules, "$ref")) {
      rules = rapidjson::Pointer(reference->GetString(), reference->GetStringLength()).Get(source_);
    }
  }
  const Node* rule = rules == nullptr ? nullptr : find(*rules, keyword);
  const Node* got = where.Get(value);
  if (rule == nullptr || got == nullptr) {
    return violation(pointer.empty() ? "/" : pointer, keyword);
  }

  if (keyword == "required") {
    for (const Node& name : rule->GetArray()) {
      if (got->IsObject() && !got->HasMember(name)) {
        append_token(pointer, text_of(name));
        return violation(pointer, "required, missing");
      }
    }
  }
  if (keyword == "additionalProperties") {
    return violation(pointer, "unknown member, got " + show(*got) +
                                  "; known here: " + member_names(*find(*rules, "properties")));
  }
  return violation(pointer.empty() ? "/" : pointer,
                   std::string(keyword) + " " + joined(*rule) + ", got " + show(*got));
}

rapidjson::Document schema_source(std::string_view file_name) {
  for (const auto& [name, content] : embedded::k_schemas) {
    if (name != file_name) continue;
    Expected<Message> message = read_message(content, 64);
    FARM_ASSERT(message.has_value());
    return std::move(message->document);
  }
  FARM_ASSERT(!"the schema file is embedded");
  return {};
}

void keep_enforced_rules(Node& schema) {
  if (schema.IsArray()) {
    for (Node& item : schema.GetArray()) keep_enforced_rules(item);
    return;
  }
  if (!schema.IsObject()) return;
  for (const char* keyword : {"pattern", "oneOf", "anyOf", "allOf", "not"}) {
    schema.RemoveMember(keyword);
  }
  for (auto& member : schema.GetObject()) keep_enforced_rules(member.value);
}

const Node* find(const Node& object, std::string_view name) {
  const auto member = object.FindMember(Node(as_ref(name)));
  return member == object.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

void write(Writer& writer, std::string_view text) {
  if (is_utf8(text)) {
    writer.String(text.data(), static_cast<SizeType>(text.size()));
    return;
  }
  const std::string mended = to_utf8(text);
  writer.String(mended.data(), static_cast<SizeType>(mended.size()));
}

void write_key(Writer& writer, std::string_view name) {
  if (is_utf8(name)) {
    writer.Key(name.data(), static_cast<SizeType>(name.size()));
    return;
  }
  const std::string mended = to_utf8(name);
  writer.Key(mended.data(), static_cast<SizeType>(mended.size()));
}

void write(Writer& writer, double number) { write_raw(writer, double_text(number)); }

void write_raw(Writer& writer, std::string_view json) {
  writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
}

std::string double_text(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text.append(".0");
  return text;
}

}  // namespace farm::json
