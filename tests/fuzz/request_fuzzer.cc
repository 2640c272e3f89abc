// The request decoder, on anything that a Kafka record may hold: it never fails otherwise than by
// an error, and what it takes survives being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schemas/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)farm::peek_identity(text);
  const auto request = farm::decode_request(text);
  if (!request) {
    if (request.error().text().empty()) std::abort();  // nobody would know what to mend
    return 0;
  }
  const std::string written = farm::encode_request(*request);
  const auto again = farm::decode_request(written);
  if (!again || farm::encode_request(*again) != written) std::abort();
  return 0;
}
