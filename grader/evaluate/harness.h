// What a harness adds to a program so that one evaluation type can be served in one language:
// trusted files, another main, another command line. Pure. The files themselves are in harness/,
// embedded at build time.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"
#include "schemas/request.h"

namespace farm::evaluate {

// Trusted files lie here; a submission may not name a path at or below it.
inline constexpr std::string_view kTrustedDirectory = ".farm";

struct Harness {
  std::vector<sandbox::InputFile> compile_files;
  std::vector<sandbox::InputFile> run_files;
  // Not empty: the file to compile instead of the submission's source, which it includes.
  std::string main_source;
  std::string linked_first;                // not empty: a further source, named before main_source
  std::vector<std::string> compile_flags;  // appended to the compiler's command line
  std::vector<std::string> run_arguments;  // not empty: run the operator's interpreter with these
};

// How `evaluation` is served in `language`, for a program of text `program` in the file `source`.
// `untrusted_part` is what of the program the submission wrote (without the trusted prompt).
// Errors: kUnsupported where no harness exists; kInvalidRequest with the pointer where the
// evaluation cannot be put into the language (an entry point that is no name, keyword arguments in
// C++).
Expected<Harness> make_function_call_harness(std::string_view language,
                                             const FunctionCall& evaluation,
                                             const std::string& source, const std::string& program);
Expected<Harness> make_assert_harness(std::string_view language, const AssertTests& evaluation,
                                      const std::string& source, const std::string& program,
                                      std::string_view untrusted_part);

// For assert with tests in a process of their own: how the submission serves calls, and how the
// tests are run beside it. Only where serves_apart(language).
bool serves_apart(std::string_view language);
Harness make_served_harness();
Harness make_tester_harness();

// For function_call with all cases in one process: each case's task is a turn (Sandbox::run_turns).
// Only where serves_shared(language).
bool serves_shared(std::string_view language);
Harness make_shared_harness();

// The same for tests that were taken apart (equality_tests.h): `emitting` is run, and every value
// goes to descriptor 4.
Expected<Harness> make_emitting_harness(std::string_view language, const AssertTests& evaluation,
                                        const std::string& source, const std::string& program,
                                        std::string_view untrusted_part,
                                        const std::string& emitting);

// What the file of the program needs at its end where tests begin with the brace that closes the
// prompt's function and are no part of that file.
std::string_view program_end(std::string_view language, const AssertTests& evaluation);

// How a checker is run so that its falling over and its refusing can be told apart. Languages whose
// exit codes tell need no harness.
Harness make_checker_harness(std::string_view language, const std::string& source);

// A file that a language's compile commands use (LanguageDefinition::Compile::trusted), to place
// below .farm. Errors: kInternal: there is none of that name.
Expected<sandbox::InputFile> trusted_compiler_file(const std::string& name);

// Names and contents of the trusted Python files, whichever harness uses them.
std::vector<std::pair<std::string, std::string>> trusted_python_files();

// The content of descriptor 3 for one case.
std::string call_task(std::string_view language, const FunctionCall& evaluation, std::size_t index,
                      const std::string& source);
// The same for assert, to come after the line with the completion token.
std::string assert_task(std::string_view language, const AssertTests& evaluation,
                        const std::string& source);
std::string served_task(const std::string& source);
// After the completion token, too. No answer of the submission may be larger than `answer_limit`.
std::string tester_task(const AssertTests& evaluation, Bytes answer_limit);

}  // namespace farm::evaluate
