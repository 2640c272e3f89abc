// Java and TypeScript: one small program and five cases, against a compiler that is started for it
// and a run time a case.
#include <chrono>
#include <utility>

#include "producer/bench/scenario.h"

namespace farm::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCases = 5;
constexpr Milliseconds kTurn{15'000};
// A compiler that stays gets ready beside the first programs.
constexpr int kMostWarmUps = 20;

constexpr const char* kJava = R"(
import java.util.*;
public class Main {
  public static void main(String[] args) {
    Scanner in = new Scanner(System.in);
    Map<Integer, Integer> seen = new TreeMap<>();
    for (int left = in.nextInt(); left > 0; --left) seen.merge(in.nextInt(), 1, Integer::sum);
    StringBuilder out = new StringBuilder();
    for (Map.Entry<Integer, Integer> entry : seen.entrySet())
      out.append(entry.getKey()).append(' ').append(entry.getValue()).append('\n');
    System.out.print(out);
  }
}
)";

constexpr const char* kTypescript = R"(
import * as fs from 'fs';
const [size, ...numbers]: number[] = fs.readFileSync(0, 'utf8').trim().split(/\s+/).map(Number);
const seen: Map<number, number> = new Map();
for (const one of numbers.slice(0, size)) seen.set(one, (seen.get(one) ?? 0) + 1);
for (const [one, count] of [...seen].sort((a, b) => a[0] - b[0])) console.log(`${one} ${count}`);
)";

struct Subject {
  const char* name;
  const char* language;
  const char* source;
  const char* file;
  std::vector<std::vector<std::string>> compilers;  // of plain processes; the first is the baseline
  std::vector<std::string> run;
};

const Subject kJavaSubject = {"java",
                              "java",
                              kJava,
                              "Main.java",
                              {{"/usr/bin/javac", "Main.java"}},
                              {"/usr/bin/java", "-cp", ".", "Main"}};
const Subject kTypescriptSubject = {
    "typescript",
    "typescript",
    kTypescript,
    "main.ts",
    {{"/usr/bin/tsc", "--target", "es2020", "--module", "commonjs", "--types", "node", "main.ts"},
     {"/usr/bin/esbuild", "main.ts", "--outfile=main.js", "--format=cjs", "--log-level=error"}},
    {"/usr/bin/node", "main.js"}};

StdinStdout::Case test_case(int number) {
  return {"4\n" + std::to_string(number) + " 7 7 1000\n",
          std::to_string(number) + " 1\n7 2\n1000 1\n"};
}

EvaluationRequest request_of(const Subject& subject, const std::string& source) {
  EvaluationRequest request;
  request.request_id = "bench-" + std::string(subject.language);
  request.trainer = "bench";
  request.submission.language = subject.language;
  request.submission.code = source;
  StdinStdout evaluation;
  for (int i = 0; i < kCases; ++i) evaluation.cases.push_back(test_case(i));
  request.evaluation = std::move(evaluation);
  return request;
}

Expected<double> plain_seconds(const Subject& subject, const std::string& directory,
                               const std::vector<std::string>& compiler,
                               const std::string& source) {
  FARM_CHECK_OK(put_file(directory, subject.file, source));
  PlainCommand compile;
  compile.directory = directory;
  compile.argv = compiler;
  compile.cpu = compile.wall = Milliseconds(120'000);
  compile.memory = gib(64);  // of address space, of which these reserve a lot
  const SteadyTime begun = Clock::now();
  FARM_TRY(const PlainOutcome compiled, run_plain(compile));
  // tsc without the types of node complains, and compiles.
  const bool complains = std::string_view(compiler.front()).ends_with("tsc");
  if (!compiled.exited_with_0 && !complains)
    return internal_error(compiler.front() + " ended with " + compiled.how);
  for (int i = 0; i < kCases; ++i) {
    PlainCommand run;
    run.directory = directory;
    run.argv = subject.run;
    run.memory = gib(64);
    const StdinStdout::Case one = test_case(i);
    run.stdin_bytes = one.stdin_bytes;
    FARM_CHECK_OK(plain_case(run, one.stdout_bytes));
  }
  return seconds_between(begun, Clock::now());
}

// No two programs are the same text.
std::string unseen(Lab& lab, const Subject& subject) {
  return "// " + lab.fresh_name() + "\n" + subject.source;
}

Expected<Measured> measure(Lab& lab, const Subject& subject) {
  FARM_CHECK_OK(lab.engine().prepare_compilers());
  if (!lab.engine().serves(subject.language)) {
    return unsupported(std::string(subject.language) +
                       " does not work here; `gradefarm doctor` says why");
  }
  Profile profile;
  const Unit farm = [&](int slot, std::int64_t) {
    return graded_unit(lab, request_of(subject, unseen(lab, subject)), slot, kCases, profile,
                       &Graded::seconds);
  };
  const int slots = lab.slots(1);
  for (int slot = 0; slot < slots; ++slot) {
    for (int i = 0; i < kMostWarmUps && !lab.engine().has_resident(subject.language, slot); ++i) {
      Profile ignored;
      FARM_CHECK_OK(graded_unit(lab, request_of(subject, unseen(lab, subject)), slot, kCases,
                                ignored, &Graded::seconds));
    }
  }
  const Unit plain = [&](int worker, std::int64_t) -> Expected<Counted> {
    FARM_TRY(const double seconds, plain_seconds(subject, lab.plain_directory(worker),
                                                 subject.compilers.front(), unseen(lab, subject)));
    return Counted{kCases, seconds};
  };
  FARM_TRY(Measured measured, lab.compare(subject.name, slots, lab.budget(kTurn), farm, plain));
  measured.profile = profile.steps();
  return measured;
}

}  // namespace

Expected<Measured> measure_java(Lab& lab) { return measure(lab, kJavaSubject); }

Expected<Measured> measure_typescript(Lab& lab) {
  FARM_TRY(Measured measured, measure(lab, kTypescriptSubject));
  const Unit esbuild = [&](int worker, std::int64_t) -> Expected<Counted> {
    FARM_TRY(const double seconds,
             plain_seconds(kTypescriptSubject, lab.plain_directory(worker),
                           kTypescriptSubject.compilers.back(), unseen(lab, kTypescriptSubject)));
    return Counted{kCases, seconds};
  };
  const auto beside = items_per_second(lab.plain_crew(lab.slots(1)), lab.budget(kTurn), esbuild);
  if (beside) {
    measured.more.emplace_back("esbuild, then one node a case: cases/s a slot",
                               *beside / lab.slots(1));
  } else {
    measured.notes.push_back("esbuild beside it: " + beside.error().text());
  }
  return measured;
}

}  // namespace farm::bench
