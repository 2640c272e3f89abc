#include "schemas/dead_letter.h"

#include "schemas/base64.h"
#include "schemas/decode_parts.h"
#include "schemas/json.h"
#include "schemas/text.h"

namespace farm {

std::string encode_dead_letter(const DeadLetter& letter) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::write_member(writer, "id", letter.id);
  json::write_member(writer, "published_unix_ms", letter.published_unix_ms);
  json::write_key(writer, "headers");
  writer.StartObject();
  for (const auto& [name, value] : letter.headers) json::write_member(writer, name, value);
  writer.EndObject();
  if (is_utf8(letter.value)) {
    json::write_member(writer, "value", letter.value);
  } else {
    json::write_member(writer, "value_base64", base64_encode(letter.value));
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace farm
