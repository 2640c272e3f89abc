#include "grader/evaluate/harness.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

#include "embedded/harness_files.h"
#include "grader/evaluate/bash_harness.h"
#include "grader/evaluate/cpp_headers.h"
#include "grader/evaluate/cpp_macros.h"
#include "grader/evaluate/cpp_prompt.h"
#include "grader/evaluate/cpp_text.h"
#include "grader/evaluate/equality_tests.h"
#include "schemas/value.h"

namespace farm::evaluate {
namespace {

std::string trusted(std::string_view name) {
  return std::string(kTrustedDirectory) + "/" + std::string(name);
}

sandbox::InputFile trusted_file(std::string_view name, std::string content) {
  return {
      .path = trusted(name), .content = std::move(content), .executable = false, .writable = false};
}

std::string embedded(std::string_view name) {
  for (const auto& [file, content] : embedded::k_harness_files) {
    if (file == name) return std::string(content);
  }
  FARM_ASSERT(!"every harness file that is named is embedded");
  return {};
}

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

// "add" or "Solution.add". Letters beyond ASCII are left to Python, where names may have them.
bool is_entry_point(std::string_view text, bool ascii_only) {
  const auto is_name = [&](std::string_view name) {
    const auto fits = [&](char c) { return is_name_part(c) || (!ascii_only && (c & 0x80) != 0); };
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::all_of(name.begin(), name.end(), fits);
  };
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return is_name(text);
  return is_name(text.substr(0, dot)) && is_name(text.substr(dot + 1));
}

Error bad_entry_point(const std::string& entry_point) {
  return invalid_request("/evaluation/entry_point: \"" + entry_point +
                         "\" is neither the name of a function nor of the form Class.method");
}

// A type as it may stand in a declaration; enough to keep a signature from being anything else than
// types.
bool is_cpp_type(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_name_part(c) || std::string_view(" :<>,*&").find(c) != std::string_view::npos;
  });
}

// ---- python

// -s: without a user site directory, which would be the submission's own (HOME is the work
// directory) and could run code before the harness.
Harness python_harness(std::string_view script, std::initializer_list<std::string_view> imported) {
  Harness harness;
  harness.run_files.push_back(trusted_file(script, embedded(script)));
  for (const std::string_view module : imported)
    harness.run_files.push_back(trusted_file(module, embedded(module)));
  harness.run_arguments = {"-s", trusted(script)};
  return harness;
}

// ---- cpp

// The expression that cpp_call.h's call() takes: `&add`, or a choice among overloads by the
// signature.
Expected<std::string> cpp_callee(const FunctionCall& evaluation) {
  if (!is_entry_point(evaluation.entry_point, true)) return bad_entry_point(evaluation.entry_point);
  std::string callee = "&" + evaluation.entry_point;
  if (const std::size_t dot = callee.find('.'); dot != std::string::npos)
    callee.replace(dot, 1, "::");
  if (!evaluation.signature) return callee;

  const FunctionCall::Signature& signature = *evaluation.signature;
  if (signature.params.empty() && signature.returns.empty()) return callee;
  std::string types = signature.returns.empty() ? "void" : signature.returns;
  for (std::size_t i = 0; i < signature.params.size(); ++i) types += ", " + signature.params[i];
  if (!is_cpp_type(types)) {
    return invalid_request("/evaluation/signature: \"" + types + "\" is not a list of C++ types");
  }
  return "farm_call::Pick<" + types + ">::of(" + callee + ")";
}

// Whatever a C++ harness puts before a program, leading_stdcpp() of that comes first: precompiled,
// it is most of what there is to compile.

Expected<Harness> cpp_call_harness(const FunctionCall& evaluation, const std::string& source,
                                   const std::string& program) {
  for (std::size_t i = 0; i < evaluation.cases.size(); ++i) {
    if (!evaluation.cases[i].kwargs.empty()) {
      return invalid_request(
          "/evaluation/cases/" + std::to_string(i) +
          "/kwargs: a C++ function has no keyword arguments; put them into args");
    }
  }
  FARM_TRY(const std::string callee, cpp_callee(evaluation));
  // The header comes before the submission, whose macros cannot touch it. A main() of the
  // submission stays unused.
  const std::string main_source =
      leading_stdcpp(program) +
      "#include \"cpp_call.h\"\n"
      "#define main farm_submission_main\n"
      "#include \"../" +
      source +
      "\"\n"
      "#undef main\n"
      "signed main() {\n"  // not int: `#define int long long` is an honest habit
      "#ifdef _GLIBCXX_IOSTREAM\n"
      "  farm_call::flush_streams = [] { std::cout.flush(); std::clog.flush(); };\n"
      "#endif\n"
      "  farm_call::call(" +
      callee +
      ");\n"
      "}\n";
  Harness harness;
  harness.main_source = trusted("call_main.cpp");
  harness.compile_files = {trusted_file("cpp_call.h", embedded("cpp_call.h")),
                           trusted_file("call_main.cpp", main_source)};
  return harness;
}

