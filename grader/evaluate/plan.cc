#include "grader/evaluate/plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "grader/evaluate/cpp_headers.h"
#include "grader/evaluate/equality_tests.h"
#include "grader/evaluate/harness.h"
#include "grader/languages/extract.h"
#include "grader/languages/placeholders.h"
#include "grader/languages/source_names.h"
#include "grader/sandbox/supervise.h"

namespace farm::evaluate {
namespace {

// Compilers need room of their own that has nothing to do with the program's limits.
constexpr Bytes kCompileOutput = mib(4);
constexpr Bytes kCompileTmpfs = mib(256);
constexpr std::int64_t kCompileInodes = 4096;
constexpr std::int64_t kCompileProcesses = 64;
constexpr std::int64_t kCompileOpenFiles = 256;
// What a resident compiler may answer: its products are in it.
constexpr Bytes kResidentAnswer = mib(64);

using Files = std::map<std::string, sandbox::InputFile>;

void place(Files& files, sandbox::InputFile file) {
  std::string path = file.path;
  files.insert_or_assign(std::move(path), std::move(file));
}

std::vector<sandbox::InputFile> listed(const Files& files) {
  std::vector<sandbox::InputFile> list;
  list.reserve(files.size());
  for (const auto& [path, file] : files) list.push_back(file);
  return list;
}

// What would fail in the sandbox as if the farm were at fault.
Expected<Done> check_placeable(const Files& files, const LimitValues& limits) {
  Bytes total;
  for (const auto& [path, file] : files) {
    total.count += static_cast<std::int64_t>(file.content.size());
    const auto below = files.lower_bound(path + "/");
    if (below != files.end() && below->first.starts_with(path + "/")) {
      return invalid_request("/submission/files: \"" + path + "\" is a file and, for \"" +
                             below->first + "\", a directory");
    }
  }
  if (total > limits.tmpfs) {
    return invalid_request("/submission/files: " + std::to_string(total.count) +
                           " bytes do not fit into tmpfs_bytes " +
                           std::to_string(limits.tmpfs.count));
  }
  if (2 * static_cast<std::int64_t>(files.size()) + 16 > limits.tmpfs_inodes) {
    return invalid_request("/submission/files: " + std::to_string(files.size()) +
                           " files do not fit into tmpfs_inodes " +
                           std::to_string(limits.tmpfs_inodes));
  }
  return Done{};
}

sandbox::Profile profile_of(SyscallProfile profile) {
  switch (profile) {
    case SyscallProfile::kNative:
      return sandbox::Profile::kNative;
    case SyscallProfile::kManaged:
      return sandbox::Profile::kManaged;
    case SyscallProfile::kCompile:
      return sandbox::Profile::kCompile;
  }
  return sandbox::Profile::kManaged;
}

sandbox::Limits run_limits(const LimitValues& limits) {
  return {.cpu = limits.run_cpu,
          .wall = limits.run_wall,
          .memory = limits.memory,
          .stack = limits.stack,
          .output = limits.output,
          .processes = limits.processes,
          .open_files = limits.open_files,
          .tmpfs = limits.tmpfs,
          .tmpfs_inodes = limits.tmpfs_inodes};
}

sandbox::Limits compile_limits(const LimitValues& limits) {
  return {.cpu = limits.compile_cpu,
          .wall = 2 * limits.compile_cpu,
          .memory = limits.compile_memory,
          .stack = Bytes{0},
          .output = kCompileOutput,
          .processes = std::max(limits.processes, kCompileProcesses),
          .open_files = std::max(limits.open_files, kCompileOpenFiles),
          .tmpfs = std::max(limits.tmpfs, kCompileTmpfs),
          .tmpfs_inodes = std::max(limits.tmpfs_inodes, kCompileInodes)};
}

// The compiler's command line with the harness's main in place of the source.
std::vector<std::string> with_harness(std::vector<std::string> argv, const Harness& harness) {
  if (harness.main_source.empty()) return argv;
  const auto source = std::find(argv.begin(), argv.end(), harness.main_source);
  if (source == argv.end()) return argv;
  if (!harness.linked_first.empty()) argv.insert(source, harness.linked_first);
  argv.insert(argv.end(), harness.compile_flags.begin(), harness.compile_flags.end());
  return argv;
}

// Where the headers are with which one of `files` begins; empty: there are none.
std::string headers_for(const std::vector<sandbox::InputFile>& files,
                        const LanguageDefinition& language, const PlanSettings& settings) {
  const auto headers = settings.precompiled.find(language.id);
  if (headers == settings.precompiled.end()) return {};
  const std::vector<std::string>& known = language.compile->precompiled;
  const bool used = std::any_of(files.begin(), files.end(), [&](const sandbox::InputFile& file) {
    return std::find(known.begin(), known.end(), first_inclusion(file.content)) != known.end();
  });
  return used ? headers->second : "";
}

// Errors: kInternal, since the language file was checked when it was loaded.
Expected<std::vector<std::string>> expanded(const std::vector<std::string>& argv,
                                            const languages::PlaceholderValues& values) {
  Expected<std::vector<std::string>> done = languages::expand(argv, values);
  if (!done) return internal_error(std::move(done).error().what);
  return done;
}

// The compiler of `language` that stays: under the language's limits, whatever a request's are.
Expected<sandbox::RunSpec> make_resident(const LanguageDefinition& language,
                                         const PlanSettings& settings) {
  const LanguageDefinition::Compile::Resident& resident = *language.compile->resident;
  FARM_TRY(const LimitValues limits, resolve({}, language.limits, settings.limits));
  sandbox::RunSpec spec;
  FARM_TRY(std::vector<std::string> argv, expanded(resident.command, {}));
  spec.commands = {std::move(argv)};
  spec.env = language.env;
  for (const std::string& name : language.compile->trusted) {
    FARM_TRY(sandbox::InputFile file, trusted_compiler_file(name));
    spec.files.push_back(std::move(file));
  }
  spec.limits = compile_limits(limits);
  spec.limits.memory = resident.memory;
  spec.limits.output = kResidentAnswer;
  spec.profile = sandbox::Profile::kCompile;
  spec.turns = resident.uses;
  return spec;
}

// How to build and run a program whose files are `files`, with or without a harness.
Expected<Program> make_program(const LanguageDefinition& language, const std::string& source,
                               Files files, const Harness& harness, const LimitValues& limits,
                               const PlanSettings& settings) {
  languages::PlaceholderValues values;
  values.source = harness.main_source.empty() ? source : harness.main_source;
  const auto text = files.find(source);
  const languages::SourceNames names = languages::source_names(
      language, text == files.end() ? std::string_view() : text->second.content);
  values.main_class = names.main_class;
  values.memory_mib = limits.memory.count / mib(1).count;
  values.python = settings.python;

  Program program;
  program.language = language.id;
  if (language.compile) {
    Files compile_files = files;
    for (const sandbox::InputFile& file : harness.compile_files) place(compile_files, file);
    sandbox::RunSpec spec;
    for (const std::vector<std::string>& command : language.compile->commands) {
      FARM_TRY(std::vector<std::string> argv, expanded(command, values));
      spec.commands.push_back(with_harness(std::move(argv), harness));
    }
    for (const std::string& name : language.compile->trusted) {
      FARM_TRY(sandbox::InputFile file, trusted_compiler_file(name));
      place(compile_files, std::move(file));
    }
    FARM_TRY(const std::vector<std::string> outputs, expanded(language.compile->outputs, values));
    for (const std::string& output : outputs) {
      if (output.front() == '*') {
        spec.fetch_suffixes.push_back(output.substr(1));
      } else {
        spec.fetch.push_back(output);
      }
    }
    program.products_in = names.directory;
    if (language.compile->resident && harness.compile_files.empty()) {
      FARM_TRY(program.resident, make_resident(language, settings));
    }
    spec.env = language.env;
    spec.files = listed(compile_files);
    spec.limits = compile_limits(limits);
    spec.profile = sandbox::Profile::kCompile;
    program.precompiled = headers_for(spec.files, language, settings);
    program.compile = std::move(spec);
  }

  for (const sandbox::InputFile& file : harness.run_files) place(files, file);
  FARM_CHECK_OK(check_placeable(files, limits));
  std::vector<std::string> argv;
  if (harness.run_arguments.empty()) {
    FARM_TRY(argv, expanded(language.run.command, values));
  } else {
    argv = {settings.python};
    argv.insert(argv.end(), harness.run_arguments.begin(), harness.run_arguments.end());
  }
  program.run.commands = {std::move(argv)};
  program.run.env = language.env;
  program.run.files = listed(files);
  program.run.limits = run_limits(limits);
  program.run.profile = profile_of(language.profile);
  program.run.out_of_memory_text = language.out_of_memory;
  return program;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "nothing" : text;
}

Expected<const LanguageDefinition*> find_language(const std::string& name, const char* pointer,
                                                  const PlanSettings& settings) {
  if (const LanguageDefinition* language = settings.languages->find(name)) return language;
  return unsupported(std::string(pointer) + ": this grader has no language '" + name +
                     "'; it has: " + joined(settings.languages->ids()));
}

// The best that can be had; tests that turn out not to fit a process of their own yield less.
Integrity integrity_of(const Evaluation& evaluation, std::string_view language) {
  if (std::holds_alternative<RunOnly>(evaluation)) return Integrity::kExitStatus;
  const auto* tests = std::get_if<AssertTests>(&evaluation);
  if (tests != nullptr && !serves_apart(language) && !equality_tests(language, tests->tests))
    return Integrity::kSentinel;
  return Integrity::kIsolated;
}

Expected<Done> check_policy(const EvaluationRequest& request, Integrity integrity,
                            const PlanSettings& settings) {
  const Policy& policy = request.policy;
  if (policy.min_isolation > settings.isolation) {
    return unsupported("/policy/min_isolation: '" + std::string(word(policy.min_isolation)) +
                       "' is asked for and this grader has '" +
                       std::string(word(settings.isolation)) + "'");
  }
  if (policy.min_integrity && *policy.min_integrity > integrity) {
    return unsupported("/policy/min_integrity: '" + std::string(word(*policy.min_integrity)) +
                       "' is asked for and '" + std::string(type_word(request.evaluation)) +
                       "' yields '" + std::string(word(integrity)) + "' here");
  }
  if (request.environment && *request.environment != settings.environment) {
    return unsupported("/environment: '" + *request.environment +
                       "' is asked for and this grader has '" + settings.environment + "'");
  }
  return Done{};
}

// The submission's own text and the program that it is part of.
struct SourceText {
  std::string path;
  std::string submitted;
  std::string program;
};

// nullopt in place of a text: the completion holds no program.
Expected<std::optional<SourceText>> source_text(const EvaluationRequest& request,
                                                const LanguageDefinition& language) {
  const Submission& submission = request.submission;
  const auto* tests = std::get_if<AssertTests>(&request.evaluation);
  SourceText source;
  source.path = submission.entry_file.value_or(language.source_name);
  if (submission.entry_file) {
    // Compilers and interpreters take such a word for an option, or for a file of options.
    if (submission.entry_file->starts_with('-') || submission.entry_file->starts_with('@')) {
      return invalid_request("/submission/entry_file: \"" + *submission.entry_file +
                             "\" begins as an option does");
    }
    const auto file = submission.files.find(*submission.entry_file);
    if (file == submission.files.end()) {
      return invalid_request("/submission/entry_file: \"" + *submission.entry_file +
                             "\" is not in files");
    }
    source.submitted = file->second;
  } else if (submission.code) {
    source.submitted = *submission.code;
  } else {
    std::optional<std::string> code =
        languages::extract_code(submission.completion.value_or(""), language);
    if (!code) return std::optional<SourceText>();
    source.submitted = *std::move(code);
  }
  if (submission.continues_prompt && tests == nullptr) {
    return invalid_request("/submission/continues_prompt: '" +
                           std::string(type_word(request.evaluation)) + "' has no prompt");
  }
  if (tests != nullptr) {
    source.submitted = languages::apply_stop_tokens(source.submitted, tests->stop_tokens);
    if (submission.continues_prompt) source.program = tests->prompt;
  }
  source.program += source.submitted;
  if (!submission.entry_file) source.path = languages::source_names(language, source.program).file;
  if (tests != nullptr) source.program += program_end(language.id, *tests);
  return std::optional(std::move(source));
}

// Everything that the submission wrote, for the harness to look through.
std::string untrusted_text(const Submission& submission, const SourceText& source) {
  std::string text = source.submitted;
  for (const auto& [path, content] : submission.files) text += "\n" + content;
  return text;
}

Expected<Files> submitted_files(const Submission& submission, const SourceText& source) {
  Files files;
  for (const auto& [path, content] : submission.files) {
    if (path == kTrustedDirectory || path.starts_with(std::string(kTrustedDirectory) + "/")) {
      return invalid_request("/submission/files: \"" + path +
                             "\": " + std::string(kTrustedDirectory) + " is the farm's own");
    }
    place(files, {.path = path, .content = content});
  }
  place(files, {.path = source.path, .content = source.program});
  return files;
}

// Input and expected output together.
Bytes largest_case(const StdinStdout& evaluation) {
  Bytes largest;
  for (const StdinStdout::Case& test : evaluation.cases) {
    largest = std::max(largest, Bytes{static_cast<std::int64_t>(test.stdin_bytes.size() +
                                                                test.stdout_bytes.size())});
  }
  return largest;
}

// One overload for each type that a grader serves: the harness, the inputs and what else is special
// about it.
struct PlanParts {
  const PlanSettings& settings;
  const EvaluationRequest& request;
  const std::string& language;
  const SourceText& source;
  Plan& plan;

