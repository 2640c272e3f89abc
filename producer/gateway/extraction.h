// The program in a model's text, by SandboxFusion's rules and not by the farm's
// (grader/languages/extract.h): a trainer that comes over HTTP shall get the reward that it got
// before. They differ: here the first block counts, one of another language too. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farm::gateway {

// What the word behind a fence means; empty: no language that is known.
std::string_view language_of_tag(std::string_view tag);

struct CodeBlock {
  std::string_view language;  // language_of_tag()
  std::string code;
};

// Blocks between fences: three backquotes anywhere, the rest of the line as tag, and the shortest
// text up to a line that begins with three backquotes, be it indented.
std::vector<CodeBlock> fenced_blocks(std::string_view completion);

// Fenced blocks, else what follows a fence that nobody closed, else, in Python, the first function
// or class with the imports above it, and in bash all of it. Of several blocks the first that is
// tagged with `language`, else the first. Empty: there is no program.
std::string extract_program(std::string_view completion, std::string_view language);

// The first block, whatever its tag, as tests of the kind of MultiPL-E want it: without the model's
// own main function or example in C++, and without what the tests' stop tokens say. "\n}" keeps all
// whole functions and loses the last brace, with which these tests begin: the peers keep the first
// function alone, so that a helper before it costs the reward.
std::string extract_for_tests(std::string_view completion, std::string_view language,
                              const std::vector<std::string>& stop_tokens);

}  // namespace farm::gateway
