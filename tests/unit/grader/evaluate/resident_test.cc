// Resident compilers: when their answers count, and that everything else is compiled as without
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grader/evaluate/compile.h"
#include "grader/evaluate/resident_compilers.h"
#include "tests/support/fake_sandbox.h"

namespace farm::evaluate {
namespace {

using sandbox::RunOutcome;
using sandbox::RunSpec;
using ::testing::ElementsAre;

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}
std::string text(const std::string& value) {
  return number(static_cast<std::uint32_t>(value.size())) + value;
}
std::string answer_of(std::uint32_t status, const std::string& said,
                      const std::vector<std::pair<std::string, std::string>>& files) {
  std::string bytes =
      number(status) + text("") + text(said) + number(static_cast<std::uint32_t>(files.size()));
  for (const auto& [path, content] : files) bytes += text(path) + text(content);
  return bytes;
}

// What a resident was told and answers; "" in place of an answer: it ends.
struct Script {
  std::deque<std::string> answers;
  std::vector<std::string> told;
  bool ready = true;
  int ended = 0;
  Microseconds cpu{1000};
};

class ScriptedResident final : public sandbox::Resident {
 public:
  explicit ScriptedResident(Script& script) : script_(script) {}
  bool is_ready() override { return script_.ready; }
  std::optional<RunOutcome> ask(std::string message) override {
    script_.told.push_back(std::move(message));
    if (script_.answers.empty() || script_.answers.front().empty()) return std::nullopt;
    RunOutcome turn = farm::testing::exited(0);
    turn.channel_bytes = script_.answers.front();
    turn.cpu = script_.cpu;
    script_.answers.pop_front();
    return turn;
  }
  void end() override { ++script_.ended; }

 private:
  Script& script_;
};

class ResidentCompilersTest : public ::testing::Test {
 protected:
  ResidentCompilersTest() {
    RunSpec step;
    step.commands = {{"/usr/bin/javac", "Main.java"}};
    step.files = {{"Main.java", "class Main {}"}, {".farm/javac.java", "ours", false, false}};
    step.fetch_suffixes = {".class"};
    program_.language = "java";
    program_.compile = step;
    program_.resident = RunSpec();
    tools_.sandbox = &sandbox_;
    tools_.residents = &residents_;
  }

  Build compiled() {
    auto build = compile(program_, Plan(), tools_);
    EXPECT_TRUE(build) << build.error().text();
    return build ? *std::move(build) : Build();
  }
  // Whether the step was run in the sandbox of the slot.
  bool ran_cold() const { return !sandbox_.specs().empty(); }

  void cold_step_works() {
    sandbox_.always([](const RunSpec&) {
      RunOutcome outcome = farm::testing::exited(0);
      outcome.files["Main.class"].content = "cold";
      return outcome;
    });
  }

  Script script_;
  farm::testing::FakeSandbox sandbox_;
  ResidentCompilers residents_{[this](const std::string&, const RunSpec&) {
    return std::make_unique<ScriptedResident>(script_);
  }};
  Tools tools_;
  Program program_;
};

TEST_F(ResidentCompilersTest, IsToldTheCommandAndTheSubmissionsFiles) {
  script_.answers = {answer_of(0, "", {{"Main.class", "bytes"}})};

  const Build build = compiled();

  ASSERT_TRUE(build.ok()) << build.message;
  EXPECT_FALSE(ran_cold());
  EXPECT_THAT(script_.told, ElementsAre(number(2) + text("/usr/bin/javac") + text("Main.java") +
                                        number(1) + text("Main.java") + text("class Main {}")));
  ASSERT_EQ(build.products.size(), 1U);
  EXPECT_EQ(build.products[0].path, "Main.class");
  EXPECT_EQ(build.products[0].content, "bytes");
}

TEST_F(ResidentCompilersTest, DiagnosticsAreItsOwn) {
  script_.answers = {answer_of(1, "Main.java:1: error: no\n", {})};

  const Build build = compiled();

  EXPECT_FALSE(ran_cold());
  EXPECT_EQ(build.message, "does not compile: \"Main.java:1: error: no\"");
  EXPECT_EQ(build.result->exit_code, 1);
}

TEST_F(ResidentCompilersTest, OneThatIsNotReadyIsNotWaitedFor) {
  script_.ready = false;
  cold_step_works();

  EXPECT_TRUE(compiled().ok());
  EXPECT_TRUE(ran_cold());
  EXPECT_TRUE(script_.told.empty());
}

TEST_F(ResidentCompilersTest, OneThatEndsIsNoVerdict) {
  script_.answers = {""};
  cold_step_works();

  EXPECT_TRUE(compiled().ok());
  EXPECT_TRUE(ran_cold());
}

TEST_F(ResidentCompilersTest, LessMemoryThanItHasIsNotItsToGive) {
  program_.compile->limits.memory = mib(100);
  program_.resident->limits.memory = mib(200);
  cold_step_works();

  EXPECT_TRUE(compiled().ok());
  EXPECT_TRUE(script_.told.empty());
}

TEST_F(ResidentCompilersTest, MoreTimeThanTheStepMayTakeIsForTheStepToSay) {
  script_.answers = {answer_of(0, "", {{"Main.class", "bytes"}})};
  script_.cpu = Milliseconds(90);
  program_.compile->limits.cpu = Milliseconds(50);
  cold_step_works();

  EXPECT_EQ(compiled().products[0].content, "cold");
}

struct Nonsense {
  std::string name;
  std::string answer;
  friend void PrintTo(const Nonsense& row, std::ostream* out) { *out << row.name; }
};

class NonsenseTest : public ResidentCompilersTest,
                     public ::testing::WithParamInterface<Nonsense> {};

TEST_P(NonsenseTest, IsNoAnswerAndTheLastOne) {
  script_.answers = {GetParam().answer};
  cold_step_works();

  const Build build = compiled();

  EXPECT_TRUE(build.ok());
  EXPECT_EQ(build.products[0].content, "cold");
  EXPECT_EQ(script_.ended, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, NonsenseTest,
    ::testing::Values(Nonsense{"Short", "abc"},
                      Nonsense{"TextLongerThanTheAnswer", number(0) + number(99)},
                      Nonsense{"BytesLeftOver", answer_of(0, "", {{"Main.class", "x"}}) + "y"},
                      Nonsense{"MoreFilesThanItHolds",
                               number(0) + text("") + text("") + number(1U << 31)},
                      Nonsense{"CompilerDied", answer_of(3, "The system is out of resources.", {})},
                      Nonsense{"StatusOfASignal", answer_of(0xffffffff, "", {})},
                      Nonsense{"FileThatIsNoProduct", answer_of(0, "", {{"Main.java", "x"}})},
                      Nonsense{"FileInAnotherPlace", answer_of(0, "", {{"../a/Main.class", "x"}})},
                      Nonsense{"FileWithoutAName", answer_of(0, "", {{".class", "x"}})}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace farm::evaluate
