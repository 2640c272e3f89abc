#include "schemas/cancel.h"

#include "schemas/decode_parts.h"
#include "schemas/json.h"
#include "schemas/request.h"

namespace farm {
namespace {

using json::find;
using json::Node;
using json::Path;
using json::violation;

constexpr std::size_t kMaxDepth = 32;

}  // namespace

std::string encode_cancel(const Cancel& cancel) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::write_member(writer, "schema_version", std::int64_t{kSchemaVersion});
  json::write_member(writer, "trainer", cancel.trainer);
  if (cancel.step) {
    json::write_member(writer, "step", *cancel.step);
  } else {
    json::write_strings(writer, "request_ids", cancel.request_ids);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Expected<Cancel> decode_cancel(std::string_view text) {
  FARM_TRY(const json::Message message, json::read_message(text, kMaxDepth));
  const Node& root = message.document;
  const Path top;
  if (!root.IsObject()) return violation(top, "type object, got " + json::show(root));
  Cancel cancel;
  const Node* trainer = find(root, "trainer");
  if (trainer == nullptr || !trainer->IsString())
    return violation(Path(top, "trainer"), "required string, missing");
  cancel.trainer = json::text_of(*trainer);
  const Node* step = find(root, "step");
  const Node* ids = find(root, "request_ids");
  if ((step == nullptr) == (ids == nullptr))
    return violation(top, "either step or request_ids, got both or neither");
  if (step != nullptr) {
    if (!step->IsInt64())
      return violation(Path(top, "step"), "type integer, got " + json::show(*step));
    cancel.step = step->GetInt64();
    return cancel;
  }
  if (!ids->IsArray())
    return violation(Path(top, "request_ids"), "type array, got " + json::show(*ids));
  if (ids->Size() > Cancel::kMaxIds) {
    return violation(Path(top, "request_ids"), "at most " + std::to_string(Cancel::kMaxIds) +
                                                   " ids, got " + std::to_string(ids->Size()));
  }
  for (const Node& id : ids->GetArray()) {
    if (!id.IsString())
      return violation(Path(top, "request_ids"), "strings, got " + json::show(id));
    if (id.GetStringLength() > Cancel::kMaxIdBytes) {
      return violation(Path(top, "request_ids"),
                       "ids of at most " + std::to_string(Cancel::kMaxIdBytes) + " bytes, got " +
                           std::to_string(id.GetStringLength()));
    }
    cancel.request_ids.emplace_back(json::text_of(id));
  }
  return cancel;
}

}  // namespace farm
