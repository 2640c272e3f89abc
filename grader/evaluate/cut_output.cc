#include "grader/evaluate/cut_output.h"

#include <algorithm>

namespace farm::evaluate {
namespace {

constexpr std::size_t kLongestCharacter = 4;  // bytes of UTF-8

bool continues_character(char c) { return (c & 0xC0) == 0x80; }

// `at`, moved back to the start of the character that it falls into.
std::size_t character_start(std::string_view text, std::size_t at) {
  for (std::size_t back = 0; back < kLongestCharacter && back <= at && at - back < text.size();
       ++back) {
    if (!continues_character(text[at - back])) return at - back;
  }
  return at;
}

}  // namespace

CutOutput cut_output(std::string_view output, Bytes limit) {
  const auto room = static_cast<std::size_t>(std::max<std::int64_t>(limit.count, 0));
  if (output.size() <= room) return {std::string(output), false};

  std::string marker = "\n[" + std::to_string(output.size() - room) + " or more bytes left out]\n";
  if (marker.size() * 4 > room) marker.clear();
  const std::size_t kept = room - marker.size();
  const std::size_t head = character_start(output, kept / 2);
  std::size_t tail = output.size() - (kept - kept / 2);
  for (std::size_t i = 0;
       i < kLongestCharacter && tail < output.size() && continues_character(output[tail]); ++i)
    ++tail;
  return {std::string(output.substr(0, head)) + marker + std::string(output.substr(tail)), true};
}

}  // namespace farm::evaluate
