#include "schemas/grader_status.h"

#include "schemas/decode_parts.h"
#include "schemas/json.h"
#include "schemas/request.h"

namespace farm {
namespace {

using json::find;
using json::Node;
using json::Path;

constexpr std::size_t kMaxDepth = 32;

// These read what another version of the farm may have written: a member of another type counts as
// absent.
std::string text_or_empty(const Node& object, std::string_view name) {
  const Node* member = find(object, name);
  return member != nullptr && member->IsString() ? std::string(json::text_of(*member))
                                                 : std::string();
}
std::int64_t integer_or_zero(const Node& object, std::string_view name) {
  const Node* member = find(object, name);
  return member != nullptr && member->IsInt64() ? member->GetInt64() : 0;
}

RunningRequest decode_running(const Node& node) {
  RunningRequest running;
  running.slot = static_cast<int>(integer_or_zero(node, "slot"));
  running.request_id = text_or_empty(node, "request_id");
  running.trainer = text_or_empty(node, "trainer");
  running.language = text_or_empty(node, "language");
  running.since_unix_ms = integer_or_zero(node, "since_unix_ms");
  return running;
}

}  // namespace

std::string encode_grader_status(const GraderStatus& status) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::write_member(writer, "schema_version", std::int64_t{kSchemaVersion});
  json::write_member(writer, "grader", status.grader);
  json::write_member(writer, "pool", status.pool);
  json::write_member(writer, "version", status.version);
  json::write_member(writer, "started_unix_ms", status.started_unix_ms);
  json::write_member(writer, "sent_unix_ms", status.sent_unix_ms);
  json::write_flag(writer, "ready", status.ready);
  json::write_member(writer, "conditions", status.conditions);
  json::write_member(writer, "slots", std::int64_t{status.slots});
  json::write_key(writer, "running");
  writer.StartArray();
  for (const RunningRequest& running : status.running) {
    writer.StartObject();
    json::write_member(writer, "slot", std::int64_t{running.slot});
    json::write_member(writer, "request_id", running.request_id);
    json::write_member(writer, "trainer", running.trainer);
    json::write_member(writer, "language", running.language);
    json::write_member(writer, "since_unix_ms", running.since_unix_ms);
    writer.EndObject();
  }
  writer.EndArray();
  json::write_key(writer, "queue_wait");
  writer.StartObject();
  json::write_member(writer, "count", status.waits.count);
  json::write_member(writer, "median_ms", std::int64_t{status.waits.median.count()});
  json::write_member(writer, "p95_ms", std::int64_t{status.waits.p95.count()});
  json::write_member(writer, "longest_ms", std::int64_t{status.waits.longest.count()});
  writer.EndObject();
  json::write_member(writer, "graded", status.graded);
  json::write_member(writer, "partitions", status.partitions);
  json::write_strings(writer, "languages", status.languages);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Expected<GraderStatus> decode_grader_status(std::string_view text) {
  FARM_TRY(const json::Message message, json::read_message(text, kMaxDepth));
  const Node& root = message.document;
  const Path top;
  if (!root.IsObject()) return json::violation(top, "type object, got " + json::show(root));
  GraderStatus status;
  status.grader = text_or_empty(root, "grader");
  if (status.grader.empty()) return json::violation(Path(top, "grader"), "required, missing");
  status.pool = text_or_empty(root, "pool");
  status.version = text_or_empty(root, "version");
  status.started_unix_ms = integer_or_zero(root, "started_unix_ms");
  status.sent_unix_ms = integer_or_zero(root, "sent_unix_ms");
  const Node* ready = find(root, "ready");
  status.ready = ready != nullptr && ready->IsBool() && ready->GetBool();
  status.conditions = text_or_empty(root, "conditions");
  status.slots = static_cast<int>(integer_or_zero(root, "slots"));
  if (const Node* running = find(root, "running"); running != nullptr && running->IsArray()) {
    for (const Node& one : running->GetArray()) {
      if (one.IsObject()) status.running.push_back(decode_running(one));
    }
  }
  if (const Node* waits = find(root, "queue_wait"); waits != nullptr && waits->IsObject()) {
    status.waits.count = integer_or_zero(*waits, "count");
    status.waits.median = Milliseconds(integer_or_zero(*waits, "median_ms"));
    status.waits.p95 = Milliseconds(integer_or_zero(*waits, "p95_ms"));
    status.waits.longest = Milliseconds(integer_or_zero(*waits, "longest_ms"));
  }
  status.graded = integer_or_zero(root, "graded");
  status.partitions = integer_or_zero(root, "partitions");
  if (const Node* languages = find(root, "languages");
      languages != nullptr && languages->IsArray()) {
    for (const Node& one : languages->GetArray()) {
      if (one.IsString()) status.languages.emplace_back(json::text_of(one));
    }
  }
  return status;
}

}  // namespace farm
