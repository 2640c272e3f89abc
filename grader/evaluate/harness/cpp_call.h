// Runs inside the sandbox: calls one C++ function of the submission once, with arguments from
// descriptor 3, and writes what it returned to descriptor 4; or, in tests whose values are compared
// outside, writes one value after the other (emit()). Included before the submission, C++17,
// standard library only.
//
// Descriptor 3 holds {"args": [...]} in the JSON of schemas/value.h; the expected value is not
// here. Types are taken from the function itself (call(&add)) or from a signature
// (call(Pick<...>::of(&add))). An argument that does not fit its parameter ends the program with
// text on stderr and status 1; a type without a value form does not compile.
//
// It includes as little as it can: a program that says `using namespace std` and has a global `map`
// or `y1` must not meet names here that it would not meet alone. Containers are therefore known by
// their shape (key_type, push_back, …), and system calls by labels of our own.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// read(2), write(2), close(2), _exit(2), without <unistd.h>: a fast input function called read() is
// common.
extern "C" {
long farm_call_read(int descriptor, void* buffer, std::size_t size) __asm__("read");
long farm_call_write(int descriptor, const void* buffer, std::size_t size) __asm__("write");
int farm_call_close(int descriptor) __asm__("close");
[[noreturn]] void farm_call_exit(int status) __asm__("_exit");
}

namespace farm_call {

// Set by the generated main() of a program that uses <iostream>.
inline void (*flush_streams)() = nullptr;

inline void flush() {
  if (flush_streams != nullptr) flush_streams();
  std::fflush(nullptr);
}

[[noreturn]] inline void fail(const std::string& what) {
  flush();
  std::fprintf(stderr, "%s\n", what.c_str());
  std::fflush(nullptr);
  farm_call_exit(1);
}

// ---- JSON

struct Json {
  enum Kind { kNull, kBool, kNumber, kString, kArray, kObject } kind = kNull;
  bool boolean = false;
  std::string text;  // of a number (as written) or a string (decoded)
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;

  // The body of a tagged value {"$tag": body}, or nullptr.
  const Json* tagged(std::string_view tag) const {
    return kind == kObject && members.size() == 1 && members[0].first == tag ? &members[0].second
                                                                             : nullptr;
  }
};

// The text comes from the grader, so it is well-formed; anything else ends the program.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Json value() {
    Json json;
    switch (peek()) {
      case '{':
        json.kind = Json::kObject;
        sequence('}', [&] {
          std::string key = string();
          expect(':');
          json.members.emplace_back(std::move(key), value());
        });
        break;
      case '[':
        json.kind = Json::kArray;
        sequence(']', [&] { json.items.push_back(value()); });
        break;
      case '"':
        json.kind = Json::kString;
        json.text = string();
        break;
      default:
        word(json);
    }
    return json;
  }

 private:
  char peek() {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\r' || rest_[0] == '\t')) {
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) fail("harness: the task is cut short");
    return rest_[0];
  }
  void expect(char wanted) {
    if (peek() != wanted) fail(std::string("harness: the task lacks '") + wanted + "'");
    rest_.remove_prefix(1);
  }
  template <typename Element>
  void sequence(char end, Element element) {
    rest_.remove_prefix(1);
    if (peek() != end) {
      element();
      while (peek() == ',') {
        rest_.remove_prefix(1);
        element();
      }
    }
    expect(end);
  }
  void word(Json& json) {
    const std::size_t length = rest_.find_first_of(",]} \n\r\t");
    json.text = std::string(rest_.substr(0, length));
    rest_.remove_prefix(json.text.size());
    if (json.text == "null") return;
    json.kind = json.text == "true" || json.text == "false" ? Json::kBool : Json::kNumber;
    json.boolean = json.text == "true";
  }
  std::uint32_t hex4() {
    std::uint32_t code = 0;
    if (rest_.size() < 4 ||
        std::from_chars(rest_.data(), rest_.data() + 4, code, 16).ptr != rest_.data() + 4) {
      fail("harness: bad \\u escape");
    }
    rest_.remove_prefix(4);
    return code;
  }
  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
      put(0xC0 | code >> 6);
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
    }
    put(0x80 | (code & 0x3F));
  }
  std::string string() {
    expect('"');
    std::string out;
    while (true) {
      const std::size_t plain = rest_.find_first_of("\"\\");
      if (plain == std::string_view::npos) fail("harness: a string does not end");
      out.append(rest_.substr(0, plain));
      const char mark = rest_[plain];
      rest_.remove_prefix(plain + 1);
      if (mark == '"') return out;
      const char escape = peek();
      rest_.remove_prefix(1);
      constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
      if (escape == 'u') {
        std::uint32_t code = hex4();
        if (code >= 0xD800 && code < 0xDC00 && rest_.substr(0, 2) == "\\u") {
          rest_.remove_prefix(2);
          code = 0x10000 + ((code - 0xD800) << 10) + (hex4() - 0xDC00);
        }
        append_utf8(out, code);
      } else if (const std::size_t at = kFrom.find(escape); at != std::string_view::npos) {
        out.push_back(kTo[at]);
      } else {
        out.push_back(escape);
      }
    }
  }

  std::string_view rest_;
};

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline std::string from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return out;
}

