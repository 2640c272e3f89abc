// BlobStore: content named by its SHA-256 in a directory that clients and graders share. Writers
// and readers may be on different hosts and run as different users. Thread-safe; safe against
// concurrent writers of the same content.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/blob.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::kafka {

class BlobStore {
 public:
  // Creates `directory` (not its parents) if it is missing, with mode 01777 as /tmp has: anyone may
  // add, only the owner may remove; what a reader gets is protected by its hash. Errors: kInternal
  // with the path and what is wrong with it.
  static Expected<BlobStore> open(std::string directory);

  // Stores `content` zstd-compressed under <first two hex digits>/<hash>.zst by write-to-temporary
  // and rename; content that is there already is not written again. Errors: kExhausted (no space),
  // kInternal.
  Expected<BlobReference> put(std::string_view content) const;

  // Reads, decompresses (bounded by ref.bytes and `max`) and checks the hash. Waits up to
  // `patience` for a blob that is not there yet. Errors: kUnavailable (missing), kInvalidRequest
  // (location outside the store, size above `max`), kInternal (corrupt: hash or size differ).
  Expected<std::string> get(const BlobReference& reference, Bytes max, Milliseconds patience) const;

  // Removes blobs not written or read for `age`, as far as this user may. Returns how many. Where a
  // reader is not the owner, a read counts by the file system's access time, which is a day coarse
  // (relatime): choose `age` in days.
  Expected<std::int64_t> collect_garbage(Milliseconds age) const;

 private:
  explicit BlobStore(std::string directory);
  std::string directory_;
};

}  // namespace farm::kafka
