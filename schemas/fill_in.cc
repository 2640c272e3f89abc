#include "schemas/fill_in.h"

#include <cstddef>
#include <string_view>

#include "schemas/json.h"
#include "schemas/json_reader.h"
#include "schemas/request.h"

namespace farm {
namespace {

// Sees which members the outermost object has.
class TopLevel {
 public:
  bool StartObject() { return enter(true); }
  bool EndObject(std::uint32_t) { return leave(); }
  bool StartArray() { return enter(false); }
  bool EndArray(std::uint32_t) { return leave(); }
  bool Key(const char* name, std::uint32_t length, bool) {
    if (depth_ == 1) {
      const std::string_view key(name, length);
      has_version_ = has_version_ || key == "schema_version";
      has_id_ = has_id_ || key == "request_id";
      has_trainer_ = has_trainer_ || key == "trainer";
    }
    ++keys_;
    return true;
  }
  bool Null() { return true; }
  bool Bool(bool) { return true; }
  bool Int64(std::int64_t) { return true; }
  bool Double(double) { return true; }
  bool BigInteger(std::string_view) { return true; }
  bool RawNumber(std::string_view) { return true; }
  bool takes_numbers_raw() const { return true; }
  bool String(const char*, std::uint32_t, bool) { return true; }

  bool is_object() const { return is_object_; }
  bool is_empty() const { return keys_ == 0; }
  bool has_version() const { return has_version_; }
  bool has_id() const { return has_id_; }
  bool has_trainer() const { return has_trainer_; }

 private:
  bool enter(bool object) {
    if (depth_ == 0) is_object_ = object;
    ++depth_;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::size_t depth_ = 0;
  std::size_t keys_ = 0;
  bool is_object_ = false;
  bool has_version_ = false;
  bool has_id_ = false;
  bool has_trainer_ = false;
};

}  // namespace

std::string fill_in(std::string json, const RequestDefaults& defaults) {
  TopLevel seen;
  if (json::read_json(json, DecodeBounds{}.max_depth, seen) || !seen.is_object()) return json;
  if (seen.has_version() && seen.has_id() && seen.has_trainer()) return json;

  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  if (!seen.has_version()) {
    json::write_key(writer, "schema_version");
    writer.Int(kSchemaVersion);
  }
  const auto add = [&](bool present, std::string_view name, std::string_view value) {
    if (present) return;
    json::write_key(writer, name);
    json::write(writer, value);
  };
  add(seen.has_id(), "request_id", defaults.request_id);
  add(seen.has_trainer(), "trainer", defaults.trainer);
  writer.EndObject();

  std::string members(buffer.GetString() + 1, buffer.GetSize() - 2);  // without the braces
  if (!seen.is_empty()) members += ',';
  json.insert(json.find('{') + 1, members);
  return json;
}

}  // namespace farm
