#include "producer/random_name.h"

#include <sys/random.h>

#include <array>
#include <cerrno>

#include "schemas/expected.h"

namespace farm::producer {

std::string random_name() {
  std::array<unsigned char, 8> bytes{};
  ssize_t got = 0;
  do {
    got = ::getrandom(bytes.data(), bytes.size(), 0);  // up to 256 bytes come whole: getrandom(2)
  } while (got < 0 && errno == EINTR);
  FARM_ASSERT(got == static_cast<ssize_t>(bytes.size()));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name;
  for (const unsigned char byte : bytes) {
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return name;
}

}  // namespace farm::producer
