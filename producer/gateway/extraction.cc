#include "producer/gateway/extraction.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace farm::gateway {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kSpace = " \t\r\n\f\v";

using Tag = std::pair<std::string_view, std::string_view>;
const std::vector<Tag>& tags() {
  static const std::vector<Tag> table = {
      {"python", "python"},
      {"Python", "python"},
      {"py", "python"},
      {"Py", "python"},
      {"python3", "python"},
      {"Python3", "python"},
      {"PY", "python"},
      {"cpp", "cpp"},
      {"c++", "cpp"},
      {"C++", "cpp"},
      {"Cpp", "cpp"},
      {"CPP", "cpp"},
      {"JS", "nodejs"},
      {"js", "nodejs"},
      {"javascript", "nodejs"},
      {"Javascript", "nodejs"},
      {"JavaScript", "nodejs"},
      {"go", "go"},
      {"Go", "go"},
      {"java", "java"},
      {"Java", "java"},
      {"php", "php"},
      {"csharp", "csharp"},
      {"c#", "csharp"},
      {"C#", "csharp"},
      {"bash", "bash"},
      {"Bash", "bash"},
      {"BASH", "bash"},
      {"sh", "bash"},
      {"shell", "bash"},
      {"typescript", "typescript"},
      {"rust", "rust"},
      {"Rust", "rust"},
      {"rs", "rust"},
      {"sql", "sql"},
      {"SQL", "sql"},
      {"Sql", "sql"},
      {"D", "D_ut"},
      {"d", "D_ut"},
      {"julia", "julia"},
      {"Julia", "julia"},
      {"jl", "julia"},
      {"lua", "lua"},
      {"Lua", "lua"},
      {"perl", "perl"},
      {"Perl", "perl"},
      {"PERL", "perl"},
      {"R", "R"},
      {"r", "R"},
      {"ruby", "ruby"},
      {"Ruby", "ruby"},
      {"scala", "scala"},
      {"Scala", "scala"},
      {"kotlin", "kotlin_script"},
      {"Kotlin", "kotlin_script"},
      {"c", "c"},
      {"C", "c"},
      {"html", "html"},
      {"verilog", "verilog"},
      {"Verilog", "verilog"},
      {"VERILOG", "verilog"},
      {"racket", "racket"},
      {"swift", "swift"},
      // Not the peers': there they mean nothing, and only the fallback to the first block helps.
      {"ts", "typescript"},
      {"rb", "ruby"},
      {"golang", "go"},
      {"nodejs", "nodejs"},
      {"D_ut", "D_ut"},
      {"lean", "lean"},
      {"cxx", "cpp"},
  };
  return table;
}

