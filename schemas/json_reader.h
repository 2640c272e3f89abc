// read_json: one JSON text (RFC 8259, strictly) as events. Written here rather than taken from
// RapidJSON 1.1 because that reader refuses integers of more than 308 digits, lets lone low
// surrogates through, ends silently at a NUL byte and recurses. Internal to schemas/.
//
// A sink has RapidJSON's handler methods, so that a rapidjson::Value can be replayed into it as
// well, and BigInteger(text) for integers beyond 64 bits. While takes_numbers_raw() (optional) is
// true, numbers arrive unread by RawNumber(text) instead. A method that returns false ends the
// reading; the sink keeps the reason.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/expected.h"
#include "schemas/text.h"

namespace farm::json {

// Why and where reading ended early.
struct ReadFailure {
  std::string rule;      // "unterminated string"; empty: the sink ended it
  std::size_t byte = 0;  // offset into the text
};

template <typename Sink>
class Reader {
 public:
  // `max_depth` bounds the nesting of arrays and objects. Iterative: memory is one byte-sized state
  // and one count for each open container.
  Reader(std::string_view text, std::size_t max_depth, Sink& sink)
      : text_(text), max_depth_(max_depth), sink_(sink) {}

  std::optional<ReadFailure> read() {
    if (text_.size() >= UINT32_MAX) return ReadFailure{"text of 4 GiB or more", 0};
    if (read_text()) return std::nullopt;
    return ReadFailure{rule_, at_};
  }

 private:
  struct Open {
    bool object;
    std::uint32_t count;
  };

  bool fail(std::string rule) {
    rule_ = std::move(rule);
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool read_text() {
    skip_space();
    if (at_ == text_.size()) return fail("empty text");
    if (!read_value()) return false;
    while (!open_.empty()) {
      if (!read_inside()) return false;
    }
    skip_space();
    return at_ == text_.size() || fail("something follows the JSON text");
  }

  // One step inside the innermost container: its end, or its next value.
  bool read_inside() {
    skip_space();
    Open& top = open_.back();
    const char closing = top.object ? '}' : ']';
    if (peek() == closing) {
      ++at_;
      const std::uint32_t count = top.count;
      const bool object = top.object;
      open_.pop_back();
      return object ? sink_.EndObject(count) : sink_.EndArray(count);
    }
    if (top.count > 0) {
      if (peek() != ',') return fail(top.object ? "expected , or }" : "expected , or ]");
      ++at_;
      skip_space();
    }
    ++top.count;
    if (top.object) {
      if (peek() != '"') return fail("expected a member name");
      std::string_view name;
      if (!read_string(name)) return false;
      if (!sink_.Key(name.data(), static_cast<std::uint32_t>(name.size()), true)) return false;
      skip_space();
      if (peek() != ':') return fail("expected :");
      ++at_;
      skip_space();
    }
    return read_value();
  }

  bool read_value() {
    switch (peek()) {
      case '{':
        return open(true) && sink_.StartObject();
      case '[':
        return open(false) && sink_.StartArray();
      case '"': {
        std::string_view string;
        return read_string(string) &&
               sink_.String(string.data(), static_cast<std::uint32_t>(string.size()), true);
      }
      case 't':
        return read_word("true") && sink_.Bool(true);
      case 'f':
        return read_word("false") && sink_.Bool(false);
      case 'n':
        return read_word("null") && sink_.Null();
      default:
        return read_number();
    }
  }

  bool open(bool object) {
    if (open_.size() >= max_depth_) {
      return fail("nested more than " + std::to_string(max_depth_) + " deep");
    }
    ++at_;
    open_.push_back({object, 0});
    return true;
  }

  bool read_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("expected a value");
    at_ += word.size();
    return true;
  }

  bool is_digit() const { return peek() >= '0' && peek() <= '9'; }
  void skip_digits() {
    while (is_digit()) ++at_;
  }

