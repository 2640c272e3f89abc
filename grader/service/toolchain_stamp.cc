#include "grader/service/toolchain_stamp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "grader/os/sha256.h"

namespace farm::service {
namespace {

namespace fs = std::filesystem;

// Empty: there is none.
std::string line_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  const std::string time =
      std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
  const std::string size = S_ISDIR(status.st_mode) ? "directory" : std::to_string(status.st_size);
  return path + " " + size + " " + time + "\n";
}

}  // namespace

std::vector<std::string> toolchain_places() {
  return {"/var/lib/dpkg/status",
          "/var/lib/rpm/rpmdb.sqlite",
          "/usr/lib/sysimage/rpm/rpmdb.sqlite",
          "/lib/apk/db/installed",
          "/usr/bin",
          "/usr/lib/gcc",
          "/usr/lib/gcc-cross",
          "/usr/include",
          "/usr/lib/jvm",
          "/usr/lib/node_modules",
          "/usr/share/nodejs",
          "/usr/local/bin",
          "/usr/local/include",
          "/usr/local/lib"};
}

std::string stamp_of(const std::vector<std::string>& places) {
  std::vector<std::string> lines;
  for (const std::string& place : places) {
    lines.push_back(line_of(place));
    std::error_code failed;
    fs::recursive_directory_iterator entry(place, fs::directory_options::skip_permission_denied,
                                           failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
      std::error_code ignored;
      if (entry->is_directory(ignored)) lines.push_back(line_of(entry->path().string()));
    }
  }
  std::sort(lines.begin(), lines.end());  // directories are read in no order
  std::string all;
  for (const std::string& line : lines) all += line;
  return os::sha256_hex(all);
}

}  // namespace farm::service
