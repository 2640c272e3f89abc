// The parts of gradefarm bench that need no sandbox.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "producer/bench/findings.h"
#include "producer/bench/plain_process.h"
#include "producer/bench/problems.h"
#include "producer/bench/processes.h"
#include "producer/bench/trace.h"
#include "producer/bench/turns.h"
#include "schemas/value.h"

namespace farm::bench {
namespace {

using testing::Contains;
using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(Turns, TheOneWhoBeginsAlternates) {
  std::string order;
  const auto side = [&order](char name) -> Turn {
    return [&order, name]() -> Expected<double> {
      order += name;
      return 1.0;
    };
  };
  const auto turns = take_turns(4, side('A'), side('B'), nullptr);
  ASSERT_TRUE(turns);
  EXPECT_EQ(order, "ABBAABBA");
  EXPECT_EQ(turns->farm.size(), 4U);
}

TEST(Turns, AreComparedRoundByRound) {
  EXPECT_THAT(ratios_of({{10, 30}, {5, 10}}), ElementsAre(DoubleEq(2), DoubleEq(3)));
}

TEST(Spread, IsMedianLowestAndHighest) {
  const Spread odd = spread_of({9, 1, 4});
  EXPECT_EQ(odd.median, 4);
  EXPECT_EQ(odd.low, 1);
  EXPECT_EQ(odd.high, 9);
  EXPECT_EQ(spread_of({1, 2, 4, 9}).median, 3);
}

TEST(ItemsPerSecond, AddsUpWorkersByTheTimeOfTheirUnits) {
  std::atomic<int> units = 0;
  const Unit unit = [&](int, std::int64_t) -> Expected<Counted> {
    ++units;
    return Counted{3, 0.5};
  };
  const auto rate = items_per_second({1, nullptr, nullptr}, {7, {}}, unit);
  ASSERT_TRUE(rate);
  EXPECT_EQ(units, 7);
  EXPECT_DOUBLE_EQ(*rate, 6);
}

TEST(ItemsPerSecond, DoesOneUnitHoweverShortTheTurn) {
  const Unit unit = [](int, std::int64_t) -> Expected<Counted> { return Counted{1, 1}; };
  const auto rate = items_per_second({1, nullptr, nullptr}, {std::nullopt, Milliseconds(0)}, unit);
  ASSERT_TRUE(rate);
  EXPECT_DOUBLE_EQ(*rate, 1);
}

TEST(ItemsPerSecond, EndsWithTheFirstError) {
  std::atomic<int> units = 0;
  const Unit unit = [&](int, std::int64_t) -> Expected<Counted> {
    ++units;
    return internal_error("wrong verdict");
  };
  const auto rate = items_per_second({1, nullptr, nullptr}, {5, {}}, unit);
  ASSERT_FALSE(rate);
  EXPECT_THAT(rate.error().text(), HasSubstr("wrong verdict"));
  EXPECT_EQ(units, 1);
}

TEST(PlainProcess, GetsInputAndGivesOutput) {
  PlainCommand command;
  command.argv = {"/bin/cat"};
  command.directory = "/";
  command.stdin_bytes = std::string(300'000, 'x');
  const auto outcome = run_plain(command);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->exited_with_0);
  EXPECT_EQ(outcome->stdout_bytes, command.stdin_bytes);
}

TEST(PlainProcess, IsStoppedAtItsWallLimitAndAtItsOutputLimit) {
  PlainCommand sleeper;
  sleeper.argv = {"/bin/sleep", "1000"};
  sleeper.directory = "/";
  sleeper.wall = Milliseconds(50);
  const auto slept = run_plain(sleeper);
  ASSERT_TRUE(slept);
  EXPECT_TRUE(slept->stopped);
  EXPECT_EQ(slept->how, "signal 9");

  PlainCommand flood;
  flood.argv = {"/usr/bin/yes"};
  flood.directory = "/";
  flood.output = kib(64);
  const auto flooded = run_plain(flood);
  ASSERT_TRUE(flooded);
  EXPECT_TRUE(flooded->stopped);
}

TEST(PlainProcess, ThatCannotBeExecutedIsAnError) {
  PlainCommand command;
  command.argv = {"/no/such/program"};
  command.directory = "/";
  EXPECT_FALSE(run_plain(command));
}

TEST(Problems, OfOurOwnStandInForDataSetsThatAreNotThere) {
  for (const char* language : {"python", "cpp"}) {
    const auto set = load_problems("/no/such/directory", language);
    ASSERT_TRUE(set) << set.error().text();
    EXPECT_FALSE(set->problems.empty());
    EXPECT_THAT(set->note, HasSubstr("of our own"));
    for (const Problem& problem : set->problems) EXPECT_NE(problem.entry_point, "") << problem.id;
  }
}

TEST(Problems, AreLinesOfTheDataSet) {
  const auto problems = parse_problems(
      R"({"task_id": "P/0", "prompt": "def a(x):\n  pass\ndef b(y):\n", "canonical_solution": "  return y\n", "test": "b(1)\n", "more": 1})"
      "\n",
      "python");
  ASSERT_TRUE(problems) << problems.error().text();
  ASSERT_EQ(problems->size(), 1U);
  EXPECT_EQ(problems->front().entry_point, "b");
  EXPECT_EQ(plain_program(problems->front(), "  return 2\n"),
            "def a(x):\n  pass\ndef b(y):\n  return 2\n\nb(1)\n");

  const auto broken = parse_problems("{\"task_id\": \"P/0\"}\n", "python");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().text(), HasSubstr("line 1"));
}

Problem doubling(const std::string& language) {
  Problem problem;
  problem.id = "p";
  problem.language = language;
  problem.prompt = "def f(x):\n";
  problem.solution = "    return x + 2\n";
  problem.tests = "assert f(1) == 3\n";
  problem.entry_point = "f";
  return problem;
}

TEST(Mutants, DifferByOneTokenOrOneLine) {
  EXPECT_THAT(mutants_of("return a < 10\n"),
              UnorderedElementsAre("return a >= 10\n", "return a < 11\n", ""));
  EXPECT_THAT(mutants_of("f('a < b')\n"), ElementsAre(""));
}

TEST(Trace, IsTheSameForTheSameSeed) {
  const auto texts = [](std::uint64_t seed) {
    std::vector<std::string> all;
    for (const Sample& sample : make_trace(seed, 40, {doubling("python")}, {doubling("cpp")}))
      all.push_back(sample.source + sample.stdin_bytes);
    return all;
  };
  EXPECT_EQ(texts(3), texts(3));
  EXPECT_NE(texts(3), texts(4));
}

TEST(Trace, IsATenthSlowAndAFifthCppAndRepeatsItself) {
  const auto trace = make_trace(1, 200, {doubling("python")}, {doubling("cpp")});
  ASSERT_EQ(trace.size(), 200U);
  const auto slow =
      std::count_if(trace.begin(), trace.end(), [](const Sample& s) { return s.slow; });
  const auto cpp = std::count_if(trace.begin(), trace.end(), [](const Sample& s) {
    return s.request.submission.language == "cpp";
  });
  EXPECT_EQ(slow, 20);
  EXPECT_EQ(cpp, 40);
  std::set<std::string> different;
  for (const Sample& sample : trace)
    different.insert(sample.request.submission.language + sample.source + sample.stdin_bytes);
  EXPECT_LT(different.size(), trace.size());
}

TEST(Processes, OfThisOneAreItsOwnFamilyAndTakeMemory) {
  EXPECT_THAT(family_of(::getpid()), Contains(::getpid()));
  EXPECT_GT(resident_memory({::getpid()}).count, 0);
  EXPECT_TRUE(listeners_on_this_host("").empty());
}

TEST(Findings, AreOneJsonObjectALine) {
  const Scenario* scenario = find_scenario("python-stdin");
  ASSERT_NE(scenario, nullptr);
  Measured measured;
  measured.farm = {10, 30};
  measured.baseline = {5, 5};
  measured.figure = {2, 6};
  measured.notes = {"a \"note\""};
  const std::string line = finding_json(*scenario, measured);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  ASSERT_TRUE(decode_value(line));
  EXPECT_THAT(line, HasSubstr("\"ratio\":{\"median\":4.0,\"low\":2.0,\"high\":6.0"));
  EXPECT_THAT(line, HasSubstr("\"meets_floor\":false"));
}

TEST(Target, MayBeFromBelowOrFromAbove) {
  EXPECT_TRUE(meets({false, 5, 10}, {4, 5, 6}, 5));
  EXPECT_FALSE(meets({false, 5, 10}, {4, 5, 6}, 10));
  EXPECT_TRUE(meets({true, 0.7, 0.4}, {0.6}, 0.7));
  EXPECT_FALSE(meets({true, 0.7, 0.4}, {0.6}, 0.4));
}

TEST(Scenarios, SayWhatTheyMeasureAndAreFoundByName) {
  for (const Scenario& scenario : scenarios()) {
    EXPECT_NE(scenario.what, "") << scenario.name;
    EXPECT_EQ(find_scenario(scenario.name), &scenario);
  }
  EXPECT_EQ(find_scenario("jaav"), nullptr);
}

}  // namespace
}  // namespace farm::bench
