// BlobReference: content that travels beside Kafka instead of inside a record, named by its hash. A
// record whose value is a blob envelope
// `{"schema_version":1,"request_id":…,"trainer":…,"blob":{"sha256","bytes","location"}}` stands for
// the record whose value is the blob's content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/expected.h"

namespace farm {

struct BlobReference {
  std::string sha256;      // 64 lower-case hex digits, of the uncompressed content
  std::int64_t bytes = 0;  // of the uncompressed content
  std::string location;    // "file:<path below the shared directory>"; other schemes may follow
};

struct BlobEnvelope {
  std::string request_id;
  std::string trainer;
  BlobReference blob;
};

std::string encode_blob_envelope(const BlobEnvelope& envelope);
// nullopt: this record value is no envelope (it has no member `blob`), so it is the content itself.
// Errors: kInvalidRequest where `blob` is there and malformed.
Expected<std::optional<BlobEnvelope>> decode_blob_envelope(std::string_view json);

}  // namespace farm
