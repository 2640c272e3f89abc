#include "grader/languages/extract.h"

#include <algorithm>

namespace farm::languages {
namespace {

constexpr std::string_view kThinkOpen = "<think>";
constexpr std::string_view kThinkClose = "</think>";

// Source: CommonMark 0.31, section 4.5. A fence is indented by at most three spaces; four make an
// indented code block.
constexpr std::size_t kMaxIndentation = 3;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string_view trim_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the first line off `rest`: without its line ending, be it "\n" or "\r\n".
std::string_view take_line(std::string_view& rest) {
  const std::size_t newline = rest.find('\n');
  std::string_view line = rest.substr(0, newline);
  rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct Fence {
  char mark = 0;
  std::size_t length = 0;  // of the run of marks; at least 3
  std::size_t indentation = 0;
  std::string_view info;
};

std::optional<Fence> fence_at(std::string_view line) {
  Fence fence;
  while (fence.indentation < line.size() && line[fence.indentation] == ' ') ++fence.indentation;
  line.remove_prefix(fence.indentation);
  if (line.empty() || (line.front() != '`' && line.front() != '~')) return std::nullopt;
  fence.mark = line.front();
  fence.length = std::min(line.find_first_not_of(fence.mark), line.size());
  if (fence.length < 3) return std::nullopt;
  fence.info = trim_blanks(line.substr(fence.length));
  // ```code``` in a line of text is no fence.
  if (fence.mark == '`' && fence.info.find('`') != std::string_view::npos) return std::nullopt;
  return fence;
}

bool closes(std::string_view line, const Fence& opening, std::size_t max_indentation) {
  const auto fence = fence_at(line);
  return fence && fence->mark == opening.mark && fence->length >= opening.length &&
         fence->info.empty() && fence->indentation <= max_indentation;
}

std::string first_word_lower(std::string_view info) {
  std::string word(info.substr(0, info.find_first_of(" \t")));
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return word;
}

std::string_view without_indentation(std::string_view line, std::size_t indentation) {
  std::size_t spaces = 0;
  while (spaces < indentation && spaces < line.size() && line[spaces] == ' ') ++spaces;
  return line.substr(spaces);
}

std::vector<FencedBlock> blocks_within(std::string_view text, std::size_t max_indentation) {
  std::vector<FencedBlock> blocks;
  while (!text.empty()) {
    const auto fence = fence_at(take_line(text));
    if (!fence || fence->indentation > max_indentation) continue;
    FencedBlock block{first_word_lower(fence->info), {}, false};
    // In a list item the fences' own indentation is the item's, and three more spaces are free as
    // elsewhere.
    const std::size_t max_closing = std::max(kMaxIndentation, fence->indentation + kMaxIndentation);
    while (!text.empty() && !block.closed) {
      const std::string_view line = take_line(text);
      block.closed =
          closes(line, *fence, max_indentation == kMaxIndentation ? kMaxIndentation : max_closing);
      if (block.closed) break;
      block.content += without_indentation(line, fence->indentation);
      block.content += '\n';
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// What follows the reasoning of a model; nullopt: the reasoning never ended.
std::optional<std::string_view> answer_of(std::string_view completion) {
  const std::size_t close = completion.rfind(kThinkClose);
  if (close != std::string_view::npos) return completion.substr(close + kThinkClose.size());
  const std::size_t start = completion.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && completion.substr(start).starts_with(kThinkOpen))
    return std::nullopt;
  return completion;
}

}  // namespace

std::vector<FencedBlock> fenced_blocks(std::string_view text) {
  auto blocks = blocks_within(text, kMaxIndentation);
  if (blocks.empty()) blocks = blocks_within(text, std::string_view::npos);
  return blocks;
}

std::optional<std::string> extract_code(std::string_view completion,
                                        const LanguageDefinition& language) {
  const auto answer = answer_of(completion);
  if (!answer || is_blank(*answer)) return std::nullopt;
  auto blocks = fenced_blocks(*answer);
  if (blocks.empty()) return std::string(*answer);
  const auto last_of = [&](auto matches) -> FencedBlock* {
    const auto found = std::find_if(blocks.rbegin(), blocks.rend(), [&](const FencedBlock& block) {
      return !is_blank(block.content) && matches(block.info);
    });
    return found == blocks.rend() ? nullptr : &*found;
  };
  const auto& names = language.fence_names;
  FencedBlock* chosen = last_of([&](const std::string& info) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return first_word_lower(name) == info; });
  });
  if (chosen == nullptr) chosen = last_of([](const std::string& info) { return info.empty(); });
  if (chosen == nullptr) return std::nullopt;
  return std::move(chosen->content);
}

std::string_view apply_stop_tokens(std::string_view text, const std::vector<std::string>& tokens) {
  std::size_t cut = text.size();
  for (const std::string& token : tokens) {
    if (!token.empty()) cut = std::min(cut, text.find(token));
  }
  return text.substr(0, cut);
}

}  // namespace farm::languages
