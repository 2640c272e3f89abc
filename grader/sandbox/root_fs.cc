#include "grader/sandbox/root_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "grader/os/files.h"
#include "grader/os/unique_fd.h"
#include "grader/sandbox/identity.h"
#include "schemas/paths.h"

// Linux 5.10; not in glibc's sys/mount.h of Debian 12.
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

namespace farm::sandbox {
namespace {

// Any directory that exists everywhere: the new root is built on top of it, in our own mount
// namespace only.
constexpr const char* kStaging = "/tmp";

struct Shown {
  const char* path;
  const char* because;
};

// Bound read-only where they exist on the host; symbolic links (merged /usr) are copied as links.
constexpr Shown kShown[] = {
    {"/usr", "compilers, interpreters, libraries"},
    {"/bin", "the same, before the /usr merge"},
    {"/sbin", "the same"},
    {"/lib", "the dynamic linker and libraries"},
    {"/lib32", "multilib libraries"},
    {"/lib64", "the dynamic linker's fixed path"},
    {"/libx32", "multilib libraries"},
    {"/etc/alternatives", "where /usr/bin's links of compilers and java point"},
    {"/etc/ld.so.cache", "libraries are found without a search"},
    {"/etc/ld.so.conf", "the compiler's linker searches it"},
    {"/etc/ld.so.conf.d", "included by ld.so.conf"},
    {"/etc/java-17-openjdk", "the JVM's configuration lives there on Debian"},
    {"/etc/mime.types", "Python's mimetypes gives the same answers as outside"},
};

constexpr Shown kDevices[] = {
    {"/dev/null", "everything redirects to it"},
    {"/dev/zero", "mapped by runtimes"},
    {"/dev/full", "programs that test full disks"},
    {"/dev/random", "seeds"},
    {"/dev/urandom", "seeds"},
};

struct Link {
  const char* path;
  const char* target;
};
// How a path inside a work directory is walked. Source: openat2(2), Linux 5.6.
constexpr std::uint64_t kOnlyBelow =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

constexpr Link kDeviceLinks[] = {{"/dev/fd", "/proc/self/fd"},
                                 {"/dev/stdin", "/proc/self/fd/0"},
                                 {"/dev/stdout", "/proc/self/fd/1"},
                                 {"/dev/stderr", "/proc/self/fd/2"}};

// Where the tmpfs of a run is mounted while it is divided.
constexpr const char* kStagingOfRun = "/box";

// Mount points that every run fills.
constexpr const char* kMountPoints[] = {kStagingOfRun, "/work", "/tmp", "/dev/shm", "/proc"};

Error mount_error(const std::string& what) { return system_error("sandbox root: " + what, errno); }

// A detached copy of the mounts at `path`, read-only, without devices and set-uid programs.
Expected<os::UniqueFd> clone_read_only(const std::string& path, bool allow_devices) {
  os::UniqueFd tree(static_cast<int>(::syscall(
      SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE)));
  if (!tree) return mount_error("open_tree " + path);
  mount_attr attributes{};
  attributes.attr_set =
      MOUNT_ATTR_NOSUID | (allow_devices ? 0U : MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
  attributes.propagation = MS_PRIVATE;
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                sizeof attributes) != 0) {
    return mount_error("mount_setattr " + path + " (needs Linux 5.12)");
  }
  return tree;
}

Expected<Done> attach(const os::UniqueFd& tree, const std::string& target) {
  if (::syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, target.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return mount_error("move_mount to " + target);
  }
  return Done{};
}

Expected<Done> make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (::mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
      return mount_error("mkdir " + path.substr(0, slash));
    }
  }
  return Done{};
}

Expected<Done> make_mount_point(const std::string& path, bool directory) {
  FARM_CHECK_OK(make_parents(path));
  if (directory) {
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return mount_error("mkdir " + path);
    return Done{};
  }
  const os::UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  if (!file) return mount_error("create " + path);
  return Done{};
}

