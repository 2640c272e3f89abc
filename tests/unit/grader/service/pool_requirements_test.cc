#include "grader/service/pool_requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<LanguageStatus> python_works_and_java_does_not() {
  std::vector<LanguageStatus> statuses(2);
  statuses[0].id = "python";
  statuses[0].available = true;
  statuses[1].id = "java";
  statuses[1].problem = "javac: not found";
  return statuses;
}

TEST(CheckPool, GraderThatHasAllJoins) {
  EXPECT_TRUE(check_pool({"cpu", {"python"}, Isolation::kFull}, python_works_and_java_does_not(),
                         Isolation::kFull)
                  .has_value());
}

TEST(CheckPool, NothingIsRequiredUnlessSaid) {
  EXPECT_TRUE(check_pool({"cpu", {}, Isolation::kReduced}, {}, Isolation::kReduced).has_value());
}

TEST(CheckPool, AllThatIsMissingIsNamedWithTheReason) {
  const auto checked = check_pool({"cpu", {"python", "java", "zig"}, Isolation::kFull},
                                  python_works_and_java_does_not(), Isolation::kReduced);

  ASSERT_FALSE(checked.has_value());
  EXPECT_FALSE(checked.error().request_fault());
  EXPECT_THAT(
      checked.error().text(),
      AllOf(HasSubstr("pool 'cpu'"), HasSubstr("'java' does not work here: javac: not found"),
            HasSubstr("'zig' is not in the languages directory"),
            HasSubstr("isolation is 'reduced', not 'full'"), HasSubstr("gradefarm doctor"),
            Not(HasSubstr("python"))));
}

}  // namespace
}  // namespace farm::service
