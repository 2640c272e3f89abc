// Values as people write them: pure functions from text. Errors: kInvalidRequest that quotes the
// text and says what is wrong with it; whoever calls puts the source of the text in front.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grader/config/option_table.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::config {

// "12"; no sign, no spaces.
Expected<std::int64_t> parse_count(std::string_view text, std::int64_t minimum,
                                   std::int64_t maximum);

// "500ms" "20s" "5m" "2h" "7d". A number without a unit is refused, except 0.
Expected<Milliseconds> parse_duration(std::string_view text);

// "4096" (bytes) "64KiB" "64MiB" "4GiB" (powers of 1024) "1kB" "1MB" "1GB" (powers of 1000); letter
// case does not matter. "64M" is refused: it means both.
Expected<Bytes> parse_size(std::string_view text);

// "true" "1" "yes" "on", "false" "0" "no" "off".
Expected<bool> parse_switch(std::string_view text);

// "a,b": legal parts of topic names, none empty. "" is no name.
Expected<std::vector<std::string>> parse_names(std::string_view text);

// "name=value". The error does not quote the text: it may be a secret.
Expected<std::pair<std::string, std::string>> parse_property(std::string_view text);

// Whether `text` is a value of this option.
Expected<Done> check_value(const OptionSpec& option, std::string_view text);

}  // namespace farm::config
