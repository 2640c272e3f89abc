// The value codec and the comparison of values. What a submission returned is any bytes that it
// likes: it is read or refused, and a value equals what is read back from its own text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "grader/judge/compare_values.h"
#include "schemas/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = farm::decode_value(text);
  if (!value) return 0;
  const std::string written = farm::encode_value(*value);
  const auto again = farm::decode_value(written);
  if (!again || farm::encode_value(*again) != written) std::abort();
  for (const bool unordered : {false, true}) {
    farm::Comparison how;
    how.unordered = unordered;
    const auto found = farm::judge::compare_values(*value, *again, how);
    // An opaque value equals nothing, itself included.
    if (!found.equal && written.find("\"$type\"") == std::string::npos) std::abort();
  }
  return 0;
}