  Expected<Harness> operator()(const StdinStdout& evaluation) {
    for (const StdinStdout::Case& test : evaluation.cases)
      plan.cases.push_back({test.stdin_bytes, {}});
    if (evaluation.checker) FARM_CHECK_OK(add_checker(evaluation));
    return Harness{};
  }
  Expected<Harness> operator()(const FunctionCall& evaluation) {
    for (std::size_t i = 0; i < evaluation.cases.size(); ++i) {
      plan.cases.push_back({{}, call_task(language, evaluation, i, source.path)});
    }
    return make_function_call_harness(language, evaluation, source.path, source.program);
  }
  Expected<Harness> operator()(const AssertTests& evaluation) {
    plan.cases.push_back({{}, assert_task(language, evaluation, source.path)});
    const std::string untrusted = untrusted_text(request.submission, source);
    if (const auto apart = equality_tests(language, evaluation.tests)) {
      plan.emits_values = true;
      return make_emitting_harness(language, evaluation, source.path, source.program, untrusted,
                                   apart->emitting);
    }
    plan.completion_token = true;
    return make_assert_harness(language, evaluation, source.path, source.program, untrusted);
  }
  Expected<Harness> operator()(const RunOnly& evaluation) {
    plan.cases.push_back({evaluation.stdin_bytes, {}});
    return Harness{};
  }
  Expected<Harness> operator()(const TestSuite&) { return not_served("test_suite"); }
  Expected<Harness> operator()(const Notebook&) { return not_served("notebook"); }

