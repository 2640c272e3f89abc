#include "grader/evaluate/cpp_literal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace farm::evaluate {
namespace {

constexpr int kMaxDepth = 50;

struct Type {
  std::string name;  // without std:: and const; "long long" is "long"
  std::vector<Type> arguments;
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_integer(std::string_view name) {
  return is_one_of(name, {"int", "long", "short", "unsigned", "signed", "size_t", "int64_t",
                          "int32_t", "uint64_t", "uint32_t"});
}
bool is_floating(std::string_view name) { return name == "float" || name == "double"; }
bool is_sequence(std::string_view name) { return is_one_of(name, {"vector", "deque", "list"}); }
bool is_map(std::string_view name) { return is_one_of(name, {"map", "unordered_map"}); }
bool is_tuple(std::string_view name) {
  return is_one_of(name, {"tuple", "pair", "make_tuple", "make_pair"});
}

bool is_name_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What a float shows as: the shortest text that reads back as the same float.
double as_float_shows(const std::string& text) {
  std::array<char, 64> shown{};
  const float value = std::strtof(text.c_str(), nullptr);
  *std::to_chars(shown.data(), shown.data() + shown.size() - 1, value).ptr = '\0';
  return std::strtod(shown.data(), nullptr);
}

class Literal {
 public:
  explicit Literal(std::string_view text) : rest_(text) {}

  std::optional<Value> whole() {
    std::optional<Value> found = value(nullptr, 0);
    skip_blanks();
    return rest_.empty() ? found : std::nullopt;
  }

