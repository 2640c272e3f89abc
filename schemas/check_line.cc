#include "schemas/check_line.h"

#include "schemas/decode_parts.h"
#include "schemas/json.h"

namespace farm {
namespace {

using json::Path;

constexpr std::size_t kMaxDepth = 8;

Expected<std::string> text_member(const json::Node& object, std::string_view name) {
  const json::Node* member = json::find(object, name);
  const Path top;
  if (member == nullptr) return json::violation(Path(top, name), "required, missing");
  if (!member->IsString())
    return json::violation(Path(top, name), "type string, got " + json::show(*member));
  return std::string(json::text_of(*member));
}

}  // namespace

std::string_view word(CheckState state) {
  switch (state) {
    case CheckState::kReady:
      return "ready";
    case CheckState::kMissing:
      return "missing";
    case CheckState::kFailing:
      return "failing";
  }
  return "failing";
}

std::string encode_check_line(const CheckLine& line) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::write_member(writer, "check", line.name);
  json::write_member(writer, "state", word(line.state));
  json::write_flag(writer, "required", line.required);
  json::write_member(writer, "detail", line.detail);
  json::write_member(writer, "remedy", line.remedy);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Expected<CheckLine> decode_check_line(std::string_view text) {
  FARM_TRY(const json::Message message, json::read_message(text, kMaxDepth));
  const json::Node& root = message.document;
  const Path top;
  if (!root.IsObject()) return json::violation(top, "type object, got " + json::show(root));
  CheckLine line;
  FARM_TRY(line.name, text_member(root, "check"));
  FARM_TRY(const std::string state, text_member(root, "state"));
  FARM_TRY(line.detail, text_member(root, "detail"));
  FARM_TRY(line.remedy, text_member(root, "remedy"));
  const json::Node* required = json::find(root, "required");
  if (required == nullptr || !required->IsBool())
    return json::violation(Path(top, "required"), "type boolean");
  line.required = required->GetBool();
  for (const CheckState known : {CheckState::kReady, CheckState::kMissing, CheckState::kFailing}) {
    if (word(known) != state) continue;
    line.state = known;
    return line;
  }
  return json::violation(Path(top, "state"),
                         "one of ready, missing, failing, got " + json::show(state));
}

}  // namespace farm
