// What a compiler that looks through precompiled headers first may decide:
// tests/sandbox/compile_test.cc says the same of a real one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/grader/evaluate/requests.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::FakeSandbox;
using farm::testing::killed;
using ::testing::Contains;
using ::testing::Not;

constexpr const char* kFlag = "-I/farm/headers/0123";
constexpr const char* kBegins = "#include <bits/stdc++.h>\nint main() {}\n";

sandbox::RunOutcome made(std::string stderr_bytes = "") {
  sandbox::RunOutcome outcome = exited(0, "", std::move(stderr_bytes));
  outcome.files["program"].content = "elf";
  return outcome;
}

class Precompiled : public ::testing::Test {
 protected:
  EvaluationResult grade(const std::string& source) {
    Tools tools = tools_with(sandbox_);
    tools.settings.precompiled["cpp"] = "/farm/headers/0123";
    return evaluate(request_of("cpp", source, io_cases({{"1 2\n", "3\n"}})), tools);
  }
  const std::vector<std::string>& command(std::size_t run) const {
    return sandbox_.specs().at(run).commands.front();
  }

  FakeSandbox sandbox_;
};

TEST_F(Precompiled, AProgramThatBeginsWithOneTakesIt) {
  sandbox_.then(made()).then(exited(0, "3\n"));
  EXPECT_EQ(grade(kBegins).verdict, Verdict::kAccepted);
  EXPECT_THAT(command(0), Contains(kFlag));
}

TEST_F(Precompiled, AnyOtherIsCompiledWithout) {
  for (const char* source : {"int main() {}", "#include <vector>\nint main() {}",
                             "#define int long long\n#include <bits/stdc++.h>\n",
                             "#pragma GCC target(\"avx2\")\n#include <bits/stdc++.h>\n"}) {
    sandbox_ = FakeSandbox();
    sandbox_.then(made()).then(exited(0, "3\n"));
    EXPECT_EQ(grade(source).verdict, Verdict::kAccepted) << source;
    EXPECT_THAT(command(0), Not(Contains(kFlag))) << source;
  }
}

TEST_F(Precompiled, AnErrorIsThatOfACompilerWithoutThem) {
  sandbox_.then(exited(1, "", "In file included from /farm/headers/0123\nerror: once\n"))
      .then(exited(1, "", "main.cpp:2: error: twice\n"));
  const EvaluationResult result = grade(kBegins);
  EXPECT_EQ(result.verdict, Verdict::kCompileError);
  EXPECT_EQ(result.compile->stderr_bytes, "main.cpp:2: error: twice\n");
  EXPECT_THAT(command(1), Not(Contains(kFlag)));
}

TEST_F(Precompiled, AnErrorThatOnlyTheyBringIsNone) {
  sandbox_.then(exited(1, "", "internal compiler error\n")).then(made()).then(exited(0, "3\n"));
  EXPECT_EQ(grade(kBegins).verdict, Verdict::kAccepted);
}

TEST_F(Precompiled, SoIsAWarning) {
  sandbox_.then(made("from main.cpp:1: warning\n"))
      .then(made("from main.cpp:3: warning\n"))
      .then(exited(0, "3\n"));
  const EvaluationResult result = grade(kBegins);
  EXPECT_EQ(result.verdict, Verdict::kAccepted);
  EXPECT_EQ(result.compile->stderr_bytes, "from main.cpp:3: warning\n");
}

TEST_F(Precompiled, ACompilerThatIsOutOfTimeIsNotGivenItAgain) {
  sandbox_.then(killed(sandbox::Ending::kCpuLimit));
  EXPECT_EQ(grade(kBegins).verdict, Verdict::kCompileError);
  EXPECT_EQ(sandbox_.specs().size(), 1U);
}

}  // namespace
}  // namespace farm::evaluate
