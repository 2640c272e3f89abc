#include "grader/os/capped_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "grader/os/files.h"

namespace farm::os {
namespace {

// Hidden, so that readers of the directory skip it.
constexpr std::string_view kTemporaryPrefix = ".gradefarm-tmp-";
// Older ones were left by a writer that died; writing one file takes less.
constexpr std::int64_t kStaleAfterNs = 600LL * 1'000'000'000;
constexpr mode_t kDirectoryMode = 0750;  // what is in there may be anybody's data
constexpr mode_t kFileMode = 0640;

bool is_temporary(std::string_view name) { return name.starts_with(kTemporaryPrefix); }

std::int64_t ns_of(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return ns_of(now);
}

Expected<std::vector<std::string>> names_in(int directory, const std::string& path) {
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) return system_error("open " + path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) return system_error("read directory " + path, errno);
  (void)own.release();  // the stream's now
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return system_error("read directory " + path, errno);
  return names;
}

Expected<UniqueFd> make_or_open(const std::string& path) {
  std::error_code failed;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  if (failed) return internal_error("create " + parent.string(), failed.value());
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
    return system_error("create directory " + path, errno);
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("open directory " + path, errno);
  return directory;
}

Expected<Done> hand_over(int directory, const CappedDirectorySettings& settings) {
  if (!settings.owner || ::geteuid() != 0) return Done{};
  struct stat status {};
  if (::fstat(directory, &status) != 0) return system_error("stat " + settings.path, errno);
  if (status.st_uid == *settings.owner) return Done{};
  FARM_TRY(const std::vector<std::string> names, names_in(directory, settings.path));
  for (const std::string& name : names) {
    if (settings.is_ours(name) || is_temporary(name)) continue;
    return internal_error("directory " + settings.path + " holds other files ('" + name +
                          "') and is not that of user " + std::to_string(*settings.owner) +
                          ", who writes there: give an empty one, or one that does not exist yet");
  }
  if (::fchown(directory, *settings.owner, static_cast<gid_t>(-1)) != 0)
    return system_error("give directory " + settings.path + " to its writer", errno);
  return Done{};
}

Expected<Done> check_that_nobody_else_writes(int directory,
                                             const CappedDirectorySettings& settings) {
  if (!settings.nobody_else_writes) return Done{};
  struct stat status {};
  if (::fstat(directory, &status) != 0) return system_error("stat " + settings.path, errno);
  const unsigned owner =
      ::geteuid() == 0 && settings.owner ? *settings.owner : static_cast<unsigned>(::geteuid());
  if (status.st_uid == owner && (status.st_mode & 0022U) == 0) return Done{};
  return internal_error("directory " + settings.path + " is not only user " +
                        std::to_string(owner) + "'s to write: chown and chmod 0750 it");
}

}  // namespace

Expected<CappedDirectory> CappedDirectory::open(CappedDirectorySettings settings) {
  while (settings.path.size() > 1 && settings.path.ends_with('/')) settings.path.pop_back();
  FARM_TRY(UniqueFd fd, make_or_open(settings.path));
  FARM_CHECK_OK(hand_over(fd.get(), settings));
  FARM_CHECK_OK(check_that_nobody_else_writes(fd.get(), settings));
  CappedDirectory directory(std::move(settings), std::move(fd));
  if (::faccessat(directory.directory_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return system_error("write to directory " + directory.path(), errno);
  FARM_CHECK_OK(directory.rescan());
  return directory;
}

Expected<Done> CappedDirectory::rescan() {
  FARM_TRY(const std::vector<std::string> names, names_in(directory_.get(), settings_.path));
  by_age_.clear();
  time_of_.clear();
  used_ = {};
  writes_ = 0;
  const std::int64_t stale_before = now_ns() - kStaleAfterNs;
  for (const std::string& name : names) {
    if (settings_.is_ours(name)) remember(name);
    struct stat status {};
    if (is_temporary(name) &&
        ::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        ns_of(status.st_mtim) < stale_before) {
      ::unlinkat(directory_.get(), name.c_str(), 0);
    }
  }
  return Done{};
}

void CappedDirectory::remember(const std::string& name) {
  struct stat status {};
  if (::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISREG(status.st_mode)) return;
  forget(name);
  const std::int64_t time = ns_of(status.st_mtim);
  by_age_[{time, name}] = Bytes{status.st_size};
  time_of_[name] = time;
  used_ = used_ + Bytes{status.st_size};
}

void CappedDirectory::forget(const std::string& name) {
  const auto time = time_of_.find(name);
  if (time == time_of_.end()) return;
  const auto entry = by_age_.find({time->second, name});
  used_ = used_ - entry->second;
  by_age_.erase(entry);
  time_of_.erase(time);
}

Expected<Done> CappedDirectory::make_room(Bytes needed) {
  while (used_ + needed > settings_.max_bytes && !by_age_.empty()) {
    const std::string oldest = by_age_.begin()->first.second;
    // Gone already: another process, or a person, was faster.
    if (::unlinkat(directory_.get(), oldest.c_str(), 0) != 0 && errno != ENOENT)
      return system_error("remove " + settings_.path + "/" + oldest, errno);
    forget(oldest);
  }
  return Done{};
}

Expected<Done> CappedDirectory::place(const std::string& name, std::string_view content) {
  static std::atomic<std::uint64_t> counter{0};
  const std::string temporary =
      std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" + std::to_string(++counter);
  const std::string shown = settings_.path + "/" + name;
  Expected<Done> written = Done{};
  {
    const UniqueFd file(::openat(directory_.get(), temporary.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    if (!file) return system_error("create " + settings_.path + "/" + temporary, errno);
    written = write_all(file.get(), content, shown);
  }
  if (written &&
      ::renameat(directory_.get(), temporary.c_str(), directory_.get(), name.c_str()) != 0)
    written = system_error("rename to " + shown, errno);
  if (!written) ::unlinkat(directory_.get(), temporary.c_str(), 0);
  return written;
}

Expected<Done> CappedDirectory::write(const std::string& name, std::string_view content) {
  FARM_ASSERT(settings_.is_ours(name) && name.find('/') == std::string::npos);
  const Bytes size{static_cast<std::int64_t>(content.size())};
  if (size > settings_.max_bytes) {
    return exhausted(settings_.path + "/" + name + ": " + std::to_string(size.count) +
                     " bytes are more than the directory may hold, " +
                     std::to_string(settings_.max_bytes.count));
  }
  if (++writes_ >= kRescanAfter) FARM_CHECK_OK(rescan());
  FARM_CHECK_OK(make_room(size));
  FARM_CHECK_OK(place(name, content));
  remember(name);
  return Done{};
}

Expected<std::optional<std::string>> CappedDirectory::read(const std::string& name) {
  FARM_ASSERT(settings_.is_ours(name) && name.find('/') == std::string::npos);
  using Content = std::optional<std::string>;
  const UniqueFd file(
      ::openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ENOENT) {
    forget(name);  // another process was faster
    return Content();
  }
  const std::string shown = settings_.path + "/" + name;
  if (!file) return system_error("open " + shown, errno);
  FARM_TRY(std::string content, read_all(file.get(), settings_.max_bytes, shown));
  // A time that cannot be set only makes the file older than it is.
  ::futimens(file.get(), nullptr);
  remember(name);
  return Content(std::move(content));
}

void CappedDirectory::remove(const std::string& name) {
  FARM_ASSERT(settings_.is_ours(name) && name.find('/') == std::string::npos);
  ::unlinkat(directory_.get(), name.c_str(), 0);
  forget(name);
}

}  // namespace farm::os
