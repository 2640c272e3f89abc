// What a source's own text says of the names that a compiler and a run time want to hear. Pure;
// looks at tokens, knows no grammar: what it misreads the compiler refuses, in its own words.
#pragma once

#include <string>
#include <string_view>

#include "schemas/language.h"

namespace farm::languages {

struct SourceNames {
  std::string file;        // of the source, relative to the work directory
  std::string main_class;  // {main_class}, with its package
  // Where compiled classes belong, relative to the work directory, with a '/' at its end; empty:
  // there.
  std::string directory;
};

// SourceNaming::kSourceName: file is source_name, main_class its stem.
// SourceNaming::kJavaClass: a public top-level class has to lie in a file of its name (JLS 7.6),
// else source_name will do; the run begins in the first top-level class that declares a static
// main, else in the public one, else in the first.
SourceNames source_names(const LanguageDefinition& language, std::string_view text);

}  // namespace farm::languages
