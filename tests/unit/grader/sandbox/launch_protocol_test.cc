#include "grader/sandbox/launch_protocol.h"

#include <gtest/gtest.h>

namespace farm::sandbox {
namespace {

RunSpec full_spec() {
  RunSpec spec;
  spec.commands = {{"/usr/bin/g++", "-o", std::string("a\0b", 3)}, {"./a"}};
  spec.env = {{"A", "1"}, {"B", ""}};
  spec.files = {{"d/x.txt", std::string("\0\xff", 2), true, false}};
  spec.limits.cpu = Milliseconds(1234);
  spec.limits.tmpfs_inodes = 77;
  spec.profile = Profile::kCompile;
  spec.fetch = {"a", "b/c"};
  spec.fetch_suffixes = {".class"};
  spec.rests = true;
  spec.fetch_limit = mib(3);
  return spec;
}

TEST(LaunchPayload, RoundTripKeepsEveryField) {
  const auto decoded = decode_payload(encode_payload(full_spec()));

  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(encode_payload(*decoded), encode_payload(full_spec()));
  EXPECT_EQ(decoded->commands[0][2], std::string("a\0b", 3));
  EXPECT_EQ(decoded->limits.cpu, Milliseconds(1234));
  EXPECT_TRUE(decoded->files[0].executable);
  EXPECT_FALSE(decoded->files[0].writable);
  EXPECT_EQ(decoded->fetch_limit, mib(3));
  EXPECT_EQ(decoded->fetch_suffixes, std::vector<std::string>{".class"});
  EXPECT_TRUE(decoded->rests);
}

TEST(LaunchPayload, EveryTruncationIsAnErrorNotACrash) {
  const std::string whole = encode_payload(full_spec());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_payload(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(LaunchPayload, CountThatLiesDoesNotAllocate) {
  const std::int64_t huge = std::int64_t{1} << 60;
  const std::string bytes(reinterpret_cast<const char*>(&huge), sizeof huge);

  EXPECT_FALSE(decode_payload(bytes + std::string(64, '\0')));
}

TEST(LaunchPayload, RunWithoutCommandsIsRefused) {
  EXPECT_FALSE(decode_payload(encode_payload(RunSpec())));
}

LauncherSettings full_settings() {
  LauncherSettings settings;
  settings.isolation = Isolation::kReduced;
  settings.no_cgroups_because = "no such thing";
  settings.identities.base = 777;
  settings.root.readable_paths = {"/venv"};
  settings.root.readable_as = {{"/headers", "/var/cache/headers"}};
  settings.root.private_files = {{"/secret/a", std::string("\0x", 2)}};
  settings.root.keeps_host_proc = true;
  settings.cgroups.version = 1;
  settings.cgroups.hierarchies = {{"memory", "/sys/fs/cgroup/memory"}, {"pids", "/p"}};
  settings.owner = 4711;
  settings.cpus_per_run = 1.5;
  settings.host_cpus = {0, 3};
  settings.filters[Profile::kManaged].programs = {{{1, 2, 3, 4}, {5, 6, 7, 8}}, {{9, 1, 2, 3}}};
  settings.filters[Profile::kNative];
  ZygoteSettings zygote;
  zygote.interpreter = "/usr/bin/python3";
  zygote.env = {{"A", "1"}};
  zygote.preload = {"json", "re"};
  zygote.trusted = {{"python_call.py", "pass"}};
  zygote.patience = Milliseconds(99);
  settings.zygote = zygote;
  return settings;
}

TEST(ForkserverSettings, RoundTripKeepsEveryField) {
  const std::string bytes = encode_settings(full_settings());

  const auto decoded = decode_settings(bytes);

  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(encode_settings(*decoded), bytes);
  EXPECT_EQ(decoded->isolation, Isolation::kReduced);
  EXPECT_EQ(decoded->identities.base, 777U);
  EXPECT_EQ(decoded->root.readable_as, full_settings().root.readable_as);
  EXPECT_EQ(decoded->root.private_files, full_settings().root.private_files);
  EXPECT_TRUE(decoded->root.keeps_host_proc);
  EXPECT_EQ(decoded->cgroups.hierarchies[1].directory, "/p");
  EXPECT_EQ(decoded->owner, 4711);
  EXPECT_EQ(decoded->cpus_per_run, 1.5);
  EXPECT_EQ(decoded->host_cpus, (std::vector<int>{0, 3}));
  ASSERT_EQ(decoded->filters.size(), 2U);
  EXPECT_EQ(decoded->filters.at(Profile::kManaged).programs[0][1].k, 8U);
  ASSERT_TRUE(decoded->zygote);
  EXPECT_EQ(decoded->zygote->preload, (std::vector<std::string>{"json", "re"}));
  EXPECT_EQ(decoded->zygote->patience, Milliseconds(99));
}

TEST(ForkserverSettings, EveryTruncationIsAnErrorNotACrash) {
  const std::string whole = encode_settings(full_settings());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_settings(std::string_view(whole).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace farm::sandbox
