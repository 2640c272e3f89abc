#include "grader/judge/display.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "grader/judge/text.h"

namespace farm::judge {
namespace {

constexpr std::string_view kCut = "…";

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // in bytes; 0: no valid UTF-8 here
};

// Source: RFC 3629, section 4 (overlong forms and surrogates are invalid).
CodePoint code_point_at(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return {};
  return {value, length};
}

// Controls, and what is invisible or changes the direction of text.
bool is_disguise(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFB) ||
         c >= 0xE0000;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
}

// Appends `bytes` between `quote` marks; at most `max_bytes` bytes of them are shown.
void append_quoted(std::string& out, std::string_view bytes, std::size_t max_bytes) {
  out += '"';
  std::size_t at = 0;
  while (at < bytes.size() && at < max_bytes) {
    const CodePoint point = code_point_at(bytes.substr(at));
    const std::size_t length = std::max<std::size_t>(point.length, 1);
    if (at + length > max_bytes && at > 0) break;
    const char c = bytes[at];
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (point.length == 0 || is_disguise(point.value))
      append_hex(out, bytes.substr(at, length));
    else
      out += bytes.substr(at, length);
    at += length;
  }
  out += '"';
  if (at < bytes.size()) out += kCut;
}

std::string_view kind_word(const Value& value) {
  constexpr std::array<std::string_view, std::variant_size_v<Value::Variant>> kWords = {
      "None",  "bool", "int",   "int", "float", "str",
      "bytes", "list", "tuple", "set", "dict",  "object"};
  return kWords[value.data.index()];
}

// Writes a value into a string of bounded length: it stops at the first thing that does not fit.
class Printer {
 public:
  explicit Printer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void print(const Value& value) {
    if (full()) return;
    std::visit([this](const auto& data) { print_data(data); }, value.data);
  }

  std::string take() && {
    if (cut_) out_ += kCut;
    return std::move(out_);
  }

 private:
  bool full() {
    if (out_.size() >= max_bytes_) cut_ = true;
    return cut_;
  }
  void put(std::string_view text) {
    if (!full()) out_ += text;
  }
  void put_cut(std::string_view text) {
    if (full()) return;
    const std::size_t room = max_bytes_ - out_.size();
    out_ += text.substr(0, room);
    cut_ = text.size() > room;
  }

  void print_data(Value::None) { put("None"); }
  void print_data(bool data) { put(data ? "True" : "False"); }
  void print_data(std::int64_t data) { put(std::to_string(data)); }
  void print_data(const BigInt& data) { put_cut(data.digits); }
  void print_data(double data) {
    if (std::isnan(data)) return put("nan");
    if (std::isinf(data)) return put(data > 0 ? "inf" : "-inf");
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), data).ptr;
    const std::string_view shortest(text.data(), static_cast<std::size_t>(end - text.data()));
    put(shortest);
    if (shortest.find_first_of(".e") == std::string_view::npos) put(".0");
  }
  void print_data(const std::string& data) { print_bytes(data); }
  void print_data(const Value::Bytes& data) {
    put("b");
    print_bytes(data.data);
  }
  void print_bytes(std::string_view data) {
    if (full()) return;
    append_quoted(out_, data, max_bytes_ - out_.size());
    if (out_.ends_with(kCut)) cut_ = true;
    if (cut_) out_.resize(out_.size() - kCut.size());
  }
  void print_data(const Value::List& data) { print_items("[", data.items, "]"); }
  void print_data(const Value::Tuple& data) {
    print_items("(", data.items, data.items.size() == 1 ? ",)" : ")");
  }
  void print_data(const Value::Set& data) {
    if (data.items.empty()) return put("set()");
    print_items("{", data.items, "}");
  }
  void print_items(std::string_view open, const ValueList& items, std::string_view close) {
    put(open);
    for (std::size_t i = 0; i < items.size() && !cut_; ++i) {
      if (i > 0) put(", ");
      print(items[i]);
    }
    put(close);
  }
  void print_data(const Value::Dict& data) {
    put("{");
    for (std::size_t i = 0; i < data.items.size() && !cut_; ++i) {
      if (i > 0) put(", ");
      print(data.items[i].first);
      put(": ");
      print(data.items[i].second);
    }
    put("}");
  }
  void print_data(const Value::Opaque& data) {
    put("<");
    put(quote(data.type_name, 40));
    put(" object>");
  }

  std::size_t max_bytes_;
  std::string out_;
  bool cut_ = false;
};

}  // namespace

std::string quote(std::string_view bytes, std::size_t max_bytes) {
  std::string out;
  append_quoted(out, bytes, max_bytes);
  return out;
}

std::string quote_around(std::string_view bytes, std::size_t position, std::size_t max_bytes) {
  if (bytes.size() <= max_bytes || position <= max_bytes / 2) return quote(bytes, max_bytes);
  std::size_t start = std::min(position, bytes.size()) - max_bytes / 4;
  // Not in the middle of a character, where there is one.
  for (int i = 0; i < 3 && (static_cast<unsigned char>(bytes[start]) & 0xC0U) == 0x80U; ++i)
    --start;
  return std::string(kCut) + quote(bytes.substr(start), max_bytes);
}

std::string display(const Value& value, std::size_t max_bytes) {
  Printer printer(max_bytes);
  printer.print(value);
  return std::move(printer).take();
}

std::string kind_name(const Value& value) {
  if (const auto* opaque = std::get_if<Value::Opaque>(&value.data))
    return quote(opaque->type_name, 40);
  return std::string(kind_word(value));
}

}  // namespace farm::judge