Expected<Done> write_new_file(const std::string& path, std::string_view content) {
  FARM_CHECK_OK(make_parents(path));
  const os::UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
  if (!file) return mount_error("create " + path);
  return os::write_all(file.get(), content, path);
}

// What will be attached where, opened before the staging tmpfs covers a part of the host's tree.
struct Prepared {
  std::string path;
  bool directory = true;
  os::UniqueFd tree;        // a mount to attach, or
  std::string link_target;  // a symbolic link to make
};

Expected<Done> prepare(const std::string& path, bool device, std::vector<Prepared>& prepared,
                       const std::string& shown_as = {}) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return Done{};  // not on this host
  Prepared entry;
  entry.path = shown_as.empty() ? path : shown_as;
  if (S_ISLNK(status.st_mode)) {
    char target[4096];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size < 0) return mount_error("readlink " + path);
    entry.link_target.assign(target, static_cast<std::size_t>(size));
  } else {
    entry.directory = S_ISDIR(status.st_mode);
    FARM_TRY(entry.tree, clone_read_only(path, device));
  }
  prepared.push_back(std::move(entry));
  return Done{};
}

Expected<Done> write_identity_files(const std::string& root) {
  const std::string uid = std::to_string(kInsideUid);
  FARM_CHECK_OK(write_new_file(root + "/etc/passwd", "root:x:0:0:root:/:/bin/sh\nsandbox:x:" + uid +
                                                         ":" + uid + ":sandbox:/work:/bin/sh\n"));
  FARM_CHECK_OK(write_new_file(root + "/etc/group", "root:x:0:\nsandbox:x:" + uid + ":\n"));
  FARM_CHECK_OK(
      write_new_file(root + "/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"));
  return write_new_file(root + "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}

}  // namespace

Expected<Done> enter_prepared_root(const RootSettings& settings) {
  if (::unshare(CLONE_NEWNS) != 0) return mount_error("unshare mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return mount_error("make / private");

  std::vector<Prepared> prepared;
  for (const Shown& shown : kShown) FARM_CHECK_OK(prepare(shown.path, false, prepared));
  for (const Shown& device : kDevices) FARM_CHECK_OK(prepare(device.path, true, prepared));
  for (const std::string& path : settings.readable_paths) {
    if (::access(path.c_str(), F_OK) != 0) return mount_error("readable path " + path);
    FARM_CHECK_OK(prepare(path, false, prepared));
  }
  for (const auto& [inside, path] : settings.readable_as) {
    if (::access(path.c_str(), F_OK) != 0) return mount_error("readable path " + path);
    FARM_CHECK_OK(prepare(path, false, prepared, inside));
  }

  os::UniqueFd host_proc;
  if (settings.keeps_host_proc) {
    host_proc = os::UniqueFd(static_cast<int>(::syscall(
        SYS_open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE)));
    if (!host_proc) return mount_error("open_tree /proc");
  }

  const std::string root = kStaging;
  if (::mount("sandbox-root", kStaging, "tmpfs", MS_NOSUID, "size=4m,nr_inodes=512,mode=0755") !=
      0) {
    return mount_error("tmpfs for the root");
  }
  for (const Prepared& entry : prepared) {
    if (!entry.tree) {
      FARM_CHECK_OK(make_parents(root + entry.path));
      if (::symlink(entry.link_target.c_str(), (root + entry.path).c_str()) != 0) {
        return mount_error("symlink " + entry.path);
      }
      continue;
    }
    FARM_CHECK_OK(make_mount_point(root + entry.path, entry.directory));
    FARM_CHECK_OK(attach(entry.tree, root + entry.path));
  }
  for (const Link& link : kDeviceLinks) {
    if (::symlink(link.target, (root + link.path).c_str()) != 0)
      return mount_error(std::string("symlink ") + link.path);
  }
  for (const char* point : kMountPoints) FARM_CHECK_OK(make_mount_point(root + point, true));
  if (host_proc) FARM_CHECK_OK(attach(host_proc, root + "/proc"));
  FARM_CHECK_OK(write_identity_files(root));
  for (const auto& [path, content] : settings.private_files) {
    FARM_CHECK_OK(write_new_file(root + path, content));
    if (::chmod((root + path).c_str(), 0600) != 0) return mount_error("chmod " + path);
    const std::string directory = path.substr(0, path.find('/', 1));
    if (::chmod((root + directory).c_str(), 0700) != 0) return mount_error("chmod " + directory);
  }

  if (::chdir(kStaging) != 0) return mount_error("chdir to the new root");
  // The two-dots form stacks the old root on the new one, so that no directory for it is needed
  // (pivot_root(2), NOTES).
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return mount_error("pivot_root");
  if (::umount2(".", MNT_DETACH) != 0) return mount_error("unmount the host's root");
  if (::chdir("/") != 0) return mount_error("chdir /");
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, nullptr) != 0) {
    return mount_error("make the root read-only");
  }
  return Done{};
}

