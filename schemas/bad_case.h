// BadCase: one request with what a grader made of it, kept so that a person can look at it and
// grade it again: what `gradefarm-grader --bad-cases` writes and `gradefarm replay` reads. Pure
// data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/expected.h"
#include "schemas/result.h"

namespace farm {

struct BadCase {
  std::int64_t dumped_at_unix_ms = 0;
  GraderIdentity grader;
  std::string request;  // the body as it was sent; not JSON, even, where that is what was refused
  EvaluationResult result;
};

// One line of JSON. A request that is a JSON object stands in it as such, without insignificant
// white space and with every number as it was spelled; any other body as base64.
std::string encode_bad_case(const BadCase& bad_case);
// Errors: kInvalidRequest naming the member and the rule. Unknown members are ignored.
Expected<BadCase> decode_bad_case(std::string_view json);

// "20261121T041500.123Z-time_limit-step-1_0-9c1e0f6b2d3a4455.json": when, what and which; sorts by
// age. At most 160 characters of [A-Za-z0-9._-], whatever the request calls itself, never hidden,
// and the same name for the same dump, so that collecting one twice does not make two files.
std::string bad_case_file_name(const BadCase& bad_case);
// Whether a file bears such a name. Files of other names in a directory of bad cases are not ours.
bool is_bad_case_file_name(std::string_view name);

// 64 bits of `text`, evenly spread and the same on every host and in every version (FNV-1a with the
// finaliser of splitmix64). Not for adversaries: collisions can be made.
std::uint64_t stable_hash(std::string_view text);

// "2026-11-21T04:15:00.123Z" (RFC 3339, UTC); years 1970 to 9999.
std::string rfc3339_text(std::int64_t unix_ms);

}  // namespace farm
