#include "producer/command/scratch_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "producer/random_name.h"

namespace farm::command {

Expected<ScratchDir> ScratchDir::create() {
  const char* base = std::getenv("TMPDIR");
  std::string outer = std::string(base && *base ? base : "/tmp") + "/gradefarm-XXXXXX";
  if (::mkdtemp(outer.data()) == nullptr) return system_error("mkdtemp " + outer, errno);
  ScratchDir scratch(outer, outer + "/" + producer::random_name());
  const bool root = ::geteuid() == 0;
  if (::mkdir(scratch.inner_.c_str(), 0700) != 0) {
    return system_error("mkdir " + scratch.inner_, errno);
  }
  // chmod, not mkdir's mode: the umask does not count.
  if (root && (::chmod(scratch.inner_.c_str(), 01777) != 0 || ::chmod(outer.c_str(), 0711) != 0)) {
    return system_error("chmod " + scratch.inner_, errno);
  }
  return scratch;
}

ScratchDir::ScratchDir(std::string outer, std::string inner)
    : outer_(std::move(outer)), inner_(std::move(inner)) {}

ScratchDir::ScratchDir(ScratchDir&& other) noexcept
    : outer_(std::exchange(other.outer_, {})), inner_(std::exchange(other.inner_, {})) {}

ScratchDir::~ScratchDir() {
  if (outer_.empty()) return;
  std::error_code ignored;  // what cannot be removed stays in the temporary directory
  std::filesystem::remove_all(outer_, ignored);
}

}  // namespace farm::command