inline std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out.push_back(i + j > bytes.size() ? '=' : kBase64[bits >> (18 - 6 * j) & 0x3F]);
    }
  }
  return out;
}

inline bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return static_cast<unsigned char>(text[at]);
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80       ? 1
                               : lead >> 5 == 6  ? 2
                               : lead >> 4 == 14 ? 3
                               : lead >> 3 == 30 ? 4
                                                 : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t j = 1; j < length; ++j) {
      if (byte(i + j) >> 6 != 2) return false;
      code = code << 6 | (byte(i + j) & 0x3F);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      return false;
    i += length;
  }
  return true;
}

inline void write_quoted(std::string& out, std::string_view text) {
  if (!is_utf8(text)) {
    out += "{\"$str\":\"" + to_base64(text) + "\"}";
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// ---- values: JSON to T and back

template <typename>
inline constexpr bool kUnknownType = false;

[[noreturn]] inline void mismatch(const Json& json, const char* wanted) {
  constexpr const char* kNames[] = {"null",     "a bool", "a number",
                                    "a string", "a list", "an object"};
  std::string what = std::string("an argument does not fit its parameter: ") + kNames[json.kind];
  if (json.kind == Json::kNumber) what += " " + json.text;
  if (json.kind == Json::kObject && json.members.size() == 1) what += " " + json.members[0].first;
  fail(what + " where " + wanted + " is wanted");
}

// The elements of a list, tuple or set.
inline const std::vector<Json>& elements(const Json& json) {
  for (const char* tag : {"$tuple", "$set"}) {
    if (const Json* body = json.tagged(tag)) return body->items;
  }
  if (json.kind != Json::kArray) mismatch(json, "a sequence");
  return json.items;
}

// One specialisation for each type with a value form: read() from JSON, write() to JSON.
template <typename T, typename = void>
struct Form {
  static_assert(
      kUnknownType<T>,
      "this parameter or return type has no value form (numbers, bool, char, "
      "string, vector, array, deque, list, pair, tuple, map, set, optional and nestings have)");
  static T read(const Json&);
  static void write(std::string&, const T&);
};

template <>
struct Form<bool> {
  static bool read(const Json& json) {
    if (json.kind != Json::kBool) mismatch(json, "a bool");
    return json.boolean;
  }
  static void write(std::string& out, bool value) { out += value ? "true" : "false"; }
};

template <>
struct Form<char> {
  static char read(const Json& json) {
    if (json.kind != Json::kString || json.text.size() != 1) mismatch(json, "a string of one byte");
    return json.text[0];
  }
  static void write(std::string& out, char value) { write_quoted(out, {&value, 1}); }
};

template <typename T>
struct Form<T, std::enable_if_t<std::is_integral_v<T> && sizeof(T) <= sizeof(std::int64_t) &&
                                !std::is_same_v<T, bool> && !std::is_same_v<T, char>>> {
  static T read(const Json& json) {
    const Json* big = json.tagged("$int");
    const Json& number = big != nullptr ? *big : json;
    if (big == nullptr && json.kind != Json::kNumber) mismatch(json, "an integer");
    T value{};
    const char* const end = number.text.data() + number.text.size();
    const auto [at, error] = std::from_chars(number.text.data(), end, value);
    if (error != std::errc() || at != end)
      mismatch(number, std::is_signed_v<T> ? "a signed integer of this width"
                                           : "an unsigned integer of this width");
    return value;
  }
  static void write(std::string& out, T value) {
    const std::string digits = std::to_string(value);
    if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t)) {
      if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
        out += "{\"$int\":\"" + digits + "\"}";
        return;
      }
    }
    out += digits;
  }
};

