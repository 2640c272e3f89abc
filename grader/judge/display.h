// How bytes and values of a submission are shown in messages: bounded, on one line, valid UTF-8,
// and without control or direction-changing characters that could disguise what a reader sees.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schemas/value.h"

namespace farm::judge {

// `"…"` around at most `max_bytes` bytes of `bytes`, with escapes (\n, \", \x1b). Cut text ends in
// `"…`.
std::string quote(std::string_view bytes, std::size_t max_bytes = 80);

// The same for the neighbourhood of `position`: long text before it is dropped, which a leading `…`
// shows.
std::string quote_around(std::string_view bytes, std::size_t position, std::size_t max_bytes = 80);

// A value as Python would write it, cut with `…` after about `max_bytes` bytes. An Opaque is
// `<TypeName object>`.
std::string display(const Value& value, std::size_t max_bytes = 80);

// The name of a value's kind: "int", "str", "list", … ; the type name of an Opaque.
std::string kind_name(const Value& value);

}  // namespace farm::judge