// FNV-1a: the name only has to be unknown to a submission that does not know the tests.
std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (int shift = 60; shift >= 0; shift -= 4) hex.push_back(kDigits[hash >> shift & 0xF]);
  return hex;
}

// The submission and what goes between it and the tests in one translation unit. <cassert> comes
// first, so that every later inclusion only redefines the macro, and may stand inside a function:
// tests of MultiPL-E begin with the brace that ends one.
std::string cpp_assert_unit(const AssertTests& evaluation, const std::string& source,
                            const std::string& program, std::string_view untrusted_part) {
  std::string unit =
      "#include <cassert>\n"
      "#define main farm_submission_main\n"
      "#line 1 \"" +
      source + "\"\n" + program +
      "\n#line 1 \"assert_unit.cpp\"\n#undef main\n#undef assert\n#undef NDEBUG\n";
  for (const std::string& name :
       macros_to_undo(untrusted_part, evaluation.prompt, evaluation.tests)) {
    unit += "#undef " + name + "\n";
  }
  return unit + "#include <cassert>\n#line 1 \"tests.cpp\"\n";
}

// Tests that need only what the prompt declares are compiled apart: no macro, operator or main() of
// the submission reaches them. Others follow the submission in its translation unit.
Harness cpp_assert_harness(const AssertTests& evaluation, const std::string& source,
                           const std::string& program, std::string_view untrusted_part) {
  const std::string end = "farm_tests_end_" + fingerprint(evaluation.tests);
  // Behind the tests: that they are there to the end, and with which functions they compare.
  const std::string end_of_tests = "\nextern \"C\" {\nint " + end +
                                   "() { return 1; }\n"
                                   "void farm_tests_memcmp() __asm__(\"memcmp\");\n"
                                   "void farm_tests_strlen() __asm__(\"strlen\");\n"
                                   "void farm_memcmp_of_tests(void (**a)(), void (**b)()) {\n"
                                   "  *a = farm_tests_memcmp;\n  *b = farm_tests_strlen;\n}\n}\n";
  const std::string main_unit =
      "#define FARM_TESTS_END " + end + "\n" + embedded("cpp_assert_main.cc");
  std::optional<std::string> declarations;
  if (!evaluation.prompt.empty() && program.starts_with(evaluation.prompt))
    declarations = cpp_declarations(evaluation.prompt);

  Harness harness;
  harness.linked_first = trusted("assert_main.cc");
  harness.main_source = trusted("assert_unit.cpp");
  harness.compile_flags = {"-Wl,--wrap=main"};
  if (declarations) {
    const auto behind_brace = behind_leading_brace(evaluation.tests);
    const std::string tests(behind_brace.value_or(evaluation.tests));
    harness.compile_files = {
        trusted_file("assert_main.cc", leading_stdcpp(*declarations) + "#include <cassert>\n" +
                                           *declarations + "#line 1 \"tests.cpp\"\n" + tests +
                                           end_of_tests + "#line 1 \"assert_main.cc\"\n" +
                                           main_unit),
        trusted_file("assert_unit.cpp",
                     leading_stdcpp(program) +
                         "#include <cassert>\n#define main farm_submission_main\n#line 1 \"" +
                         source + "\"\n" + program + (behind_brace ? "\n}\n" : "\n"))};
  } else {
    harness.compile_files = {
        trusted_file("cpp_call.h", embedded("cpp_call.h")),
        trusted_file("assert_main.cc", main_unit),
        trusted_file(
            "assert_unit.cpp",
            leading_stdcpp(program) + "#include \"cpp_call.h\"\n" +
                cpp_assert_unit(evaluation, source, program, untrusted_part) +
                with_own_comparisons(with_checked_calls(evaluation.tests, evaluation.entry_point)) +
                end_of_tests)};
  }
  return harness;
}

// The header comes before the submission, so that its macros cannot touch it; what they do to the
// tests can only change which values are emitted.
Harness cpp_emitting_harness(const AssertTests& evaluation, const std::string& source,
                             const std::string& program, std::string_view untrusted_part,
                             const std::string& emitting) {
  Harness harness;
  harness.main_source = trusted("assert_unit.cpp");
  harness.compile_files = {
      trusted_file("cpp_call.h", embedded("cpp_call.h")),
      trusted_file("assert_unit.cpp",
                   leading_stdcpp(program) + "#include \"cpp_call.h\"\n" +
                       cpp_assert_unit(evaluation, source, program, untrusted_part) + emitting)};
  return harness;
}

// ---- bash

Harness bash_assert_harness(const std::string& tests) {
  Harness harness;
  harness.run_files = {trusted_file("bash_tests.sh", tests),
                       trusted_file("bash_call.sh", embedded("bash_call.sh")),
                       trusted_file("bash_assert.sh", embedded("bash_assert.sh"))};
  harness.main_source = trusted("bash_assert.sh");
  return harness;
}

Harness bash_emitting_harness(const std::string& tests) {
  Harness harness;
  harness.run_files = {trusted_file("bash_tests.sh", tests),
                       trusted_file("bash_call.sh", embedded("bash_call.sh"))};
  harness.main_source = trusted("bash_tests.sh");
  return harness;
}