template <typename T>
struct Form<T, std::enable_if_t<std::is_floating_point_v<T>>> {
  static T read(const Json& json) {
    const Json* special = json.tagged("$float");
    const Json* big = json.tagged("$int");
    if (special == nullptr && big == nullptr && json.kind != Json::kNumber)
      mismatch(json, "a number");
    const std::string& text = special != nullptr ? special->text
                              : big != nullptr   ? big->text
                                                 : json.text;
    return static_cast<T>(std::strtold(text.c_str(), nullptr));
  }
  static void write(std::string& out, T value) {
    if (!__builtin_isfinite(value)) {
      out += __builtin_isnan(value) ? "{\"$float\":\"nan\"}"
             : value > 0            ? "{\"$float\":\"inf\"}"
                                    : "{\"$float\":\"-inf\"}";
      return;
    }
    // The shortest text that reads back as the same T: a float of 0.1f is 0.1, not
    // 0.100000001490116.
    char text[64];
    using Shown = std::conditional_t<std::is_same_v<T, long double>, double, T>;
    const auto end = std::to_chars(text, text + sizeof text, static_cast<Shown>(value)).ptr;
    const std::string_view shown(text, static_cast<std::size_t>(end - text));
    out += shown;
    if (shown.find_first_of(".e") == std::string_view::npos) out += ".0";
  }
};

template <>
struct Form<std::string> {
  static std::string read(const Json& json) {
    for (const char* tag : {"$bytes", "$str"}) {
      if (const Json* body = json.tagged(tag)) return from_base64(body->text);
    }
    if (json.kind != Json::kString) mismatch(json, "a string");
    return json.text;
  }
  static void write(std::string& out, const std::string& value) { write_quoted(out, value); }
};

template <>
struct Form<std::string_view> {
  // Arguments live until the program ends.
  static std::string_view read(const Json& json) {
    return *new std::string(Form<std::string>::read(json));
  }
  static void write(std::string& out, std::string_view value) { write_quoted(out, value); }
};

template <>
struct Form<const char*> {
  static const char* read(const Json& json) { return Form<std::string_view>::read(json).data(); }
  static void write(std::string& out, const char* value) {
    if (value == nullptr) {
      out += "null";
    } else {
      write_quoted(out, value);
    }
  }
};

template <>
struct Form<std::nullptr_t> {
  static void write(std::string& out, std::nullptr_t) { out += "null"; }
};

// What a type looks like from outside; std::map and its kin need not be included for that.
enum class Shape { kNone, kMap, kSet, kSequence, kArray, kTuple, kOptional };

template <typename T, typename = void>
inline constexpr bool kHasKey = false;
template <typename T>
inline constexpr bool kHasKey<T, std::void_t<typename T::key_type>> = true;
template <typename T, typename = void>
inline constexpr bool kHasMapped = false;
template <typename T>
inline constexpr bool kHasMapped<T, std::void_t<typename T::mapped_type>> = true;
template <typename T, typename = void>
inline constexpr bool kHasElements = false;
template <typename T>
inline constexpr bool kHasElements<T, std::void_t<typename T::value_type>> = true;
template <typename T, typename = void>
inline constexpr bool kHasSize = false;
template <typename T>
inline constexpr bool kHasSize<T, std::void_t<decltype(std::tuple_size<T>::value)>> = true;
template <typename T, typename = void>
inline constexpr bool kGrows = false;
template <typename T>
inline constexpr bool kGrows<T, std::void_t<decltype(std::declval<T&>().push_back(
                                    std::declval<typename T::value_type>()))>> = true;