std::string_view stripped(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Where the newline before the closing fence is, and where that ends; npos: nobody closes it.
std::pair<std::size_t, std::size_t> closing_fence(std::string_view text, std::size_t from) {
  constexpr std::size_t kNone = std::string_view::npos;
  for (std::size_t at = text.find('\n', from); at != kNone; at = text.find('\n', at + 1)) {
    const std::size_t next = text.find_first_not_of(kSpace, at);
    if (next == kNone) break;
    if (text.substr(next).starts_with(kFence)) return {at, next + kFence.size()};
    // Blank lines between here and `next` lead to the same place.
    at = std::max(at, text.rfind('\n', next));
  }
  return {kNone, kNone};
}

std::optional<CodeBlock> open_block(std::string_view text) {
  const std::size_t fence = text.find(kFence);
  if (fence == std::string_view::npos) return std::nullopt;
  const std::size_t line_end = text.find('\n', fence);
  if (line_end == std::string_view::npos) return std::nullopt;
  const std::string_view tag = text.substr(fence + 3, line_end - fence - 3);
  return CodeBlock{language_of_tag(stripped(tag)), std::string(text.substr(line_end + 1))};
}

std::vector<std::string_view> lines_without_blank(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!stripped(line).empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string joined(const std::vector<std::string_view>& lines) {
  std::string out;
  for (const std::string_view line : lines) {
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

bool begins_with_any(std::string_view line, std::initializer_list<std::string_view> heads) {
  return std::any_of(heads.begin(), heads.end(),
                     [&](std::string_view head) { return line.starts_with(head); });
}

bool is_indented(std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); }

// The first def or class, with the imports and comments right above it.
std::string first_python_block(std::string_view text) {
  const std::vector<std::string_view> lines = lines_without_blank(text);
  const auto head = std::find_if(lines.begin(), lines.end(), [](std::string_view line) {
    return begins_with_any(line, {"def ", "class "});
  });
  if (head == lines.end()) return {};
  auto first = head;
  while (first != lines.begin() && begins_with_any(*(first - 1), {"import ", "from ", "#"}))
    --first;
  const auto last =
      std::find_if(head + 1, lines.end(), [](std::string_view line) { return !is_indented(line); });
  return last == head + 1 ? std::string() : joined(std::vector<std::string_view>(first, last));
}

std::string unfenced_program(std::string_view completion, std::string_view language) {
  if (language == "python") return first_python_block(completion);
  if (language == "bash") return joined(lines_without_blank(completion));
  return {};
}

void cut_at(std::string& program, std::string_view token) {
  if (const std::size_t at = program.find(token); at != std::string::npos) program.resize(at);
}

}  // namespace

std::string_view language_of_tag(std::string_view tag) {
  const auto known =
      std::find_if(tags().begin(), tags().end(), [&](const Tag& row) { return row.first == tag; });
  return known == tags().end() ? std::string_view() : known->second;
}

std::vector<CodeBlock> fenced_blocks(std::string_view completion) {
  std::vector<CodeBlock> blocks;
  std::string_view rest = completion;
  while (true) {
    const std::size_t fence = rest.find(kFence);
    if (fence == std::string_view::npos) return blocks;
    const std::size_t line_end = rest.find('\n', fence);
    if (line_end == std::string_view::npos) return blocks;
    const auto [end, behind] = closing_fence(rest, line_end + 1);
    if (end == std::string_view::npos) return blocks;
    const std::string_view tag = rest.substr(fence + 3, line_end - fence - 3);
    blocks.push_back({language_of_tag(stripped(tag)),
                      std::string(rest.substr(line_end + 1, end - line_end - 1))});
    rest.remove_prefix(behind);
  }
}

std::string extract_program(std::string_view completion, std::string_view language) {
  std::vector<CodeBlock> blocks = fenced_blocks(completion);
  if (blocks.empty()) {
    if (auto open = open_block(completion)) blocks.push_back(*std::move(open));
  }
  if (blocks.empty()) return unfenced_program(completion, language);
  const auto tagged = std::find_if(blocks.begin(), blocks.end(), [&](const CodeBlock& block) {
    return block.language == language;
  });
  return std::move(tagged == blocks.end() ? blocks.front() : *tagged).code;
}

std::string extract_for_tests(std::string_view completion, std::string_view language,
                              const std::vector<std::string>& stop_tokens) {
  std::vector<CodeBlock> blocks = fenced_blocks(completion);
  if (blocks.empty()) {
    if (auto open = open_block(completion)) blocks.push_back(*std::move(open));
  }
  std::string program =
      blocks.empty() ? unfenced_program(completion, language) : std::move(blocks.front()).code;
  std::erase(program, '\r');
  if (language == "cpp") cut_at(program, "int main()");
  if (language == "csharp") cut_at(program, "public static void Main");
  cut_at(program, "# Example usage");
  for (const std::string& token : stop_tokens) {
    if (token == "\n\n" || token.empty()) continue;
    if (token == "\n}") {
      if (const std::size_t last = program.rfind(token); last != std::string::npos)
        program.resize(last);
    } else {
      cut_at(program, token);
    }
  }
  return program;
}

}  // namespace farm::gateway
