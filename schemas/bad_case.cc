#include "schemas/bad_case.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include "schemas/base64.h"
#include "schemas/decode_parts.h"
#include "schemas/json.h"

namespace farm {
namespace {

using json::violation;
using json::write_key;
using json::write_member;

constexpr std::string_view kExtension = ".json";
constexpr std::size_t kStampSize = 20;   // "20261121T041500.123Z"
constexpr std::size_t kShownOfId = 80;   // of the request's id; the hash tells the rest apart
constexpr std::size_t kHashDigits = 16;  // of hexadecimal
constexpr std::int64_t kLastMoment = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_harmless(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         c == '.';
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  const char* const begin = text.data() + at;
  if (!std::all_of(begin, begin + digits, is_digit)) return std::nullopt;
  std::from_chars(begin, begin + digits, value);
  return value;
}

// The inverse of rfc3339_text(); nullopt for any other spelling.
std::optional<std::int64_t> unix_ms_of(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return std::nullopt;
  }
  const std::chrono::year_month_day date(
      std::chrono::year(*number(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(*number(text, 5, 2))),
      std::chrono::day(static_cast<unsigned>(*number(text, 8, 2))));
  if (!date.ok()) return std::nullopt;
  const auto moment = std::chrono::sys_days(date) + std::chrono::hours(*number(text, 11, 2)) +
                      std::chrono::minutes(*number(text, 14, 2)) +
                      std::chrono::seconds(*number(text, 17, 2)) +
                      Milliseconds(*number(text, 20, 3));
  return std::chrono::duration_cast<Milliseconds>(moment.time_since_epoch()).count();
}

std::string hex(std::uint64_t number) {
  std::array<char, kHashDigits + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

Expected<std::string> request_of(const json::MemberTexts& members) {
  if (const auto object = members.find("request"); object != members.end()) {
    if (object->second.starts_with('{')) return object->second;
    return violation("/request", "an object");
  }
  const auto bytes = members.find("request_base64");
  if (bytes == members.end()) return violation("/request", "required");
  const std::string& text = bytes->second;
  if (text.size() < 2 || text.front() != '"') return violation("/request_base64", "a string");
  std::optional<std::string> body =
      base64_decode(std::string_view(text).substr(1, text.size() - 2));
  if (!body) return violation("/request_base64", "base64");
  return *std::move(body);
}

// The small members, which need no text of their own.
Expected<Done> read_head(const json::MemberTexts& members, BadCase& bad_case) {
  std::string head = "{";
  for (const std::string_view name : {"schema_version", "dumped_at", "grader"}) {
    const auto found = members.find(name);
    if (found == members.end()) continue;
    if (head.size() > 1) head += ',';
    ((((head += '"') += name) += "\":") += found->second);
  }
  FARM_TRY(const json::Message message, json::read_message(head + '}', 16));
  const json::Node& root = message.document;
  const json::Node* version = json::find(root, "schema_version");
  if (version == nullptr || !version->IsInt() || version->GetInt() != kSchemaVersion)
    return violation("/schema_version", std::to_string(kSchemaVersion));
  const json::Node* when = json::find(root, "dumped_at");
  const auto moment =
      when != nullptr && when->IsString() ? unix_ms_of(json::text_of(*when)) : std::nullopt;
  if (!moment) return violation("/dumped_at", "a time such as 2026-11-21T04:15:00.123Z");
  bad_case.dumped_at_unix_ms = *moment;
  const json::Node* grader = json::find(root, "grader");
  if (grader == nullptr || !grader->IsObject()) return violation("/grader", "an object");
  for (const auto& [name, text] :
       {std::pair("id", &bad_case.grader.id), std::pair("version", &bad_case.grader.version),
        std::pair("environment", &bad_case.grader.environment)}) {
    const json::Node* member = json::find(*grader, name);
    if (member == nullptr) continue;
    if (!member->IsString()) return violation(std::string("/grader/") + name, "a string");
    *text = json::text_of(*member);
  }
  return Done{};
}

}  // namespace

std::string encode_bad_case(const BadCase& bad_case) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  write_member(writer, "schema_version", std::int64_t{kSchemaVersion});
  write_member(writer, "dumped_at", rfc3339_text(bad_case.dumped_at_unix_ms));
  write_key(writer, "grader");
  writer.StartObject();
  write_member(writer, "id", bad_case.grader.id);
  write_member(writer, "version", bad_case.grader.version);
  write_member(writer, "environment", bad_case.grader.environment);
  writer.EndObject();
  if (const auto object = json::compact_object(bad_case.request)) {
    write_key(writer, "request");
    json::write_raw(writer, *object);
  } else {
    write_member(writer, "request_base64", base64_encode(bad_case.request));
  }
  write_key(writer, "result");
  json::write_raw(writer, encode_result(bad_case.result));
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Expected<BadCase> decode_bad_case(std::string_view text) {
  const std::optional<json::MemberTexts> members = json::member_texts(text);
  if (!members) return violation("/", "not one JSON object");
  BadCase bad_case;
  FARM_CHECK_OK(read_head(*members, bad_case));
  FARM_TRY(bad_case.request, request_of(*members));
  const auto result = members->find("result");
  if (result == members->end()) return violation("/result", "required");
  Expected<EvaluationResult> decoded = decode_result(result->second);
  if (!decoded) return invalid_request("in /result: " + decoded.error().what);
  bad_case.result = *std::move(decoded);
  return bad_case;
}

std::string bad_case_file_name(const BadCase& bad_case) {
  std::string name = rfc3339_text(bad_case.dumped_at_unix_ms);
  std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
  ((name += '-') += word(bad_case.result.verdict)) += '-';
  for (const char c : std::string_view(bad_case.result.request_id).substr(0, kShownOfId))
    name += is_harmless(c) ? c : '_';
  std::string identity = bad_case.grader.id;
  (((identity += '\0') += bad_case.result.trainer) += '\0') += bad_case.result.request_id;
  return ((name += '-') += hex(stable_hash(identity))).append(kExtension);
}

bool is_bad_case_file_name(std::string_view name) {
  constexpr std::string_view kShape = "ddddddddTdddddd.dddZ";
  static_assert(kShape.size() == kStampSize);
  if (name.size() < kStampSize + kHashDigits + kExtension.size() || !name.ends_with(kExtension))
    return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(name[i]) : name[i] != kShape[i]) return false;
  }
  return name[kStampSize] == '-' && std::all_of(name.begin(), name.end(), is_harmless);
}

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

std::string rfc3339_text(std::int64_t unix_ms) {
  const std::int64_t within = std::clamp<std::int64_t>(unix_ms, 0, kLastMoment);
  const std::chrono::sys_time<Milliseconds> moment{Milliseconds(within)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text.data();
}

}  // namespace farm
