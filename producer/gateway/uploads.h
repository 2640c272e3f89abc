// Files that come in a body: {path: base64 or null}. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/value.h"

namespace farm::gateway {

// As Python reads base64: what is not of the alphabet is dropped. nullopt: padding is missing, or a
// single digit is left.
std::optional<std::string> lenient_base64(std::string_view text);

// "./a//b" as "a/b". What is otherwise no path below the work directory stays as it is.
std::string plain_path(std::string_view path);

// The files of a request. Entries that are null and names that contain IGNORE_THIS_FILE are left
// out, as by the peers. Errors: kInvalidRequest for a path that is absolute or leads out of the
// work directory (the peers write it to their host), and for content that is no base64.
Expected<FileMap> read_uploads(const Value& files);

}  // namespace farm::gateway