 private:
  void skip_blanks() {
    const std::size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  char peek() {
    skip_blanks();
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view name() {
    skip_blanks();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_part);
    const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    if (word.empty() || (word[0] >= '0' && word[0] <= '9')) return {};
    rest_.remove_prefix(word.size());
    return word;
  }

  // A type, or nullopt with nothing taken.
  std::optional<Type> type() {
    const std::string_view before = rest_;
    Type found;
    for (std::string_view word = name(); !word.empty(); word = name()) {
      if (word == "std" && rest_.starts_with("::")) {
        rest_.remove_prefix(2);
        continue;
      }
      if (word == "const") continue;
      // "unsigned long long int": of integers only that they are some counts.
      if (found.name.empty() || is_integer(found.name)) found.name = word;
    }
    if (!found.name.empty() && take('<')) {
      do {
        std::optional<Type> argument = type();
        if (!argument) break;
        found.arguments.push_back(*std::move(argument));
      } while (take(','));
      if (!take('>')) found.name.clear();
    }
    if (found.name.empty()) {
      rest_ = before;
      return std::nullopt;
    }
    return found;
  }

  static const Type* argument(const Type* of, std::size_t index) {
    return of != nullptr && index < of->arguments.size() ? &of->arguments[index] : nullptr;
  }

  // `wanted`: the type that the place has, or nullptr where only the literal tells.
  std::optional<Value> value(const Type* wanted, int depth) {
    if (depth > kMaxDepth) return std::nullopt;
    const char c = peek();
    if (c == '(') return parenthesised(wanted, depth);
    if (c == '{') return wanted == nullptr ? std::nullopt : braced(*wanted, depth);
    if (c == '"') return texts();
    if (c == '\'') return character();
    if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9')) return number(wanted);
    const std::optional<Type> named = type();
    if (!named) return std::nullopt;
    if (named->name == "true" || named->name == "false") return Value{named->name == "true"};
    if (named->name == "nullopt") return Value{};
    return constructed(*named, depth);
  }

  // (literal) or (type)literal.
  std::optional<Value> parenthesised(const Type* wanted, int depth) {
    const std::string_view before = rest_;
    take('(');
    if (const std::optional<Type> cast = type();
        cast && !is_one_of(cast->name, {"true", "false", "nullopt"}) && take(')')) {
      std::optional<Value> inner = value(&*cast, depth + 1);
      return inner && fits(*cast, *inner) ? inner : std::nullopt;
    }
    rest_ = before;
    take('(');
    std::optional<Value> inner = value(wanted, depth + 1);
    return inner && take(')') ? inner : std::nullopt;
  }

  static bool fits(const Type& type, const Value& value) {
    if (is_integer(type.name)) return std::holds_alternative<std::int64_t>(value.data);
    if (is_floating(type.name)) {
      return std::holds_alternative<double>(value.data) ||
             std::holds_alternative<std::int64_t>(value.data);
    }
    if (type.name == "bool") return std::holds_alternative<bool>(value.data);
    if (type.name == "string") return std::holds_alternative<std::string>(value.data);
    return false;
  }

  // type(…) or type{…}.
  std::optional<Value> constructed(const Type& type, int depth) {
    if (peek() == '{') return braced(type, depth);
    if (!take('(')) return std::nullopt;
    if (is_tuple(type.name)) {
      std::optional<ValueList> items = list(')', &type, depth);
      return items ? std::optional(Value{Value::Tuple{*std::move(items)}}) : std::nullopt;
    }
    std::optional<Value> inner;
    if (take(')')) return empty(type);
    if (peek() == '{') {
      inner = braced(type, depth);
    } else if (type.name == "string" || type.name == "optional") {
      inner = value(argument(&type, 0), depth + 1);
    }
    return inner && take(')') ? inner : std::nullopt;
  }

  static std::optional<Value> empty(const Type& type) {
    if (is_sequence(type.name)) return Value{Value::List{}};
    if (is_map(type.name)) return Value{Value::Dict{}};
    if (type.name == "set") return Value{Value::Set{}};
    if (type.name == "string") return Value{std::string()};
    if (type.name == "optional") return Value{};
    return std::nullopt;
  }

  std::optional<Value> braced(const Type& type, int depth) {
    if (!take('{')) return std::nullopt;
    if (is_map(type.name)) return entries(type, depth);
    if (!is_sequence(type.name) && !is_tuple(type.name) && type.name != "set") return std::nullopt;
    std::optional<ValueList> items = list('}', &type, depth);
    if (!items) return std::nullopt;
    if (is_tuple(type.name)) return Value{Value::Tuple{*std::move(items)}};
    if (type.name == "set") return Value{Value::Set{*std::move(items)}};
    return Value{Value::List{*std::move(items)}};
  }

  std::optional<ValueList> list(char end, const Type* of, int depth) {
    ValueList items;
    while (!take(end)) {
      if (!items.empty() && !take(',')) return std::nullopt;
      if (!items.empty() && take(end)) break;  // a comma at the end
      const std::size_t place = of != nullptr && is_tuple(of->name) ? items.size() : 0;
      std::optional<Value> item = value(argument(of, place), depth + 1);
      if (!item) return std::nullopt;
      items.push_back(*std::move(item));
    }
    return items;
  }

  std::optional<Value> entries(const Type& type, int depth) {
    ValuePairs pairs;
    while (!take('}')) {
      if (!pairs.empty() && !take(',')) return std::nullopt;
      if (!take('{')) return std::nullopt;
      std::optional<Value> key = value(argument(&type, 0), depth + 1);
      if (!key || !take(',')) return std::nullopt;
      std::optional<Value> mapped = value(argument(&type, 1), depth + 1);
      if (!mapped || !take('}')) return std::nullopt;
      pairs.emplace_back(*std::move(key), *std::move(mapped));
    }
    return Value{Value::Dict{std::move(pairs)}};
  }

  std::optional<Value> number(const Type* wanted) {
    std::string digits;
    bool exact = true;
    if (peek() == '-' || peek() == '+') {
      if (rest_[0] == '-') digits = "-";
      rest_.remove_prefix(1);
      skip_blanks();
    }
    while (!rest_.empty() && (is_name_part(rest_[0]) || rest_[0] == '.' ||
                              ((rest_[0] == '-' || rest_[0] == '+') && !digits.empty() &&
                               is_one_of(std::string_view(&digits.back(), 1), {"e", "E"})))) {
      digits.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    // Octal, hexadecimal and binary numbers are for people.
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    if (digits.size() > first + 1 && digits[first] == '0' && digits[first + 1] != '.' &&
        digits[first + 1] != 'f') {
      return std::nullopt;
    }
    if (digits.find_first_of(".eE") != std::string::npos) exact = false;
    bool is_float = wanted != nullptr && wanted->name == "float";
    while (!digits.empty() &&
           is_one_of(std::string_view(&digits.back(), 1), {"f", "F", "l", "L", "u", "U"})) {
      if (digits.back() == 'f' || digits.back() == 'F') {
        is_float = true;
        exact = false;
      }
      digits.pop_back();
    }
    const char* const end = digits.data() + digits.size();
    if (exact && !is_float) {
      std::int64_t count = 0;
      const auto [at, error] = std::from_chars(digits.data(), end, count);
      if (error != std::errc() || at != end) return std::nullopt;
      return Value{count};
    }
    char* at = nullptr;
    const double real = std::strtod(digits.c_str(), &at);
    if (digits.empty() || at != end) return std::nullopt;
    return Value{is_float ? as_float_shows(digits) : real};
  }

  // One character or escape sequence; nullopt for what translators do not write.
  std::optional<char> unit() {
    if (rest_.empty() || rest_[0] == '\n') return std::nullopt;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c != '\\') return c;
    if (rest_.empty()) return std::nullopt;
    const char escaped = rest_[0];
    constexpr std::string_view kNames = "nrt\\\"'?", kValues = "\n\r\t\\\"'?";
    const std::size_t which = kNames.find(escaped);
    if (which == std::string_view::npos) return std::nullopt;
    rest_.remove_prefix(1);
    return kValues[which];
  }

  // Adjacent strings are one.
  std::optional<Value> texts() {
    std::string text;
    while (take('"')) {
      while (!rest_.empty() && rest_[0] != '"') {
        const std::optional<char> one = unit();
        if (!one) return std::nullopt;
        text.push_back(*one);
      }
      if (!take('"')) return std::nullopt;
    }
    return Value{std::move(text)};
  }

  std::optional<Value> character() {
    take('\'');
    const std::optional<char> one = unit();
    if (!one || rest_.empty() || rest_[0] != '\'') return std::nullopt;
    rest_.remove_prefix(1);
    return Value{std::string(1, *one)};
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Value> parse_cpp_literal(std::string_view text) { return Literal(text).whole(); }

}  // namespace farm::evaluate