template <typename T, typename = void>
inline constexpr bool kMayBeEmpty = false;
template <typename T>
inline constexpr bool kMayBeEmpty<T, std::void_t<decltype(std::declval<T&>().has_value())>> = true;

template <typename T>
constexpr Shape shape_of() {
  if (kHasKey<T>) return kHasMapped<T> ? Shape::kMap : Shape::kSet;
  if (kHasSize<T>) return kHasElements<T> ? Shape::kArray : Shape::kTuple;
  if (kGrows<T>) return Shape::kSequence;
  if (kHasElements<T> && kMayBeEmpty<T>) return Shape::kOptional;
  return Shape::kNone;
}

template <typename Container>
void write_sequence(std::string& out, const Container& container) {
  out.push_back('[');
  bool first = true;
  for (auto&& element : container) {
    if (!first) out.push_back(',');
    first = false;
    using Element = typename Container::value_type;
    Form<Element>::write(out, element);
  }
  out.push_back(']');
}

template <typename T>
struct Form<T, std::enable_if_t<shape_of<T>() == Shape::kSequence>> {
  static T read(const Json& json) {
    T container;
    for (const Json& item : elements(json)) {
      container.push_back(Form<typename T::value_type>::read(item));
    }
    return container;
  }
  static void write(std::string& out, const T& container) { write_sequence(out, container); }
};

template <typename T>
struct Form<T, std::enable_if_t<shape_of<T>() == Shape::kArray>> {
  static T read(const Json& json) {
    const std::vector<Json>& items = elements(json);
    if (items.size() != std::tuple_size_v<T>) mismatch(json, "a sequence of another length");
    T array{};
    for (std::size_t i = 0; i < items.size(); ++i) {
      array[i] = Form<typename T::value_type>::read(items[i]);
    }
    return array;
  }
  static void write(std::string& out, const T& array) { write_sequence(out, array); }
};

template <typename T>
struct Form<T, std::enable_if_t<shape_of<T>() == Shape::kSet>> {
  static T read(const Json& json) {
    T set;
    for (const Json& item : elements(json)) set.insert(Form<typename T::value_type>::read(item));
    return set;
  }
  static void write(std::string& out, const T& set) {
    out += "{\"$set\":";
    write_sequence(out, set);
    out.push_back('}');
  }
};

template <typename T>
struct Form<T, std::enable_if_t<shape_of<T>() == Shape::kMap>> {
  using Key = typename T::key_type;
  using Mapped = typename T::mapped_type;
  static T read(const Json& json) {
    T map;
    if (const Json* body = json.tagged("$dict")) {
      for (const Json& pair : body->items) {
        if (pair.items.size() != 2) mismatch(pair, "a pair of key and value");
        map.emplace(Form<Key>::read(pair.items[0]), Form<Mapped>::read(pair.items[1]));
      }
      return map;
    }
    if (json.kind != Json::kObject) mismatch(json, "a dict");
    for (const auto& [name, member] : json.members) {
      Json key;
      key.kind = Json::kString;
      key.text = name;
      map.emplace(Form<Key>::read(key), Form<Mapped>::read(member));
    }
    return map;
  }
  static void write(std::string& out, const T& map) {
    out += "{\"$dict\":[";
    bool first = true;
    for (const auto& [key, mapped] : map) {
      out += first ? "[" : ",[";
      first = false;
      Form<Key>::write(out, key);
      out.push_back(',');
      Form<Mapped>::write(out, mapped);
      out.push_back(']');
    }
    out += "]}";
  }
};

