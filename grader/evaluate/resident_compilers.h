// ResidentCompilers: the compilers of one slot that stay, for languages whose compilers take longer
// to start than to compile (LanguageDefinition::Compile::Resident).
//
// Theory of operation. What a program's compile step would be given, command line and files, is
// sent to the resident compiler of its language, which answers with what that step would have come
// to: exit code, output, products. Only an answer of a compiler that ended well (0 and 1: it
// compiles, it does not) and within the step's own limits counts. In all other cases (it is not
// ready, limits, crashes, nonsense) the step is run as if there were none, and says what the
// outcome is. A compiler that gave such an answer is not asked again. Compilers execute nothing of
// what they compile; each empties its work directory after each use, and is replaced after a number
// of uses.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "grader/evaluate/plan.h"
#include "grader/sandbox/resident.h"
#include "grader/sandbox/run_outcome.h"

namespace farm::evaluate {

// Used by one thread at a time.
class ResidentCompilers {
 public:
  // Makes the resident of a language; null: there is no room for one.
  using Make = std::function<std::unique_ptr<sandbox::Resident>(const std::string& language,
                                                                sandbox::RunSpec spec)>;
  explicit ResidentCompilers(Make make) : make_(std::move(make)) {}

  // What program.compile comes to. nullopt: run it. The first time for a language that is always
  // so: a compiler gets ready meanwhile. Precondition: program.compile.
  std::optional<sandbox::RunOutcome> compile(const Program& program);

  // Whether one for this language is there and waits.
  bool stands_by(const std::string& language) {
    const auto resident = residents_.find(language);
    return resident != residents_.end() && resident->second && resident->second->is_ready();
  }

 private:
  Make make_;
  std::map<std::string, std::unique_ptr<sandbox::Resident>> residents_;  // by language
};

// What is said to a resident compiler, and what it says, in the order given: a number is four
// bytes, big end first; a text is its length and its bytes; a list is its size and its items.
//   asked:    list of texts (command line), list of files (path and content, two texts)
//   answered: number (exit code), text (stdout), text (stderr), list of files
std::string resident_task(const sandbox::RunSpec& step);
// nullopt: nonsense, or files that the step would not have brought back.
std::optional<sandbox::RunOutcome> resident_answer(const sandbox::RunSpec& step,
                                                   std::string_view answer);

}  // namespace farm::evaluate
