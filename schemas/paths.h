// Paths that come in messages: of submitted files, of files to fetch, of compile outputs.
#pragma once

#include <string>
#include <string_view>

namespace farm {

// Why `path` may not name a file below a work directory, as the end of a sentence about it; empty
// if it may. It must be relative, UTF-8 (JSON has seen to that), without NUL, empty parts, "." or
// "..", parts of at most 255 bytes (NAME_MAX) and 1024 in all.
std::string_view path_objection(std::string_view path);

}  // namespace farm
