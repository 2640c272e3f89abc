// Enumerators and their words on the wire, in one table for both directions. Internal to schemas/.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "schemas/expected.h"

namespace farm::json {

template <typename E, std::size_t N>
using Words = std::array<std::pair<E, std::string_view>, N>;

template <typename E, std::size_t N>
std::string_view word_of(const Words<E, N>& words, E value) {
  for (const auto& [enumerator, word] : words) {
    if (enumerator == value) return word;
  }
  FARM_ASSERT(!"every enumerator has a word");
  return {};
}

// `fallback` where the word is empty, which stands for an absent member. Any other word has passed
// the schema.
template <typename E, std::size_t N>
E parse_word(const Words<E, N>& words, std::string_view text, E fallback) {
  if (text.empty()) return fallback;
  for (const auto& [enumerator, word] : words) {
    if (word == text) return enumerator;
  }
  FARM_ASSERT(!"the schema lists the words of the table");
  return fallback;
}

}  // namespace farm::json