bool has_met_its_limits(const struct statvfs& space) {
  return space.f_bfree == 0 || space.f_ffree == 0;
}

namespace {

struct Part {
  const char* source;
  mode_t mode;
};
constexpr std::array<Part, kWorkPlaces.size()> kParts = {
    {{"/box/work", 0755}, {"/box/tmp", 01777}, {"/box/shm", 01777}}};

Expected<Done> make_part(const Part& part, unsigned uid, unsigned gid) {
  if (::mkdir(part.source, 0755) != 0) return mount_error(std::string("mkdir ") + part.source);
  if (::chmod(part.source, part.mode) != 0) return mount_error(std::string("chmod ") + part.source);
  if (::chown(part.source, uid, gid) != 0) return mount_error(std::string("chown ") + part.source);
  return Done{};
}

Expected<WorkTree::Parts> clone_parts() {
  WorkTree::Parts parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts.at(i).reset(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, kParts.at(i).source,
                                                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!parts.at(i)) return mount_error(std::string("open_tree ") + kParts.at(i).source);
  }
  return parts;
}

}  // namespace

Expected<WorkTree> WorkTree::mount(const Limits& limits, unsigned uid, unsigned gid,
                                   std::size_t commands) {
  WorkTree tree;
  tree.uid_ = uid;
  tree.gid_ = gid;
  const std::string options = "mode=0755,size=" + std::to_string(limits.tmpfs.count) +
                              ",nr_inodes=" + std::to_string(limits.tmpfs_inodes);
  constexpr unsigned long kTheirs = MS_NOSUID | MS_NODEV;
  if (::mount("sandbox-work", kStagingOfRun, "tmpfs", kTheirs, options.c_str()) != 0) {
    return mount_error("tmpfs for the run");
  }
  tree.staged_ = true;
  for (const Part& part : kParts) FARM_CHECK_OK(make_part(part, uid, gid));
  for (std::size_t i = 0; i < commands; ++i) {
    FARM_TRY(Parts parts, clone_parts());
    tree.parts_.push_back(std::move(parts));
  }
  // Files are placed and fetched through this mount, which follows no symbolic link (Linux 5.10),
  // whatever flags a system call forgets. Programs do make links, and have mounts that follow them.
  if (::mount(nullptr, kStagingOfRun, nullptr, MS_REMOUNT | MS_BIND | kTheirs | MS_NOSYMFOLLOW,
              nullptr) != 0) {
    return mount_error("remount /box");
  }
  tree.work_fd_ = ::open("/box/work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tree.work_fd_ < 0) return mount_error("open /box/work");
  // Programs have no use for the second way to the same files; our descriptor keeps it.
  if (::umount2(kStagingOfRun, MNT_DETACH) != 0) return mount_error("unmount /box");
  tree.staged_ = false;
  return tree;
}

WorkTree::Parts WorkTree::take_parts() {
  FARM_ASSERT(!parts_.empty());
  Parts parts = std::move(parts_.back());
  parts_.pop_back();
  return parts;
}

WorkTree::WorkTree(WorkTree&& other) noexcept
    : staged_(std::exchange(other.staged_, false)),
      work_fd_(std::exchange(other.work_fd_, -1)),
      uid_(other.uid_),
      gid_(other.gid_),
      parts_(std::move(other.parts_)) {}

// The tmpfs is freed with its last user, and every process is dead by now.
WorkTree::~WorkTree() {
  if (work_fd_ >= 0) ::close(work_fd_);
  if (staged_) ::umount2(kStagingOfRun, MNT_DETACH);
}

Expected<Done> WorkTree::place(const InputFile& file) const {
  // Decoding the request has seen to that; but what stands between the network and root trusts
  // nobody.
  if (const std::string_view objection = path_objection(file.path); !objection.empty()) {
    return invalid_request("files: '" + file.path + "' " + std::string(objection));
  }
  auto full = [&](const char* what) -> Error {
    const int error = errno;
    struct statvfs space {};
    if (error == ENOSPC && ::fstatvfs(work_fd_, &space) == 0 && has_met_its_limits(space)) {
      return invalid_request("files do not fit the sandbox's tmpfs_bytes and tmpfs_inodes: " +
                             file.path);
    }
    return system_error(std::string(what) + " /work/" + file.path, error);
  };
  for (std::size_t slash = file.path.find('/'); slash != std::string::npos;
       slash = file.path.find('/', slash + 1)) {
    const std::string parent = file.path.substr(0, slash);
    if (::mkdirat(work_fd_, parent.c_str(), 0755) == 0) {
      if (::fchownat(work_fd_, parent.c_str(), uid_, gid_, AT_SYMLINK_NOFOLLOW) != 0)
        return full("chown");
    } else if (errno != EEXIST) {
      return full("mkdir");
    }
  }
  ::unlinkat(work_fd_, file.path.c_str(),
             0);  // a trusted file replaces what the submission brought
  open_how how{};
  how.flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  how.mode = 0600;
  how.resolve = kOnlyBelow;
  const os::UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, work_fd_, file.path.c_str(), &how, sizeof how)));
  if (!fd) return full("create");
  if (auto written = os::write_all(fd.get(), file.content, "/work/" + file.path); !written) {
    errno = written.error().sys_errno;
    return full("write");
  }
  const mode_t mode =
      file.executable ? (file.writable ? 0755 : 0555) : (file.writable ? 0644 : 0444);
  if (::fchmod(fd.get(), mode) != 0) return full("chmod");
  if (file.writable && ::fchown(fd.get(), uid_, gid_) != 0) return full("chown");
  return Done{};
}