// pair and tuple.
template <typename T>
struct Form<T, std::enable_if_t<shape_of<T>() == Shape::kTuple>> {
  template <std::size_t I>
  using Element = std::decay_t<std::tuple_element_t<I, T>>;
  static constexpr auto kIndices = std::make_index_sequence<std::tuple_size_v<T>>();

  template <std::size_t... I>
  static T read_all(const std::vector<Json>& items, std::index_sequence<I...>) {
    return T{Form<Element<I>>::read(items[I])...};
  }
  static T read(const Json& json) {
    const std::vector<Json>& items = elements(json);
    if (items.size() != std::tuple_size_v<T>) mismatch(json, "a tuple of another length");
    return read_all(items, kIndices);
  }
  template <std::size_t... I>
  static void write_all(std::string& out, const T& tuple, std::index_sequence<I...>) {
    using std::get;  // and by its argument, the one of <tuple>
    ((I > 0 ? out.push_back(',') : void(), Form<Element<I>>::write(out, get<I>(tuple))), ...);
  }
  static void write(std::string& out, const T& tuple) {
    out += "{\"$tuple\":[";
    write_all(out, tuple, kIndices);
    out += "]}";
  }
};

template <typename T>
struct Form<T, std::enable_if_t<shape_of<T>() == Shape::kOptional>> {
  static T read(const Json& json) {
    if (json.kind == Json::kNull) return T();
    return T(Form<typename T::value_type>::read(json));
  }
  static void write(std::string& out, const T& value) {
    if (value.has_value()) {
      Form<typename T::value_type>::write(out, *value);
    } else {
      out += "null";
    }
  }
};

// ---- the call

