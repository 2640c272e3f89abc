#include "grader/sandbox/process_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/os/unique_fd.h"

namespace farm::sandbox {
namespace {

TEST(ParseTimes, NamesMayHoldAnything) {
  const ProcessTimes times = parse_times(
      "42 (a) b (c) S 1 42 42 0 -1 4194560 131 7 0 0 10 3 25 6 20 0 1 0 5112 2 3 4 5 6\n");
  EXPECT_EQ(times.own_ticks, 13);
  EXPECT_EQ(times.waited_ticks, 31);
  EXPECT_EQ(parse_times("42 (a").own_ticks, 0);
  EXPECT_EQ(parse_times("").own_ticks, 0);
}

TEST(ParseSizes, SumsTheFieldsThatAreThere) {
  const char* status = "Name:\tx\nRssAnon:\t     520 kB\nRssFile:\t 9 kB\nRssShmem:\t       4 kB\n";
  EXPECT_EQ(parse_sizes(status, {"RssAnon:"}).count, 520 * 1024);
  EXPECT_EQ(parse_sizes(status, {"RssAnon:", "RssShmem:", "Gone:"}).count, 524 * 1024);
}

TEST(ProcessTree, SeesChildrenAndGrandchildrenOfItsRoot) {
  int started[2];
  ASSERT_EQ(::pipe(started), 0);
  const pid_t root = ::fork();
  if (root == 0) {
    if (::fork() == 0 || ::fork() == 0) ::fork();
    [[maybe_unused]] const ssize_t told = ::write(started[1], "x", 1);
    while (true) ::pause();
  }
  char byte = 0;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(::read(started[0], &byte, 1), 1);
  const os::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  ProcessTree tree(proc.get(), root, proc.get(), gib(1));

  const auto members = tree.members();

  ASSERT_TRUE(members);
  EXPECT_EQ(members->size(), 4U) << "the root itself is init, which is not the run's";
  EXPECT_TRUE(tree.watch_interval());
  EXPECT_GT(tree.usage()->memory_peak.count, 0);
  for (const pid_t pid : *members) ::kill(pid, SIGKILL);
  ::kill(root, SIGKILL);
  ::waitpid(root, nullptr, 0);
}

}  // namespace
}  // namespace farm::sandbox
