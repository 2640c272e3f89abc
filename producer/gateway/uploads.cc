#include "producer/gateway/uploads.h"

#include <cstddef>

#include "schemas/base64.h"
#include "schemas/paths.h"

namespace farm::gateway {
namespace {

bool is_digit_of_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

std::string plain_path(std::string_view path) {
  std::string plain;
  if (path.starts_with('/')) return std::string(path);
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size() == path.size() ? path.size() : part.size() + 1);
    if (part.empty() || part == ".") continue;
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  return plain;
}

std::optional<std::string> lenient_base64(std::string_view text) {
  std::string digits;
  digits.reserve(text.size() + 2);
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '=') {
      // Before the third digit of a group it pads nothing.
      if (digits.size() % 4 >= 2) ++padding;
      if (padding > 0 && digits.size() % 4 + padding == 4) break;
    } else if (is_digit_of_base64(c)) {
      digits += c;
      padding = 0;
    }
  }
  const std::size_t open = digits.size() % 4;
  if (open == 1 || (open > 1 && open + padding < 4)) return std::nullopt;
  if (open > 1) digits.append(4 - open, '=');
  return base64_decode(digits);
}

Expected<FileMap> read_uploads(const Value& files) {
  FileMap out;
  const auto* dict = std::get_if<Value::Dict>(&files.data);
  if (dict == nullptr) return out;
  for (const auto& [key, value] : dict->items) {
    const std::string& name = std::get<std::string>(key.data);
    const auto* content = std::get_if<std::string>(&value.data);
    if (content == nullptr || name.find("IGNORE_THIS_FILE") != std::string::npos) continue;
    const std::string path = plain_path(name);
    if (const std::string_view objection = path_objection(path); !objection.empty()) {
      return invalid_request("files: \"" + name + "\" " + std::string(objection));
    }
    std::optional<std::string> bytes = lenient_base64(*content);
    if (!bytes) return invalid_request("files: \"" + name + "\" is no base64: incorrect padding");
    out.insert_or_assign(path, *std::move(bytes));
  }
  return out;
}

}  // namespace farm::gateway
