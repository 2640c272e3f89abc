#include "grader/evaluate/compile_entry.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

#include "tests/support/fake_sandbox.h"

namespace farm::evaluate {
namespace {

using farm::testing::exited;
using farm::testing::killed;

sandbox::RunSpec step() {
  sandbox::RunSpec spec;
  spec.commands = {{"/usr/bin/g++", "-o", "main", "main.cpp"}};
  spec.env = {{"A", "b"}};
  spec.files = {{"main.cpp", "int main() {}"}, {"more.h", ""}};
  spec.fetch = {"main"};
  return spec;
}

TEST(CompileKey, IsAnotherForEverythingThatACompilerSees) {
  using Change = std::function<void(sandbox::RunSpec&)>;
  const std::vector<Change> changes = {
      [](auto& spec) { spec.commands[0].push_back("-O3"); },
      [](auto& spec) {
        spec.commands.push_back({"/usr/bin/strip", "main"});
      },
      [](auto& spec) {
        spec.commands = {{"/usr/bin/g++", "-o", "main main.cpp"}};
      },
      [](auto& spec) { spec.env["A"] = "c"; },
      [](auto& spec) { spec.files[0].content += " "; },
      [](auto& spec) { spec.files[0].path = "other.cpp"; },
      [](auto& spec) { spec.files[0].writable = false; },
      [](auto& spec) { spec.files[0].executable = true; },
      [](auto& spec) { spec.files.pop_back(); },
      // The same bytes, divided otherwise.
      [](auto& spec) {
        spec.files = {{"main.cpp", "int main() "}, {"{}more.h", ""}};
      },
      [](auto& spec) {
        spec.fetch = {"main", "map"};
      },
      [](auto& spec) { spec.fetch_suffixes = {".class"}; },
      [](auto& spec) { spec.limits.cpu += Milliseconds(1); },
      [](auto& spec) { spec.limits.memory = mib(100); },
      [](auto& spec) { spec.limits.tmpfs = mib(100); },
      [](auto& spec) { spec.profile = sandbox::Profile::kNative; },
  };
  std::set<std::string> keys = {compile_key(step(), "toolchain"), compile_key(step(), "newer")};
  for (const Change& change : changes) {
    sandbox::RunSpec changed = step();
    change(changed);
    keys.insert(compile_key(changed, "toolchain"));
  }
  EXPECT_EQ(keys.size(), changes.size() + 2);
  EXPECT_EQ(keys.count(compile_key(step(), "toolchain")), 1U);
}

TEST(IsTimeless, AProgramThatAsksForTheTimeOfItsCompilationIsNot) {
  EXPECT_TRUE(is_timeless(step()));
  for (const char* name : {"__DATE__", "__TIME__", "__TIMESTAMP__"}) {
    sandbox::RunSpec spec = step();
    spec.files[1].content = std::string("auto when = ") + name + ";";
    EXPECT_FALSE(is_timeless(spec)) << name;
  }
}

TEST(IsRepeatable, WhatTheCompilerSaysOfItsInputIs) {
  EXPECT_TRUE(is_repeatable(exited(0), {}));
  EXPECT_TRUE(is_repeatable(exited(1, "", "main.cpp:1:1: error: expected unqualified-id"), {}));
}

TEST(IsRepeatable, WhatCameOfALimitOrAnAccidentIsNot) {
  using sandbox::Ending;
  for (const Ending ending : {Ending::kCpuLimit, Ending::kWallLimit, Ending::kOutputLimit,
                              Ending::kStarved, Ending::kCancelled}) {
    EXPECT_FALSE(is_repeatable(killed(ending), {})) << static_cast<int>(ending);
  }
  sandbox::RunOutcome crashed = killed(Ending::kByItself);
  crashed.signal = 11;
  EXPECT_FALSE(is_repeatable(crashed, {}));
  sandbox::RunOutcome starved_of_memory = exited(0);
  starved_of_memory.out_of_memory = true;
  EXPECT_FALSE(is_repeatable(starved_of_memory, {}));
  sandbox::RunOutcome slow = exited(0);
  slow.cpu = std::chrono::duration_cast<Microseconds>(sandbox::Limits().cpu) + Microseconds(1);
  EXPECT_FALSE(is_repeatable(slow, {}));
  for (const char* said :
       {"g++: fatal error: Killed signal terminated program cc1plus",
        "main.cpp:1:1: internal compiler error: Segmentation fault",
        "cc1plus: out of memory allocating 65536 bytes",
        "/tmp/cc1.s: fatal error: error writing to main: No space left on device"}) {
    EXPECT_FALSE(is_repeatable(exited(1, "", said), {})) << said;
  }
}

sandbox::RunOutcome compiled() {
  sandbox::RunOutcome outcome = exited(1, std::string("out\0put", 7), "warning\n");
  outcome.cpu = Microseconds(1'234'567);
  outcome.wall = Microseconds(2'000'000);
  outcome.starved = Microseconds(3);
  outcome.memory_peak = mib(70);
  outcome.command_index = 2;
  outcome.files["main"].content = std::string(
      "\x7f"
      "ELF\0\xff",
      6);
  outcome.files["map"].refused = "no such file";
  return outcome;
}

TEST(CompileEntry, EverythingComesBack) {
  const auto back = decode_compiled("key", encode_compiled("key", compiled()));
  ASSERT_TRUE(back);
  const sandbox::RunOutcome expected = compiled();
  EXPECT_EQ(back->ending, sandbox::Ending::kByItself);
  EXPECT_EQ(back->exit_code, 1);
  EXPECT_EQ(back->cpu, expected.cpu);
  EXPECT_EQ(back->wall, expected.wall);
  EXPECT_EQ(back->starved, expected.starved);
  EXPECT_EQ(back->memory_peak, expected.memory_peak);
  EXPECT_EQ(back->stdout_bytes, expected.stdout_bytes);
  EXPECT_EQ(back->stderr_bytes, expected.stderr_bytes);
  EXPECT_EQ(back->stdout_total, expected.stdout_total);
  EXPECT_EQ(back->stderr_total, expected.stderr_total);
  EXPECT_EQ(back->command_index, 2U);
  EXPECT_EQ(back->isolation, Isolation::kFull);
  ASSERT_EQ(back->files.size(), 2U);
  EXPECT_EQ(back->files.at("main").content, expected.files.at("main").content);
  EXPECT_EQ(back->files.at("map").refused, "no such file");
}

TEST(CompileEntry, WithAnyByteChangedAddedOrMissingItIsNone) {
  const std::string entry = encode_compiled("key", compiled());
  for (std::size_t i = 0; i < entry.size(); ++i) {
    std::string changed = entry;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    EXPECT_FALSE(decode_compiled("key", changed)) << "byte " << i;
    EXPECT_FALSE(decode_compiled("key", entry.substr(0, i))) << "cut at " << i;
  }
  EXPECT_FALSE(decode_compiled("key", entry + "x"));
}

TEST(CompileEntry, OfAnotherKeyIsNone) {
  EXPECT_FALSE(decode_compiled("another", encode_compiled("key", compiled())));
}

}  // namespace
}  // namespace farm::evaluate
