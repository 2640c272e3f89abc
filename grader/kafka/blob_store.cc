#include "grader/kafka/blob_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "grader/os/sha256.h"
#include "grader/os/unique_fd.h"

namespace farm::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kScheme = "file:";
constexpr std::string_view kSuffix = ".zst";
constexpr std::string_view kTemporaryPrefix = ".tmp-";
constexpr int kCompressionLevel = 3;
// Writers and readers run as different users, as in /tmp: anyone may add, only the owner may
// remove. What a reader gets is protected by its hash, not by these modes.
constexpr mode_t kDirectoryMode = 01777;
constexpr mode_t kFileMode = 0644;
constexpr Milliseconds kFirstRetry{10};  // a notification does not cross a network file system
constexpr Milliseconds kLastRetry{200};

// Removes a temporary file unless it was renamed.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Expected<Done> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    // Not by mkdir itself: the umask would cut it.
    if (::chmod(path.c_str(), kDirectoryMode) != 0) return system_error("chmod " + path, errno);
    return Done{};
  }
  if (errno != EEXIST) return system_error("mkdir " + path, errno);
  return Done{};
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char digit) {
           return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
         });
}

std::string relative_path_of(const std::string& sha256) {
  return sha256.substr(0, 2) + "/" + sha256 + std::string(kSuffix);
}

// The path below the store that a reference names. Errors: kInvalidRequest.
Expected<std::string> path_in(const std::string& location) {
  const auto refuse = [&](const char* why) {
    return invalid_request("blob location \"" + location.substr(0, 200) + "\": " + why);
  };
  if (!location.starts_with(kScheme)) return refuse("not of the form file:<path>");
  const std::string path = location.substr(kScheme.size());
  if (path.empty() || path.size() > 1000) return refuse("empty or too long");
  if (path.find('\0') != std::string::npos) return refuse("has a zero byte");
  if (path.front() == '/') return refuse("is not below the shared directory");
  for (const auto& part : std::filesystem::path(path)) {
    if (part == "..") return refuse("is not below the shared directory");
  }
  return path;
}

// Opens for reading a path below `directory`, following no symbolic link: others may write in the
// store. Source: openat2(2), Linux 5.6; without it only the last component is protected from being
// a link.
int open_beneath(int directory, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return ::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

Expected<Done> write_all(int fd, const char* data, std::size_t size, const std::string& path) {
  while (size > 0) {
    const auto written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write " + path, errno);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return Done{};
}

Expected<Done> write_compressed(int fd, std::string_view content, const std::string& path) {
  const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  if (!context) return exhausted("zstd: no memory to compress " + path);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  std::vector<char> chunk(ZSTD_CStreamOutSize());
  ZSTD_inBuffer in{content.data(), content.size(), 0};
  std::size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
    left = ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left)) {
      return internal_error("zstd: compress " + path + ": " + ZSTD_getErrorName(left));
    }
    FARM_CHECK_OK(write_all(fd, chunk.data(), out.pos, path));
  }
  return Done{};
}

// At most `bytes` + 1 bytes, so that a bomb costs no more and is still seen to be too long.
Expected<std::string> read_decompressed(int fd, std::int64_t bytes, const std::string& path) {
  const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  if (!context) return exhausted("zstd: no memory to decompress " + path);
  const auto limit = static_cast<std::size_t>(bytes) + 1;
  std::string content;
  std::vector<char> compressed(ZSTD_DStreamInSize());
  std::vector<char> chunk(ZSTD_DStreamOutSize());
  std::size_t left = 1;
  for (;;) {
    const auto size = ::read(fd, compressed.data(), compressed.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error("read " + path, errno);
    if (size == 0) break;
    ZSTD_inBuffer in{compressed.data(), static_cast<std::size_t>(size), 0};
    bool full = true;  // the decompressor may hold more than one chunk of output back
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
      left = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(left)) {
        return internal_error("blob " + path + " is damaged: " + ZSTD_getErrorName(left));
      }
      content.append(chunk.data(), std::min(out.pos, limit - content.size()));
      if (content.size() >= limit) return content;
      full = out.pos == out.size;
    }
  }
  if (left != 0) return internal_error("blob " + path + " is damaged: it ends too early");
  return content;
}

std::string random_name() {
  std::random_device random;
  return std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" +
         std::to_string(random()) + std::to_string(random());
}

}  // namespace

BlobStore::BlobStore(std::string directory) : directory_(std::move(directory)) {}

