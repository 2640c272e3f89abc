// C++: a program of bits/stdc++.h, compiled and run, against a plain g++ and a plain exec.
#include <atomic>
#include <chrono>
#include <utility>

#include "producer/bench/scenario.h"

namespace farm::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStdinCases = 20;
constexpr Milliseconds kTurn{5'000};
const std::vector<std::string> kPlainCompiler = {"/usr/bin/g++", "-std=gnu++17", "-O2",
                                                 "-o",           "main",         "main.cpp"};

// What contest programs use: a union-find, a map, a heap, streams. Reads n edges, prints the weight
// of a minimum spanning tree.
constexpr const char* kProgram = R"(#include <bits/stdc++.h>
using namespace std;
struct Sets {
  vector<int> parent;
  explicit Sets(int n) : parent(n) { iota(parent.begin(), parent.end(), 0); }
  int find(int x) { return parent[x] == x ? x : parent[x] = find(parent[x]); }
  bool join(int a, int b) {
    a = find(a), b = find(b);
    if (a == b) return false;
    parent[a] = b;
    return true;
  }
};
int main() {
  int edges;
  cin >> edges;
  map<string, int> number;
  priority_queue<tuple<long long, int, int>, vector<tuple<long long, int, int>>, greater<>> cheapest;
  for (int i = 0; i < edges; ++i) {
    string a, b;
    long long weight;
    cin >> a >> b >> weight;
    const int x = number.emplace(a, (int)number.size()).first->second;
    const int y = number.emplace(b, (int)number.size()).first->second;
    cheapest.emplace(weight, x, y);
  }
  Sets sets((int)number.size());
  long long total = 0;
  while (!cheapest.empty()) {
    auto [weight, x, y] = cheapest.top();
    cheapest.pop();
    if (sets.join(x, y)) total += weight;
  }
  cout << total << '\n';
}
)";

std::string program(const std::string& unlike_others) {
  return std::string("// ") + unlike_others + "\n" + kProgram;
}

// A triangle whose dearest edge is left out.
StdinStdout::Case test_case(int number) {
  const int weight = 10 + number;
  return {"3\na b " + std::to_string(weight) + "\nb c 7\nc a 1000\n",
          std::to_string(weight + 7) + "\n"};
}

EvaluationRequest request_of(const std::string& source, int cases) {
  EvaluationRequest request;
  request.request_id = "bench-cpp";
  request.trainer = "bench";
  request.submission.language = "cpp";
  request.submission.code = source;
  StdinStdout evaluation;
  for (int i = 0; i < cases; ++i) evaluation.cases.push_back(test_case(i));
  request.evaluation = std::move(evaluation);
  return request;
}

Expected<Done> plain_compile(const std::string& directory, const std::string& source) {
  PlainCommand compiler;
  compiler.directory = directory;
  compiler.argv = kPlainCompiler;
  compiler.cpu = compiler.wall = Milliseconds(120'000);
  FARM_CHECK_OK(put_file(directory, "main.cpp", source));
  FARM_TRY(const PlainOutcome outcome, run_plain(compiler));
  if (!outcome.exited_with_0) return internal_error("the baseline's g++ ended with " + outcome.how);
  return Done{};
}

Expected<Done> plain_run(const std::string& directory, int number) {
  PlainCommand run;
  run.directory = directory;
  run.argv = {"./main"};
  const StdinStdout::Case one = test_case(number);
  run.stdin_bytes = one.stdin_bytes;
  return plain_case(run, one.stdout_bytes);
}

// From source to the verdict of one case, on both sides. `source` is told the number of the unit.
template <typename Source>
Expected<Measured> measure_build(Lab& lab, const char* name, Source source, Unit farm) {
  const Unit plain = [&](int worker, std::int64_t number) -> Expected<Counted> {
    const std::string directory = lab.plain_directory(worker);
    const SteadyTime begun = Clock::now();
    FARM_CHECK_OK(plain_compile(directory, source(number)));
    FARM_CHECK_OK(plain_run(directory, 0));
    return Counted{1, seconds_between(begun, Clock::now())};
  };
  return lab.compare(name, lab.slots(1), lab.budget(kTurn), farm, plain);
}

}  // namespace

Expected<Measured> measure_cpp_compile(Lab& lab) {
  FARM_CHECK_OK(lab.engine().prepare_compilers());
  Profile profile;
  const auto unseen = [&](std::int64_t) { return program(lab.fresh_name()); };
  const Unit farm = [&](int slot, std::int64_t number) {
    return graded_unit(lab, request_of(unseen(number), 1), slot, 1, profile, &Graded::seconds);
  };
  FARM_TRY(Measured measured, measure_build(lab, "cpp-compile", unseen, farm));
  measured.profile = profile.steps();
  return measured;
}

Expected<Measured> measure_cpp_cached(Lab& lab) {
  FARM_CHECK_OK(lab.engine().prepare_compilers());
  Profile profile;
  const auto same = [&](std::int64_t) { return program(lab.session()); };
  std::atomic<std::int64_t> graded = 0;
  std::atomic<std::int64_t> cached = 0;
  const Unit farm = [&](int slot, std::int64_t) -> Expected<Counted> {
    const Graded one = lab.engine().grade(request_of(same(0), 1), slot);
    if (one.result.verdict != Verdict::kAccepted)
      return internal_error("the farm judged a right program " +
                            std::string(word(one.result.verdict)) + ": " + one.result.message);
    if (lab.options().profile) profile.add(one);
    ++graded;
    if (one.result.compile && one.result.compile->cached) ++cached;
    return Counted{1, one.seconds()};
  };
  FARM_TRY(Measured measured, measure_build(lab, "cpp-cached", same, farm));
  measured.profile = profile.steps();
  measured.more.emplace_back("share answered by the build cache",
                             static_cast<double>(cached) / static_cast<double>(graded));
  return measured;
}

Expected<Measured> measure_cpp_stdin(Lab& lab) {
  FARM_CHECK_OK(lab.engine().prepare_compilers());
  Profile profile;
  const std::string source = program(lab.session() + " stdin");
  const Unit farm = [&](int slot, std::int64_t) {
    return graded_unit(lab, request_of(source, kStdinCases), slot, kStdinCases, profile,
                       &Graded::seconds_without_compiling);
  };
  const std::string directory = lab.plain_directory(0);
  const Unit build = [&](int, std::int64_t) -> Expected<Counted> {
    FARM_CHECK_OK(plain_compile(directory, source));
    return Counted{1, 1};
  };
  FARM_CHECK_OK(items_per_second(lab.plain_crew(1), {1, {}}, build));
  const Unit plain = [&](int, std::int64_t) -> Expected<Counted> {
    const SteadyTime begun = Clock::now();
    for (int i = 0; i < kStdinCases; ++i) FARM_CHECK_OK(plain_run(directory, i));
    return Counted{kStdinCases, seconds_between(begun, Clock::now())};
  };
  FARM_TRY(Measured measured,
           lab.compare("cpp-stdin", lab.slots(1), lab.budget(kTurn), farm, plain));
  measured.profile = profile.steps();
  return measured;
}

}  // namespace farm::bench
