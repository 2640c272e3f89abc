#include "monitoring/log.h"

#include <gmock/gmock.h>

#include <string>

namespace farm::monitoring {
namespace {

using testing::IsEmpty;
using testing::MatchesRegex;

// The log belongs to the process: every test ends with the defaults.
class Log : public testing::Test {
 protected:
  void TearDown() override { log::configure({}); }

  static std::string stderr_of(void (*act)()) {
    testing::internal::CaptureStderr();
    act();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, WritesOneJsonObjectALine) {
  log::configure({LogLevel::kInfo, LogFormat::kJson});

  const std::string written = stderr_of([] { log::info("request done", {{"request_id", "r-1"}}); });

  EXPECT_THAT(
      written,
      MatchesRegex(
          "\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\","
          "\"level\":\"info\",\"message\":\"request done\",\"request_id\":\"r-1\"\\}\n"));
}

TEST_F(Log, WritesTextWithoutColourWhereStderrIsNoTerminal) {
  log::configure({LogLevel::kInfo, LogFormat::kText});

  const std::string written = stderr_of([] { log::warning("disk is slow", {{"path", "/x"}}); });

  EXPECT_THAT(written, MatchesRegex("[-0-9]+ [0-9:.]+ warning disk is slow path=/x\n"));
}

TEST_F(Log, AutoMeansJsonWhereStderrIsNoTerminal) {
  const std::string written = stderr_of([] {
    log::configure({});
    log::error("x");
  });

  EXPECT_THAT(written, MatchesRegex("\\{.*\"level\":\"error\",\"message\":\"x\"\\}\n"));
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  log::configure({LogLevel::kWarning, LogFormat::kText});

  EXPECT_THAT(stderr_of([] {
                log::debug("a");
                log::info("b");
              }),
              IsEmpty());
  EXPECT_FALSE(log::enabled(LogLevel::kInfo));
  EXPECT_TRUE(log::enabled(LogLevel::kWarning));
}

TEST_F(Log, NeverReadsAMessageAsAFormat) {
  log::configure({LogLevel::kInfo, LogFormat::kText});

  const std::string written = stderr_of([] { log::info("{} %v %s {0:x}", {{"a", "{}"}}); });

  EXPECT_THAT(written, testing::HasSubstr("{} %v %s {0:x} a={}"));
}

}  // namespace
}  // namespace farm::monitoring