Expected<BlobStore> BlobStore::open(std::string directory) {
  FARM_CHECK_OK(make_directory(directory));
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0)
    return system_error("blob store " + directory, errno);
  if (!S_ISDIR(status.st_mode)) {
    return internal_error("blob store " + directory + " is not a directory");
  }
  return BlobStore(std::move(directory));
}

Expected<BlobReference> BlobStore::put(std::string_view content) const {
  BlobReference reference;
  reference.sha256 = os::sha256_hex(content);
  reference.bytes = static_cast<std::int64_t>(content.size());
  const std::string relative = relative_path_of(reference.sha256);
  reference.location = std::string(kScheme) + relative;

  const std::string path = directory_ + "/" + relative;
  // Touching it keeps the garbage collection away; where it is another user's the time of its
  // writing counts.
  if (::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0 || errno == EACCES ||
      errno == EPERM) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) return reference;
  }
  const std::string folder = directory_ + "/" + reference.sha256.substr(0, 2);
  FARM_CHECK_OK(make_directory(folder));
  Temporary temporary(folder + "/" + random_name());
  const os::UniqueFd file(
      ::open(temporary.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!file) return system_error("create " + temporary.path(), errno);
  FARM_CHECK_OK(write_compressed(file.get(), content, temporary.path()));
  // The umask must not hide it from readers, nor a crash of the host leave it empty under its final
  // name.
  if (::fchmod(file.get(), kFileMode) != 0 || ::fdatasync(file.get()) != 0) {
    return system_error("finish " + temporary.path(), errno);
  }
  if (::rename(temporary.path().c_str(), path.c_str()) != 0) {
    // The sticky bit: another user has put the same content there meanwhile.
    if (errno != EPERM && errno != EACCES) return system_error("rename to " + path, errno);
    return reference;
  }
  temporary.keep();
  return reference;
}

Expected<std::string> BlobStore::get(const BlobReference& reference, Bytes max,
                                     Milliseconds patience) const {
  FARM_TRY(const std::string relative, path_in(reference.location));
  if (!is_sha256(reference.sha256)) {
    return invalid_request("blob hash \"" + reference.sha256.substr(0, 100) +
                           "\" is not 64 lower-case hex digits");
  }
  if (reference.bytes < 0 || reference.bytes > max.count) {
    return invalid_request("blob of " + std::to_string(reference.bytes) +
                           " bytes is too large: the maximum is " + std::to_string(max.count) +
                           " bytes");
  }
  const std::string path = directory_ + "/" + relative;
  const os::UniqueFd directory(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("open blob store " + directory_, errno);

  const auto deadline = steady_clock::now() + patience;
  auto pause = kFirstRetry;
  int fd = -1;
  while ((fd = open_beneath(directory.get(), relative)) < 0) {
    if (errno == ELOOP || errno == EXDEV) {
      return invalid_request("blob location \"" + reference.location +
                             "\": passes over a symbolic link");
    }
    if (errno != ENOENT) return system_error("open blob " + path, errno);
    if (steady_clock::now() >= deadline) return unavailable("blob " + path + " is not there");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLastRetry);
  }
  const os::UniqueFd file(fd);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("stat blob " + path, errno);
  if (!S_ISREG(status.st_mode)) return invalid_request("blob " + path + " is not a file");

  auto content = read_decompressed(file.get(), reference.bytes, path);
  if (content && (static_cast<std::int64_t>(content->size()) != reference.bytes ||
                  os::sha256_hex(*content) != reference.sha256)) {
    content = internal_error("blob " + path + " is damaged: its size or hash differs from " +
                             std::to_string(reference.bytes) + " bytes, " + reference.sha256);
  }
  if (content) ::futimens(file.get(), nullptr);  // may fail: the file of another user
  return content;
}

Expected<std::int64_t> BlobStore::collect_garbage(Milliseconds age) const {
  namespace fs = std::filesystem;
  std::error_code error;
  std::int64_t removed = 0;
  const auto now = std::chrono::system_clock::now();
  fs::recursive_directory_iterator entry(directory_, error);
  if (error) return system_error("list blob store " + directory_, error.value());
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (error) break;
    const std::string path = entry->path().string();
    const std::string name = entry->path().filename().string();
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (!name.ends_with(kSuffix) && !name.starts_with(kTemporaryPrefix)) continue;
    const auto used = std::max(status.st_mtime, status.st_atime);
    if (now - std::chrono::system_clock::from_time_t(used) < age) continue;
    if (::unlink(path.c_str()) == 0) ++removed;  // else another user's, or gone already
  }
  if (error) return system_error("list blob store " + directory_, error.value());
  return removed;
}

}  // namespace farm::kafka
