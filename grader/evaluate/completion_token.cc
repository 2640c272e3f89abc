#include "grader/evaluate/completion_token.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "schemas/expected.h"

namespace farm::evaluate {

std::string completion_token() {
  std::array<unsigned char, 16> bits{};
  ssize_t got = -1;
  do {
    got = ::getrandom(bits.data(), bits.size(), 0);
  } while (got < 0 && errno == EINTR);
  FARM_ASSERT(got == static_cast<ssize_t>(bits.size()));

  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bits) {
    token.push_back(kDigits[byte >> 4]);
    token.push_back(kDigits[byte & 0xF]);
  }
  return token;
}

}  // namespace farm::evaluate
