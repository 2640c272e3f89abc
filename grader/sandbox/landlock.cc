#include "grader/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>

namespace farm::sandbox {
namespace {

// Of Linux 6.2 (ABI 3) and 6.12 (ABI 6); Debian 12's headers end before them.
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kScopeAbstractSocket = 1ULL << 0;
constexpr std::uint64_t kScopeSignal = 1ULL << 1;

// The structure as of ABI 6; older kernels take a prefix of it.
struct RulesetAttributes {
  std::uint64_t files, network, scoped;
};

constexpr std::uint64_t kRead =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kEverythingOfAbi2 = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;

int allow_below(int ruleset, const char* directory, std::uint64_t access) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = ::open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (rule.parent_fd < 0) return errno;
  const int error =
      ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0
                                                                                           : errno;
  ::close(rule.parent_fd);
  return error;
}

}  // namespace

int landlock_abi() {
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

int fence_files() {
  const int abi = landlock_abi();
  if (abi < 2) return 0;
  const std::uint64_t everything = kEverythingOfAbi2 | (abi >= 3 ? kTruncate : 0);
  const std::uint64_t write_file = LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? kTruncate : 0);
  // Signals and abstract sockets stay inside, as the pid and network namespaces say already.
  const RulesetAttributes attributes{everything, 0, kScopeAbstractSocket | kScopeSignal};
  const std::size_t size = abi >= 6 ? sizeof attributes : sizeof attributes.files;
  const int ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (ruleset < 0) return errno;
  int error = allow_below(ruleset, "/", kRead);
  // Devices are written to; /proc/self/task/*/comm is how threads are named.
  for (const char* special : {"/dev", "/proc"}) {
    if (error == 0) error = allow_below(ruleset, special, kRead | write_file);
  }
  for (const char* own : {"/work", "/tmp", "/dev/shm"}) {
    if (error == 0) error = allow_below(ruleset, own, everything);
  }
  if (error == 0 && ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) error = errno;
  ::close(ruleset);
  return error;
}

}  // namespace farm::sandbox