  static Error not_served(const char* type) {
    return unsupported("/evaluation/type: this grader does not serve '" + std::string(type) + "'");
  }

  // The checker runs under the farm's and its language's limits, not under the submission's, with
  // room for the three files that it is given.
  Expected<Done> add_checker(const StdinStdout& evaluation) {
    const Checker& checker = *evaluation.checker;
    FARM_TRY(const LanguageDefinition* definition,
             find_language(checker.language, "/evaluation/checker/language", settings));
    FARM_TRY(LimitValues limits, resolve({}, definition->limits, settings.limits));
    const Bytes room = largest_case(evaluation) + plan.submission.run.limits.output;
    limits.tmpfs = limits.tmpfs + room;
    limits.memory = limits.memory + room;
    Files files;
    const std::string path = languages::source_names(*definition, checker.code).file;
    place(files, {.path = path, .content = checker.code});
    FARM_TRY(plan.checker,
             make_program(*definition, path, std::move(files),
                          make_checker_harness(definition->id, path), limits, settings));
    return Done{};
  }
};

// What tests may need besides, to start and to import their libraries.
constexpr Milliseconds kTestsStart{1000};

// The tester has limits of its own: CPU time like the submission's, since what it thinks about may
// be what that returned (a set whose hashes collide is slow to build and slow to compare), time to
// wait for a submission that is starved up to the supervisor's hard cap, and else its language's.
Expected<Apart> make_apart(const LanguageDefinition& language, const AssertTests& tests,
                           const std::string& source, const Files& files, const LimitValues& limits,
                           const PlanSettings& settings) {
  Apart apart;
  FARM_TRY(Program served,
           make_program(language, source, files, make_served_harness(), limits, settings));
  apart.submission = std::move(served.run);
  apart.submission.use_channel = true;
  apart.submission.channel_input = served_task(source);

  FARM_TRY(LimitValues own, resolve({}, language.limits, settings.limits));
  own.run_cpu = limits.run_cpu + kTestsStart;
  apart.patience = own.run_cpu;
  own.run_wall = sandbox::longest_wall(limits.run_wall + apart.patience);
  FARM_TRY(Program tester,
           make_program(language, source, {}, make_tester_harness(), own, settings));
  apart.tester = std::move(tester.run);
  apart.tester.use_channel = true;
  apart.tester.channel_input = tester_task(tests, limits.output);
  return apart;
}

bool is_environment_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), fits);
}

