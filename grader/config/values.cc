#include "grader/config/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>

#include "schemas/topics.h"

namespace farm::config {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array kDurationUnits = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                       Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::array kSizeUnits = {
    Unit{"", 1},          Unit{"b", 1},     Unit{"kib", 1 << 10},  Unit{"mib", 1 << 20},
    Unit{"gib", 1 << 30}, Unit{"kb", 1000}, Unit{"mb", 1'000'000}, Unit{"gb", 1'000'000'000}};

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (text.empty() || text.front() == '-' || code != std::errc{} || rest != end)
    return std::nullopt;
  return value;
}

// "<digits><unit>" as a number of the smallest unit.
template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const std::size_t split = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = digits(text.substr(0, split));
  std::string unit(text.substr(split));
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::find_if(units.begin(), units.end(),
                                  [&](const Unit& known) { return known.name == unit; });
  if (!number || found == units.end() || *number > kMost / found->factor) return std::nullopt;
  return *number * found->factor;
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// "host:port", "[::1]:port"; librdkafka would take a list with a typo and wait for it for ever.
bool is_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = digits(text.substr(colon + 1));
  const std::string_view host = text.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  return port && *port <= 65535 && host.find_first_of(" \t\n/") == std::string_view::npos &&
         (bracketed || host.find(':') == std::string_view::npos);
}

Expected<Done> check_brokers(std::string_view text) {
  for (const std::string_view broker : split_at_commas(text)) {
    if (!is_host_and_port(broker) || broker.ends_with(":0")) {
      return invalid_request(quoted(broker) +
                             " is not a broker: give HOST:PORT, several separated by commas");
    }
  }
  return Done{};
}

Expected<Done> check_name(std::string_view text) {
  if (topics::is_legal_name_part(text)) return Done{};
  return invalid_request(quoted(text) + " is not a name: letters, digits, '.', '_' and '-'");
}

Expected<Done> check_choice(const OptionSpec& option, std::string_view text) {
  if (std::find(option.choices.begin(), option.choices.end(), text) != option.choices.end())
    return Done{};
  std::string list;
  for (const std::string_view choice : option.choices) (list += list.empty() ? "" : ", ") += choice;
  return invalid_request(quoted(text) + " is none of: " + list);
}

template <typename T>
Expected<Done> outcome_of(const Expected<T>& parsed) {
  if (!parsed) return parsed.error();
  return Done{};
}

}  // namespace

Expected<std::int64_t> parse_count(std::string_view text, std::int64_t minimum,
                                   std::int64_t maximum) {
  const auto value = digits(text);
  if (!value) return invalid_request(quoted(text) + " is not a whole number");
  if (*value < minimum)
    return invalid_request(quoted(text) + " is below " + std::to_string(minimum));
  if (*value > maximum)
    return invalid_request(quoted(text) + " is above " + std::to_string(maximum));
  return *value;
}

Expected<Milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return Milliseconds{0};
  if (const auto value = with_unit(text, kDurationUnits)) return Milliseconds{*value};
  return invalid_request(quoted(text) +
                         " is not a duration: give a whole number and ms, s, m, h or d, as in 30s");
}

Expected<Bytes> parse_size(std::string_view text) {
  if (const auto value = with_unit(text, kSizeUnits)) return Bytes{*value};
  return invalid_request(
      quoted(text) +
      " is not a size: give a whole number and KiB, MiB, GiB, kB, MB or GB, as in 64MiB");
}

Expected<bool> parse_switch(std::string_view text) {
  for (const std::string_view word : {"true", "1", "yes", "on"}) {
    if (text == word) return true;
  }
  for (const std::string_view word : {"false", "0", "no", "off"}) {
    if (text == word) return false;
  }
  return invalid_request(quoted(text) + " is neither true nor false");
}

Expected<std::vector<std::string>> parse_names(std::string_view text) {
  std::vector<std::string> names;
  if (text.empty()) return names;
  for (const std::string_view name : split_at_commas(text)) {
    FARM_CHECK_OK(check_name(name));
    names.emplace_back(name);
  }
  return names;
}

Expected<std::pair<std::string, std::string>> parse_property(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return invalid_request("a property is not of the form NAME=VALUE");
  }
  return std::pair{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Expected<Done> check_value(const OptionSpec& option, std::string_view text) {
  switch (option.kind) {
    case ValueKind::kText:
      return Done{};
    case ValueKind::kPath:
      if (text.find('\0') == std::string_view::npos) return Done{};
      return invalid_request("a path holds no NUL byte");
    case ValueKind::kName:
      return check_name(text);
    case ValueKind::kNames:
      return outcome_of(parse_names(text));
    case ValueKind::kBrokers:
      return check_brokers(text);
    case ValueKind::kAddress:
      if (text == "off" || is_host_and_port(text)) return Done{};
      return invalid_request(quoted(text) +
                             " is not an address: give IPV4:PORT, as in 127.0.0.1:9464, or off");
    case ValueKind::kCount:
      return outcome_of(parse_count(text, option.minimum, option.maximum));
    case ValueKind::kCountOrAuto:
      if (text == "auto") return Done{};
      return outcome_of(parse_count(text, option.minimum, option.maximum));
    case ValueKind::kDuration:
      return outcome_of(parse_duration(text));
    case ValueKind::kSize:
      return outcome_of(parse_size(text));
    case ValueKind::kChoice:
      return check_choice(option, text);
    case ValueKind::kSwitch:
      return outcome_of(parse_switch(text));
    case ValueKind::kProperties:
      return outcome_of(parse_property(text));
  }
  return Done{};
}

}  // namespace farm::config
