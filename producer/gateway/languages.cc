#include "producer/gateway/languages.h"

namespace farm::gateway {

const std::vector<std::string_view>& language_words() {
  static const std::vector<std::string_view> words = {
      "python", "cpp",     "nodejs",     "javascript", "go",    "go_test", "java",  "php",
      "csharp", "bash",    "typescript", "sql",        "rust",  "cuda",    "lua",   "R",
      "perl",   "D_ut",    "ruby",       "scala",      "julia", "pytest",  "junit", "kotlin_script",
      "jest",   "verilog", "python_gpu", "lean",       "swift", "racket"};
  return words;
}

std::string farm_language(std::string_view word) {
  return word == "javascript" ? "nodejs" : std::string(word);
}

}  // namespace farm::gateway