// What `run` adds to the command line. PATH and LD_… would change which tools run, and
// `environment` would lie.
Expected<Done> add_run_only(const RunOnly& evaluation, Program& program) {
  for (const auto& [name, value] : evaluation.env) {
    if (!is_environment_name(name)) {
      return invalid_request("/evaluation/env: \"" + name + "\" is not a variable name");
    }
    if (name == "PATH" || name.starts_with("LD_")) {
      return invalid_request("/evaluation/env: " + name + " belongs to the farm");
    }
    program.run.env.insert_or_assign(name, value);
  }
  std::vector<std::string>& argv = program.run.commands.front();
  argv.insert(argv.end(), evaluation.args.begin(), evaluation.args.end());
  program.run.fetch = evaluation.fetch_files;
  program.run.fetch_limit = program.run.limits.output;
  return Done{};
}

}  // namespace

Expected<Plan> make_plan(const EvaluationRequest& request, const PlanSettings& settings) {
  Plan plan;
  plan.type = type_word(request.evaluation);
  if (std::holds_alternative<TestSuite>(request.evaluation) ||
      std::holds_alternative<Notebook>(request.evaluation)) {
    return PlanParts::not_served(std::string(plan.type).c_str());
  }
  FARM_TRY(const LanguageDefinition* language,
           find_language(request.submission.language, "/submission/language", settings));
  if (!languages::serves(*language, plan.type)) {
    return unsupported("/evaluation/type: language '" + language->id + "' does not serve '" +
                       std::string(plan.type) +
                       "' here; it serves: " + joined(language->evaluations));
  }
  plan.integrity = integrity_of(request.evaluation, language->id);
  FARM_CHECK_OK(check_policy(request, plan.integrity, settings));
  FARM_TRY(const LimitValues limits, resolve(request.limits, language->limits, settings.limits));

  plan.total_wall = limits.total_wall;
  plan.return_output = limits.return_output;
  plan.min_isolation = request.policy.min_isolation;
  plan.run_all_cases = request.policy.run_all_cases;
  const bool shared = request.policy.case_isolation == CaseIsolation::kShared;
  const bool serves = plan.type == "function_call" && serves_shared(language->id);
  if (shared && !serves) {
    plan.warnings.push_back(
        "/policy/case_isolation: 'shared' is offered for function_call in python only; every case "
        "had its own process, which is stronger");
  }

  FARM_TRY(std::optional<SourceText> source, source_text(request, *language));
  const bool no_program = !source;
  if (no_program) {
    plan.no_program = "the completion holds no " + language->id + " program";
    source.emplace().path = language->source_name;
  }
  plan.submission.run.limits = run_limits(limits);
  FARM_TRY(Harness harness, std::visit(PlanParts{settings, request, language->id, *source, plan},
                                       request.evaluation));
  if (plan.cases.empty()) return invalid_request("/evaluation/cases: an empty list proves nothing");
  FARM_TRY(Files files, submitted_files(request.submission, *source));
  const auto* tests = std::get_if<AssertTests>(&request.evaluation);
  if (tests != nullptr && serves_apart(language->id)) {
    FARM_TRY(plan.apart, make_apart(*language, *tests, source->path, files, limits, settings));
  }
  if (shared && serves) {
    FARM_TRY(Program program,
             make_program(*language, source->path, files, make_shared_harness(), limits, settings));
    plan.shared = std::move(program.run);
    plan.shared->use_channel = true;
    plan.shared->channel_input = served_task(source->path);
  }
  FARM_TRY(plan.submission,
           make_program(*language, source->path, std::move(files), harness, limits, settings));
  plan.submission.run.use_channel = tests != nullptr || plan.type == "function_call";
  if (const auto* run_only = std::get_if<RunOnly>(&request.evaluation)) {
    FARM_CHECK_OK(add_run_only(*run_only, plan.submission));
  }
  return plan;
}