Error no_harness(std::string_view language, std::string_view type) {
  return unsupported("language '" + std::string(language) + "' has no harness for '" +
                     std::string(type) + "'");
}

Value text(std::string_view bytes) { return Value{std::string(bytes)}; }

}  // namespace

Expected<Harness> make_function_call_harness(std::string_view language,
                                             const FunctionCall& evaluation,
                                             const std::string& source,
                                             const std::string& program) {
  if (language == "python") {
    if (!is_entry_point(evaluation.entry_point, false))
      return bad_entry_point(evaluation.entry_point);
    return python_harness("python_call.py", {"python_program.py", "python_values.py"});
  }
  if (language == "cpp") return cpp_call_harness(evaluation, source, program);
  return no_harness(language, "function_call");
}

Expected<Harness> make_assert_harness(std::string_view language, const AssertTests& evaluation,
                                      const std::string& source, const std::string& program,
                                      std::string_view untrusted_part) {
  if (language == "python") {
    return python_harness("python_assert.py", {"python_fit.py", "python_guard.py",
                                               "python_program.py", "python_values.py"});
  }
  if (language == "cpp") return cpp_assert_harness(evaluation, source, program, untrusted_part);
  if (language == "bash")
    return bash_assert_harness(bash_tests(evaluation, source, evaluation.tests));
  return no_harness(language, "assert");
}

Expected<sandbox::InputFile> trusted_compiler_file(const std::string& name) {
  for (const auto& [file, content] : embedded::k_harness_files) {
    if (file == name) return trusted_file(name, std::string(content));
  }
  return internal_error("this grader has no trusted file '" + name + "' for a compiler");
}

std::vector<std::pair<std::string, std::string>> trusted_python_files() {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& [name, content] : embedded::k_harness_files) {
    if (name.ends_with(".py")) files.emplace_back(name, content);
  }
  return files;
}

bool serves_apart(std::string_view language) { return language == "python"; }

Harness make_served_harness() {
  return python_harness("python_submission.py",
                        {"python_exchange.py", "python_program.py", "python_values.py"});
}

Harness make_tester_harness() {
  return python_harness("python_tester.py", {"python_exchange.py", "python_fit.py",
                                             "python_program.py", "python_values.py"});
}

bool serves_shared(std::string_view language) { return language == "python"; }

Harness make_shared_harness() {
  return python_harness("python_cases.py",
                        {"python_exchange.py", "python_program.py", "python_values.py"});
}

Expected<Harness> make_emitting_harness(std::string_view language, const AssertTests& evaluation,
                                        const std::string& source, const std::string& program,
                                        std::string_view untrusted_part,
                                        const std::string& emitting) {
  if (language == "cpp")
    return cpp_emitting_harness(evaluation, source, program, untrusted_part, emitting);
  if (language == "bash") return bash_emitting_harness(bash_tests(evaluation, source, emitting));
  return no_harness(language, "assert");
}

std::string_view program_end(std::string_view language, const AssertTests& evaluation) {
  return language == "bash" && behind_leading_brace(evaluation.tests) ? "\n}\n" : "";
}

Harness make_checker_harness(std::string_view language, const std::string& source) {
  if (language != "python") return {};
  Harness harness = python_harness("python_checker.py", {});
  harness.run_arguments.push_back(source);
  return harness;
}

std::string call_task(std::string_view language, const FunctionCall& evaluation, std::size_t index,
                      const std::string& source) {
  const FunctionCall::Case& test = evaluation.cases[index];
  ValuePairs task = {{text("args"), Value{Value::List{test.args}}}};
  if (language == "python") {
    ValuePairs kwargs;
    for (const auto& [name, value] : test.kwargs) kwargs.emplace_back(text(name), value);
    task.emplace_back(text("kwargs"), Value{Value::Dict{std::move(kwargs)}});
    task.emplace_back(text("source"), text(source));
    task.emplace_back(text("entry_point"), text(evaluation.entry_point));
  }
  return encode_value(Value{Value::Dict{std::move(task)}});
}

std::string assert_task(std::string_view language, const AssertTests& evaluation,
                        const std::string& source) {
  if (language != "python") return {};
  return encode_value(Value{Value::Dict{{{text("source"), text(source)},
                                         {text("entry_point"), text(evaluation.entry_point)},
                                         {text("tests"), text(evaluation.tests)}}}});
}

std::string served_task(const std::string& source) {
  return encode_value(Value{Value::Dict{{{text("source"), text(source)}}}});
}

std::string tester_task(const AssertTests& evaluation, Bytes answer_limit) {
  return encode_value(Value{Value::Dict{{{text("tests"), text(evaluation.tests)},
                                         {text("prompt"), text(evaluation.prompt)},
                                         {text("entry_point"), text(evaluation.entry_point)},
                                         {text("answer_limit"), Value{answer_limit.count}}}}});
}

}  // namespace farm::evaluate