Expected<WorkTree::Opened> WorkTree::open_output(const std::string& path, Bytes limit) const {
  open_how how{};
  // Non-blocking: opening a FIFO that nobody writes must not hang us.
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  how.resolve = kOnlyBelow;
  os::UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, work_fd_, path.c_str(), &how, sizeof how)));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return Opened{-1, "no such file"};
    if (errno == ELOOP || errno == EXDEV)
      return Opened{-1, "not a plain path: a symbolic link or a way out of /work"};
    Error error = system_error("open /work/" + path, errno);
    if (error.retryable()) return error;
    return Opened{-1, std::string("cannot be opened: ") + std::strerror(error.sys_errno)};
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return Opened{-1, "cannot be examined"};
  if (!S_ISREG(status.st_mode)) return Opened{-1, "not a regular file"};
  if (status.st_nlink != 1) return Opened{-1, "has more than one name (hard link)"};
  if (status.st_size > limit.count) {
    return Opened{-1, std::to_string(status.st_size) + " bytes, above the limit of " +
                          std::to_string(limit.count)};
  }
  return Opened{fd.release(), ""};
}

Expected<std::vector<std::string>> WorkTree::names_ending(std::string_view suffix,
                                                          std::size_t most) const {
  const int fd = ::openat(work_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error("open /work", errno);
  DIR* const directory = ::fdopendir(fd);
  if (directory == nullptr) {
    const int error = errno;
    ::close(fd);
    return system_error("read /work", error);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name.size() > suffix.size() && name.ends_with(suffix)) names.emplace_back(name);
    if (names.size() > most) break;
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace farm::sandbox