namespace {

void describe(const sandbox::RunSpec& spec, const std::string& what, std::string& out) {
  for (const std::vector<std::string>& argv : spec.commands) {
    out += what + ":";
    for (const std::string& argument : argv) out += " " + argument;
    out += "\n";
  }
  for (const sandbox::InputFile& file : spec.files) {
    out += "  file " + file.path + " (" + std::to_string(file.content.size()) + " bytes" +
           (file.writable ? "" : ", trusted") + ")\n";
  }
  for (const std::string& path : spec.fetch) out += "  fetch " + path + "\n";
  for (const std::string& suffix : spec.fetch_suffixes) out += "  fetch *" + suffix + "\n";
  out += "  limits cpu_ms=" + std::to_string(spec.limits.cpu.count()) +
         " wall_ms=" + std::to_string(spec.limits.wall.count()) +
         " memory=" + std::to_string(spec.limits.memory.count) +
         " output=" + std::to_string(spec.limits.output.count) +
         " processes=" + std::to_string(spec.limits.processes) + "\n";
}

void describe(const Program& program, const std::string& who, std::string& out) {
  if (program.compile) describe(*program.compile, who + " compile", out);
  describe(program.run, who + " run", out);
}

}  // namespace

std::string describe(const Plan& plan) {
  std::string out = std::string(plan.type) + " in " + plan.submission.language + ", " +
                    std::to_string(plan.cases.size()) + " cases, integrity " +
                    std::string(word(plan.integrity)) +
                    ", total_wall_ms=" + std::to_string(plan.total_wall.count()) + "\n";
  if (!plan.no_program.empty()) return out + plan.no_program + "\n";
  describe(plan.submission, "submission", out);
  if (plan.checker) describe(*plan.checker, "checker", out);
  if (plan.shared) describe(*plan.shared, "shared: submission", out);
  if (plan.apart) {
    describe(plan.apart->submission, "apart: submission", out);
    describe(plan.apart->tester, "apart: tester", out);
  }
  for (const std::string& warning : plan.warnings) out += "warning: " + warning + "\n";
  return out;
}

}  // namespace farm::evaluate
