#include "schemas/paths.h"

#include <cstddef>

namespace farm {

std::string_view path_objection(std::string_view path) {
  constexpr std::size_t kMaxPart = 255;  // NAME_MAX, linux/limits.h
  constexpr std::size_t kMaxPath =
      1024;  // leaves room below PATH_MAX (4096) for the work directory's own path
  if (path.empty()) return "is empty";
  if (path.size() > kMaxPath) return "is longer than 1024 bytes";
  if (path.find('\0') != std::string_view::npos) return "has a NUL character";
  if (path.front() == '/') return "is absolute";
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty()) return "has an empty part";
    if (part == ".") return "has a part \".\"";
    if (part == "..") return "has a part \"..\"";
    if (part.size() > kMaxPart) return "has a part longer than 255 bytes";
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
}

}  // namespace farm
