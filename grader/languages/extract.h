// Extraction of a program from a model's text. Pure and deterministic; README.md of this folder has
// the rule with its reasons. The text is data: nothing in it is run or interpreted beyond fences.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/language.h"

namespace farm::languages {

// The program in `completion`:
// 1. What precedes the last "</think>" is dropped; a text that opens with "<think>" and never
// closes it has no program.
// 2. Fenced blocks are found as CommonMark does.
// 3. Of the blocks that are not blank, the last one whose info word is a fence name of `language`;
// if there is none, the
//    last one without an info word. Blocks of other languages never count.
// 4. A text without any fence is the program as a whole.
// nullopt: there is no program in it, which is the submission's fault. Lines of a block end in
// "\n", whatever they ended in before.
std::optional<std::string> extract_code(std::string_view completion,
                                        const LanguageDefinition& language);

// One fenced block. For tests and for clients that want more than one.
struct FencedBlock {
  std::string info;  // first word of the info string, lower-case ASCII; empty if there is none
  std::string content;
  bool closed = true;
};
std::vector<FencedBlock> fenced_blocks(std::string_view text);

// `text` up to the earliest occurrence of any of `tokens`. Tokens are literal; empty ones are
// ignored.
std::string_view apply_stop_tokens(std::string_view text, const std::vector<std::string>& tokens);

}  // namespace farm::languages
