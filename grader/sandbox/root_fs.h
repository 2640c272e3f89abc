// The root file system that every sandbox of a slot sees: read-only, with what programs need and
// nothing else. Built once by the slot's launcher, which then lives in it; each run adds its own
// work directory, /tmp, /dev/shm and /proc.
#pragma once

#include <sys/statvfs.h>

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/run_spec.h"
#include "schemas/expected.h"

namespace farm::sandbox {

struct RootSettings {
  // Directories beyond the standard ones that programs may read, at their own paths: e.g. a virtual
  // environment.
  std::vector<std::string> readable_paths;
  // The same for directories that programs see elsewhere: path inside → path on the host.
  std::map<std::string, std::string> readable_as;
  // Files of our own in directories of their own: paths and contents. Root's alone to see.
  std::vector<std::pair<std::string, std::string>> private_files;
  // The kernel grants a user namespace a fresh /proc only where it sees a whole one already
  // (mount_too_revealing() in fs/namespace.c): so the host's stays below each run's own. Never to
  // be seen: without a mount on top of it, it has to be unmounted.
  bool keeps_host_proc = false;
};

// Where the parts of a run's work tree are, in the order of WorkTree::Parts.
inline constexpr std::array<const char*, 3> kWorkPlaces = {"/work", "/tmp", "/dev/shm"};

// Moves this process into a new mount namespace with the prepared root; the host's root is
// unmounted from it for good. Precondition: CAP_SYS_ADMIN, single-threaded. Errors: kInternal
// naming the mount that failed and why it is needed. Source: pivot_root(2), open_tree(2)
// (Linux 5.2), mount_setattr(2) (Linux 5.12).
Expected<Done> enter_prepared_root(const RootSettings& settings);

// No empty name, "." or "..", nor an absolute path: it cannot leave the directory it is relative
// to.
bool is_plain_relative_path(std::string_view path);

// Whether a tmpfs has no room because of its own limits, after ENOSPC: otherwise the host refused
// it memory, which it also says by ENOSPC where it counts what it has promised
// (shmem_inode_acct_blocks() in mm/shmem.c, vm.overcommit_memory=2).
bool has_met_its_limits(const struct statvfs& space);

// The writable part of one run: one tmpfs, bounded in bytes and inodes, seen as /work, /tmp and
// /dev/shm. Its mounts are nobody's until a command's own namespace takes them, with which they go;
// the destructor lets go of the launcher's hold.
class WorkTree {
 public:
  // Its mounts, of nobody's namespace yet: /work, /tmp and /dev/shm.
  using Parts = std::array<os::UniqueFd, 3>;

  // Owned by `uid`:`gid` (0755 /work, 01777 the others). For so many commands, each of which sees
  // it in namespaces of its own. Errors: kExhausted (memory), kInternal.
  static Expected<WorkTree> mount(const Limits& limits, unsigned uid, unsigned gid,
                                  std::size_t commands);
  // For the next command. Precondition: called once a command.
  Parts take_parts();
  WorkTree(WorkTree&& other) noexcept;
  WorkTree& operator=(WorkTree&&) = delete;
  ~WorkTree();

  // Writes a file below /work, making its parents. Never follows a link. Owned by the run's uid if
  // writable, else by the launcher. Errors: kInvalidRequest where its path is not plain or the
  // tmpfs limits do not hold it, kExhausted where the host has no room though the limits do,
  // kInternal.
  Expected<Done> place(const InputFile& file) const;
  // A regular file below /work, opened for reading; the reason where it is refused (a link, a
  // device, too large, …). Precondition: every process of the run is dead. Errors: kExhausted
  // (descriptors, memory of the host). Source: openat2(2), Linux 5.6.
  struct Opened {
    int fd = -1;  // owned by the caller
    std::string refused;
  };
  Expected<Opened> open_output(const std::string& path, Bytes limit) const;
  // Names right in /work that end in `suffix`, sorted, at most `most` and one. Precondition and
  // errors as above.
  Expected<std::vector<std::string>> names_ending(std::string_view suffix, std::size_t most) const;

  // The work directory; ours. Whoever asks for its file system's size gets that of all three parts.
  int work_fd() const { return work_fd_; }

 private:
  WorkTree() = default;
  bool staged_ = false;
  int work_fd_ = -1;
  unsigned uid_ = 0, gid_ = 0;
  std::vector<Parts> parts_;
};

}  // namespace farm::sandbox