  bool read_number() {
    const std::size_t begin = at_;
    bool integer = true;
    if (peek() == '-') ++at_;
    if (!is_digit()) return fail(at_ == begin ? "expected a value" : "expected a digit");
    if (peek() == '0') {
      ++at_;
    } else {
      skip_digits();
    }
    if (peek() == '.') {
      integer = false;
      ++at_;
      if (!is_digit()) return fail("expected a digit");
      skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!is_digit()) return fail("expected a digit");
      skip_digits();
    }
    const std::string_view token = text_.substr(begin, at_ - begin);
    if constexpr (requires { sink_.takes_numbers_raw(); }) {
      if (sink_.takes_numbers_raw()) return sink_.RawNumber(token);
    }
    const char* const end = token.data() + token.size();
    if (integer) {
      std::int64_t value = 0;
      if (std::from_chars(token.data(), end, value).ec == std::errc()) return sink_.Int64(value);
      return sink_.BigInteger(token);
    }
    double value = 0;
    if (std::from_chars(token.data(), end, value).ec == std::errc()) return sink_.Double(value);
    // Out of range: strtod tells too small (0 or subnormal, as Python reads it) from too large.
    value = std::strtod(std::string(token).c_str(), nullptr);
    if (value > 1 || value < -1) return fail("number beyond the range of a double");
    return sink_.Double(value);
  }

  bool read_hex4(unsigned& code) {
    if (text_.size() - at_ < 4) return fail("bad \\u escape");
    const char* const begin = text_.data() + at_;
    code = 0;
    if (*begin == '-' || std::from_chars(begin, begin + 4, code, 16).ptr != begin + 4) {
      return fail("bad \\u escape");
    }
    at_ += 4;
    return true;
  }

  void append_utf8(unsigned code) {
    const auto put = [this](unsigned byte) { scratch_.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0U | code >> 6);
      put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
      put(0xE0U | code >> 12);
      put(0x80U | (code >> 6 & 0x3FU));
      put(0x80U | (code & 0x3FU));
    } else {
      put(0xF0U | code >> 18);
      put(0x80U | (code >> 12 & 0x3FU));
      put(0x80U | (code >> 6 & 0x3FU));
      put(0x80U | (code & 0x3FU));
    }
  }

  bool read_escape() {
    ++at_;  // the backslash
    if (at_ == text_.size()) return fail("unterminated string");
    const char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/':
        scratch_.push_back(c);
        return true;
      case 'b':
        scratch_.push_back('\b');
        return true;
      case 'f':
        scratch_.push_back('\f');
        return true;
      case 'n':
        scratch_.push_back('\n');
        return true;
      case 'r':
        scratch_.push_back('\r');
        return true;
      case 't':
        scratch_.push_back('\t');
        return true;
      case 'u':
        break;
      default:
        return fail("bad escape");
    }
    unsigned code = 0;
    if (!read_hex4(code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return fail("lone surrogate");
    if (code >= 0xD800 && code <= 0xDBFF) {
      unsigned low = 0;
      if (text_.substr(at_, 2) != "\\u") return fail("lone surrogate");
      at_ += 2;
      if (!read_hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("lone surrogate");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(code);
    return true;
  }

  // The string at the current quote. `out` points into the text, or into scratch_ where there were
  // escapes: it is good until the next call.
  bool read_string(std::string_view& out) {
    ++at_;  // the quote
    scratch_.clear();
    bool escaped = false;
    while (true) {
      const std::size_t begin = at_;
      bool ascii = true;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
        const auto byte = static_cast<unsigned char>(text_[at_]);
        if (byte < 0x20) return fail("control character in a string");
        ascii = ascii && byte < 0x80;
        ++at_;
      }
      if (at_ == text_.size()) return fail("unterminated string");
      const std::string_view run = text_.substr(begin, at_ - begin);
      if (!ascii && !is_utf8(run)) return fail("invalid UTF-8 in a string");
      if (text_[at_] == '"') {
        ++at_;
        if (escaped) scratch_.append(run);
        out = escaped ? std::string_view(scratch_) : run;
        return true;
      }
      escaped = true;
      scratch_.append(run);
      if (!read_escape()) return false;
    }
  }

  std::string_view text_;
  std::size_t max_depth_;
  Sink& sink_;
  std::size_t at_ = 0;
  std::string rule_;
  std::vector<Open> open_;
  std::string scratch_;
};

template <typename Sink>
std::optional<ReadFailure> read_json(std::string_view text, std::size_t max_depth, Sink& sink) {
  return Reader<Sink>(text, max_depth, sink).read();
}

}  // namespace farm::json
