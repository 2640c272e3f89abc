#include "schemas/blob.h"

#include <algorithm>
#include <utility>

#include "schemas/decode_parts.h"
#include "schemas/json.h"
#include "schemas/request.h"

namespace farm {
namespace {

using json::find;
using json::Node;
using json::Path;
using json::violation;

constexpr std::size_t kMaxDepth =
    512;  // as DecodeBounds: a record that nests deeper is refused as content

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Expected<std::string> string_member(const Node& object, std::string_view name, const Path& where) {
  const Node* member = find(object, name);
  const Path here(where, name);
  if (member == nullptr) return violation(here, "required, missing");
  if (!member->IsString()) return violation(here, "type string, got " + json::show(*member));
  return std::string(json::text_of(*member));
}

Expected<BlobReference> decode_reference(const Node& node, const Path& where) {
  if (!node.IsObject()) return violation(where, "type object, got " + json::show(node));
  BlobReference reference;
  FARM_TRY(reference.sha256, string_member(node, "sha256", where));
  if (!is_sha256(reference.sha256)) {
    return violation(Path(where, "sha256"),
                     "64 lower-case hex digits, got " + json::show(reference.sha256));
  }
  FARM_TRY(reference.location, string_member(node, "location", where));
  if (reference.location.empty())
    return violation(Path(where, "location"), "minLength 1, got \"\"");
  const Node* bytes = find(node, "bytes");
  if (bytes == nullptr) return violation(Path(where, "bytes"), "required, missing");
  if (!bytes->IsInt64() || bytes->GetInt64() < 0) {
    return violation(Path(where, "bytes"), "integer of at least 0, got " + json::show(*bytes));
  }
  reference.bytes = bytes->GetInt64();
  return reference;
}

}  // namespace

std::string encode_blob_envelope(const BlobEnvelope& envelope) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::write_member(writer, "schema_version", std::int64_t{kSchemaVersion});
  json::write_member(writer, "request_id", envelope.request_id);
  json::write_member(writer, "trainer", envelope.trainer);
  json::write_key(writer, "blob");
  writer.StartObject();
  json::write_member(writer, "sha256", envelope.blob.sha256);
  json::write_member(writer, "bytes", envelope.blob.bytes);
  json::write_member(writer, "location", envelope.blob.location);
  writer.EndObject();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Expected<std::optional<BlobEnvelope>> decode_blob_envelope(std::string_view text) {
  // Every record comes by here, and nearly none is an envelope. Inside a JSON string the quotes
  // would be escaped.
  if (text.find("\"blob\"") == std::string_view::npos) return std::optional<BlobEnvelope>();
  Expected<json::Message> message = json::read_message(text, kMaxDepth);
  if (!message)
    return std::optional<BlobEnvelope>();  // content, and its decoder says what is wrong with it
  const Node& root = message->document;
  if (!root.IsObject() || !root.HasMember("blob")) return std::optional<BlobEnvelope>();
  const Path top;
  if (const std::string_view twice = json::duplicate_name(root); twice.data() != nullptr) {
    return violation(Path(top, twice), "given more than once");
  }
  const Node* version = find(root, "schema_version");
  if (version == nullptr || !version->IsInt64() || version->GetInt64() != kSchemaVersion) {
    return violation(Path(top, "schema_version"),
                     "enum 1, got " + (version == nullptr ? "nothing" : json::show(*version)));
  }
  BlobEnvelope envelope;
  FARM_TRY(envelope.request_id, string_member(root, "request_id", top));
  FARM_TRY(envelope.trainer, string_member(root, "trainer", top));
  FARM_TRY(envelope.blob, decode_reference(root["blob"], Path(top, "blob")));
  return std::optional<BlobEnvelope>(std::move(envelope));
}

}  // namespace farm
