// A forkserver and a slot of the test's own, and short ways to run shell and Python guests in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "grader/sandbox/forkserver.h"
#include "grader/sandbox/linux_sandbox.h"

namespace farm::sandbox {

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SandboxFixture : public ::testing::Test {
 protected:
  // Fails the test where the sandbox cannot be had.
  void start(Isolation isolation) {
    settings_.isolation = isolation;
    settings_.owner = ::getpid();
    const Expected<Done> prepared = prepare_launcher_settings(settings_);
    ASSERT_TRUE(prepared) << prepared.error().text();
    Expected<Forkserver> forkserver = Forkserver::start(settings_);
    ASSERT_TRUE(forkserver) << forkserver.error().text();
    forkserver_ = std::make_unique<Forkserver>(std::move(forkserver).value());
    sandbox_ = std::make_unique<LinuxSandbox>(*forkserver_, 0, 1);
  }

  // How many times slower than a real one this machine is: an emulated one (cgroup_v2.sh) says so.
  static std::int64_t slowness() {
    const char* told = ::getenv("GRADEFARM_TEST_SLOWNESS");
    return told == nullptr ? 1 : std::strtoll(told, nullptr, 10);
  }

  static RunSpec shell(const std::string& script) {
    RunSpec spec;
    spec.commands = {{"/bin/sh", "-c", script}};
    spec.limits.cpu = Milliseconds(2000) * slowness();
    spec.limits.wall = Milliseconds(4000) * slowness();
    spec.limits.memory = mib(64);
    return spec;
  }

  static RunSpec python(const std::string& program) {
    RunSpec spec = shell("");
    spec.commands = {{"/usr/bin/python3", "guest.py"}};
    spec.files = {{"guest.py", program}};
    spec.limits.memory = mib(128);
    return spec;
  }

  RunOutcome run(const RunSpec& spec) {
    Expected<RunOutcome> outcome = sandbox_->run(spec);
    EXPECT_TRUE(outcome) << outcome.error().text();
    return outcome ? std::move(outcome).value() : RunOutcome();
  }

  // After every hostile guest an honest one must find the slot as new.
  void expect_slot_is_clean() {
    const RunOutcome honest = run(shell("find /work /tmp /dev/shm; echo fine"));
    EXPECT_EQ(honest.exit_code, 0);
    EXPECT_EQ(honest.stdout_bytes, "/work\n/tmp\n/dev/shm\nfine\n");
  }

  LauncherSettings settings_;
  std::unique_ptr<Forkserver> forkserver_;
  std::unique_ptr<LinuxSandbox> sandbox_;
};

}  // namespace farm::sandbox