inline std::string read_all(int descriptor) {
  std::string text;
  char buffer[65536];
  for (long got; (got = farm_call_read(descriptor, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  farm_call_close(descriptor);
  return text;
}

inline void write_all(std::string_view answer) {
  while (!answer.empty()) {
    const long written = farm_call_write(4, answer.data(), answer.size());
    if (written <= 0) fail("harness: the value cannot be written");
    answer.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] inline void leave(std::string_view answer) {
  write_all(answer);
  flush();
  farm_call_exit(0);  // without destructors of globals and exit handlers: the answer is out
}

// For tests that are compared outside (equality_tests.h): one value, ended by a NUL byte.
template <typename T>
void emit(const T& value) {
  std::string record;
  Form<std::decay_t<const T&>>::write(record, value);
  record.push_back('\0');
  write_all(record);
}

// ---- comparisons of tests that share a translation unit with the submission

template <typename T>
inline constexpr bool kIsText =
    std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view> ||
    std::is_same_v<T, const char*> || std::is_same_v<T, char*>;
template <typename T, typename = void>
inline constexpr bool kIsHashed = false;
template <typename T>
inline constexpr bool kIsHashed<T, std::void_t<typename T::hasher>> = true;

template <typename A, typename B>
bool equal(const A& left, const B& right);

template <typename T, std::size_t... I>
bool equal_parts(const T& left, const T& right, std::index_sequence<I...>) {
  using std::get;
  return (farm_call::equal(get<I>(left), get<I>(right)) && ...);
}

// a == b, without any operator that a submission can bring: numbers, texts and containers of them
// are compared here, and what is compared with a number or a text has to be one. Other types are
// left to their own operator.
template <typename A, typename B>
bool equal(const A& left, const B& right) {
  using L = std::decay_t<const A&>;
  using R = std::decay_t<const B&>;
  constexpr Shape kShape = shape_of<L>();
  constexpr bool kOneIsPlain =
      std::is_arithmetic_v<L> || kIsText<L> || std::is_arithmetic_v<R> || kIsText<R>;
  constexpr bool kOneIsClass =
      std::is_class_v<L> || std::is_union_v<L> || std::is_class_v<R> || std::is_union_v<R>;
  if constexpr (std::is_arithmetic_v<L> && std::is_arithmetic_v<R>) {
    return left == right;
  } else if constexpr (kIsText<L> && kIsText<R>) {
    const std::string_view one = left, other = right;
    if (one.size() != other.size()) return false;
    for (std::size_t i = 0; i < one.size(); ++i) {  // a submission may bring its own memcmp()
      if (one[i] != other[i]) return false;
    }
    return true;
  } else if constexpr (std::is_same_v<L, std::vector<bool>::reference>) {
    return farm_call::equal(static_cast<bool>(left), right);
  } else if constexpr (std::is_same_v<R, std::vector<bool>::reference>) {
    return farm_call::equal(left, static_cast<bool>(right));
  } else if constexpr (std::is_enum_v<L> && std::is_arithmetic_v<R>) {
    return static_cast<std::underlying_type_t<L>>(left) == right;
  } else if constexpr (std::is_pointer_v<L> && std::is_integral_v<R>) {
    return right == 0 && left == nullptr;
  } else if constexpr (kOneIsPlain && kOneIsClass) {
    static_assert(kUnknownType<L>, "this is compared with a number or a text and is neither");
    return false;
  } else if constexpr (std::is_same_v<L, R> && !kIsHashed<L> &&
                       (kShape == Shape::kSequence || kShape == Shape::kArray ||
                        kShape == Shape::kMap || kShape == Shape::kSet)) {
    auto at = left.begin();
    auto other = right.begin();
    for (; at != left.end() && other != right.end(); ++at, ++other) {
      if (!farm_call::equal(*at, *other)) return false;
    }
    return at == left.end() && other == right.end();
  } else if constexpr (std::is_same_v<L, R> && kShape == Shape::kTuple) {
    return equal_parts(left, right, std::make_index_sequence<std::tuple_size_v<L>>());
  } else {
    return left == right;
  }
}

template <typename T, typename = void>
inline constexpr bool kActsLikeNumber = false;
template <typename T>
inline constexpr bool kActsLikeNumber<T, std::void_t<decltype(std::declval<T>() - 1)>> = true;
template <typename T, typename O, typename = void>
inline constexpr bool kIsCompared = std::is_convertible_v<T, O>;
template <typename T, typename O>
inline constexpr bool
    kIsCompared<T, O, std::void_t<decltype(std::declval<T>() == std::declval<O>())>> = true;
template <typename T, typename O, typename = void>
inline constexpr bool kIsToldApart = false;
template <typename T, typename O>
inline constexpr bool
    kIsToldApart<T, O, std::void_t<decltype(std::declval<T>() != std::declval<O>())>> = true;

// Whether the name of a type says that it is one of the standard library which `kinds` begins with.
template <typename T>
constexpr bool is_named(std::string_view kind) {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t at = text.find("T = ");
  return at != std::string_view::npos && text.substr(at + 4, kind.size()) == kind;
}

// Whether something that a function under test returns could be taken for a number, a text or a
// container by what the submission has defined for it, without being one.
template <typename T>
constexpr bool is_pretender() {
  if constexpr (!std::is_class_v<T> && !std::is_union_v<T>) {
    return false;
  } else if constexpr (shape_of<T>() != Shape::kNone || kIsText<T>) {
    return !is_named<T>("std::");
  } else if constexpr (is_named<T>("std::complex<") || is_named<T>("std::valarray<") ||
                       is_named<T>("std::bitset<") || is_named<T>("std::_Bit_reference")) {
    return false;
  } else {
    return kActsLikeNumber<T> || kIsCompared<T, int> || kIsCompared<T, double> ||
           kIsCompared<T, const char*> || kIsCompared<T, std::string> || kIsToldApart<T, int> ||
           kIsToldApart<T, const char*>;
  }
}

// (Checked(), call) is what the call returns, nothing included.
struct Checked {};
template <typename T>
constexpr T operator,(Checked, T&& value) {
  static_assert(!is_pretender<std::decay_t<T>>(),
                "what the function returns passes for a number, a text or a container of the "
                "standard library, and is none");
  return static_cast<T&&>(value);
}

// What an argument is stored as: parameters may be values, const and non-const references.
template <typename P>
using Stored = std::remove_cv_t<std::remove_reference_t<P>>;

template <std::size_t I, typename T>
struct Slot {
  T value;
};
template <typename Indices, typename... P>
struct Slots;
template <std::size_t... I, typename... P>
struct Slots<std::index_sequence<I...>, P...> : Slot<I, Stored<P>>... {};

template <typename R, typename... P, typename Invoke, std::size_t... I>
[[noreturn]] void call_with(Invoke invoke, std::index_sequence<I...>) {
  const std::string text = read_all(3);
  const Json task = Parser(text).value();
  const std::vector<Json>& given = task.members.at(0).second.items;
  if (given.size() != sizeof...(P)) {
    fail("the function takes " + std::to_string(sizeof...(P)) + " arguments and the case has " +
         std::to_string(given.size()));
  }
  // Braces: in order, so that the first argument that does not fit is the one that is told of.
  using Arguments = Slots<std::index_sequence<I...>, P...>;
  auto& arguments = *new Arguments{{Form<Stored<P>>::read(given[I])}...};
  (void)arguments;
  std::string answer;
  if constexpr (std::is_void_v<R>) {
    invoke(static_cast<P&&>(static_cast<Slot<I, Stored<P>>&>(arguments).value)...);
    answer = "null";
  } else {
    decltype(auto) value =
        invoke(static_cast<P&&>(static_cast<Slot<I, Stored<P>>&>(arguments).value)...);
    Form<Stored<R>>::write(answer, value);
  }
  leave(answer);
}

template <typename R, typename... P>
[[noreturn]] void call(R (*function)(P...)) {
  call_with<R, P...>([=](P... p) -> R { return function(static_cast<P&&>(p)...); },
                     std::index_sequence_for<P...>());
}

template <typename R, typename C, typename... P>
[[noreturn]] void call(R (C::*method)(P...)) {
  call_with<R, P...>(
      [=](P... p) -> R {
        auto* const object = new C();  // fresh, and alive until the program ends: a reference into
                                       // it may be returned
        return (object->*method)(static_cast<P&&>(p)...);
      },
      std::index_sequence_for<P...>());
}
template <typename R, typename C, typename... P>
[[noreturn]] void call(R (C::*method)(P...) const) {
  call_with<R, P...>(
      [=](P... p) -> R {
        const auto* const object = new C();
        return (object->*method)(static_cast<P&&>(p)...);
      },
      std::index_sequence_for<P...>());
}
template <typename R, typename... P>
[[noreturn]] void call(R (*function)(P...) noexcept) {
  call(static_cast<R (*)(P...)>(function));
}
template <typename R, typename C, typename... P>
[[noreturn]] void call(R (C::*method)(P...) noexcept) {
  call(static_cast<R (C::*)(P...)>(method));
}
template <typename R, typename C, typename... P>
[[noreturn]] void call(R (C::*method)(P...) const noexcept) {
  call(static_cast<R (C::*)(P...) const>(method));
}

// A function object, such as a global lambda.
template <typename R, typename C, typename... P>
[[noreturn]] void call_object(C& object, R (C::*)(P...) const) {
  call_with<R, P...>([&](P... p) -> R { return object(static_cast<P&&>(p)...); },
                     std::index_sequence_for<P...>());
}
template <typename R, typename C, typename... P>
[[noreturn]] void call_object(C& object, R (C::*)(P...)) {
  call_with<R, P...>([&](P... p) -> R { return object(static_cast<P&&>(p)...); },
                     std::index_sequence_for<P...>());
}
template <typename C, typename = std::enable_if_t<std::is_class_v<C>>>
[[noreturn]] void call(C* object) {
  call_object(*object, &std::remove_const_t<C>::operator());
}

// Chooses among overloads, or the instance of a template, by a signature.
template <typename R, typename... P>
struct Pick {
  static auto of(R (*function)(P...)) { return function; }
  template <typename C>
  static auto of(R (C::*method)(P...)) {
    return method;
  }
  template <typename C>
  static auto of(R (C::*method)(P...) const) {
    return method;
  }
};

}  // namespace farm_call
