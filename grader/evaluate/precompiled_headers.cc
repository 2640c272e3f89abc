#include "grader/evaluate/precompiled_headers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "grader/evaluate/classify.h"
#include "grader/languages/placeholders.h"
#include "grader/os/files.h"
#include "grader/os/sha256.h"
#include "grader/os/unique_fd.h"

namespace farm::evaluate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "gradefarm headers 1\n";
constexpr const char* kSource = "precompiled.hpp";  // by this ending GCC knows it for a header
constexpr const char* kChecksums = "checksums";
constexpr const char* kTemporary = ".new";
// bits/stdc++.h takes 100 MB, and a few seconds of a slow CPU. Where a start would take much
// longer, the next one may try again.
constexpr Bytes kLargest = mib(512);
constexpr Milliseconds kCpu{30'000};
constexpr Milliseconds kWall{45'000};
// Directories kept for other toolchains and commands.
constexpr std::size_t kKept = 2;

// Linking has no part in it, and makes GCC believe that a program is meant.
bool is_for_the_linker(const std::string& argument) {
  return argument.starts_with("-l") || argument.starts_with("-L") || argument.starts_with("-Wl,") ||
         argument.starts_with("-fuse-ld=");
}

Expected<std::vector<std::string>> command_of(const LanguageDefinition& language) {
  languages::PlaceholderValues values;
  values.source = kSource;
  FARM_TRY(std::vector<std::string> argv,
           languages::expand(language.compile->commands.front(), values));
  argv.erase(std::remove_if(argv.begin(), argv.end(), is_for_the_linker), argv.end());
  return argv;
}

sandbox::RunSpec spec_of(const LanguageDefinition& language, const std::string& header,
                         std::vector<std::string> command) {
  sandbox::RunSpec spec;
  spec.commands = {std::move(command)};
  spec.env = language.env;
  // Compilers tell where a header was included: as far as anybody is concerned, in the program.
  spec.files = {{kSource, "#line 1 \"" + language.source_name + "\"\n#include <" + header + ">\n"}};
  spec.profile = sandbox::Profile::kCompile;
  spec.limits.cpu = kCpu;
  spec.limits.wall = kWall;
  spec.limits.memory = gib(2);
  spec.limits.tmpfs = kLargest;
  spec.fetch = {languages::PlaceholderValues().binary};
  spec.fetch_limit = kLargest;
  return spec;
}

Expected<Done> write(const fs::path& path, const std::string& content) {
  const os::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return system_error("create " + path.string(), errno);
  // Not by open itself: the umask would cut it, and compilers run as somebody else.
  if (::fchmod(file.get(), 0644) != 0) return system_error("chmod " + path.string(), errno);
  return os::write_all(file.get(), content, path.string());
}

Expected<Done> make_readable_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0) {
    if (errno == EEXIST) return Done{};
    return system_error("mkdir " + path.string(), errno);
  }
  if (::chmod(path.c_str(), 0755) != 0) return system_error("chmod " + path.string(), errno);
  return Done{};
}

fs::path file_of(const fs::path& directory, const std::string& header) {
  return directory / (header + ".gch");
}

// GCC, once it has taken the precompiled header, looks for the header itself beside it when the
// program includes it again.
std::string forwarding(const std::string& header) { return "#include_next <" + header + ">\n"; }

std::string checksum_line(const std::string& header, const std::string& content) {
  return os::sha256_hex(content) + " " + header + "\n";
}

// Whether everything is there and as it was written.
bool is_whole(const fs::path& directory, const std::vector<std::string>& headers) {
  const auto checksums = os::read_file(directory / kChecksums);
  if (!checksums) return false;
  std::string found;
  for (const std::string& header : headers) {
    const auto content = os::read_file(file_of(directory, header), kLargest);
    const auto forwards = os::read_file(directory / header);
    if (!content || !forwards || *forwards != forwarding(header)) return false;
    found += checksum_line(header, *content);
  }
  return found == *checksums;
}

}  // namespace

Expected<Done> PrecompiledHeaders::make_directory(const fs::path& directory, unsigned owner) {
  fs::path path;
  bool fresh = false;
  for (const fs::path& part : directory) {
    path /= part;
    std::error_code ignored;
    fresh = !fs::exists(path, ignored);
    if (fresh) FARM_CHECK_OK(make_readable_directory(path));
  }
  const bool root = ::geteuid() == 0;
  // Only what is ours for certain: a path given by mistake must not hand /etc over.
  if (root && fresh && ::lchown(directory.c_str(), owner, owner) != 0)
    return system_error("chown " + directory.string(), errno);
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0)
    return system_error("stat " + directory.string(), errno);
  const unsigned expected = root ? owner : static_cast<unsigned>(::geteuid());
  if (!S_ISDIR(status.st_mode) || status.st_uid != expected || (status.st_mode & 0022U) != 0) {
    return internal_error("directory " + directory.string() + " is not only user " +
                          std::to_string(expected) + "'s to write: chown and chmod 0755 it");
  }
  return Done{};
}

Expected<std::string> PrecompiledHeaders::provide(const LanguageDefinition& language,
                                                  const std::string& version,
                                                  const Tools& tools) const {
  if (!language.compile || language.compile->precompiled.empty()) return std::string();
  FARM_TRY(const std::vector<std::string> command, command_of(language));
  std::string everything = std::string(kFormat) + stamp_ + "\n" + version + "\n";
  for (const std::string& argument : command) everything += argument + '\0';
  for (const std::string& header : language.compile->precompiled) everything += header + '\0';
  const std::string name = os::sha256_hex(everything).substr(0, 32);
  const fs::path target = directory_ / name;

  // One grader of this host builds, and the others find what it has built.
  const os::UniqueFd lock(
      ::open((directory_ / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0)
    return system_error("lock " + directory_.string(), errno);
  if (!is_whole(target, language.compile->precompiled)) {
    const Expected<Done> built = build(target, language, tools);
    std::error_code ignored;
    fs::remove_all(directory_ / kTemporary, ignored);  // what a full disk left of it
    FARM_CHECK_OK(built);
  }
  ::utimensat(AT_FDCWD, target.c_str(), nullptr, 0);
  remove_the_oldest(target);
  return std::string(kShownAt) + "/" + name;
}

Expected<Done> PrecompiledHeaders::build(const fs::path& target, const LanguageDefinition& language,
                                         const Tools& tools) const {
  const fs::path fresh = directory_ / kTemporary;
  std::error_code failed;
  fs::remove_all(fresh, failed);
  fs::remove_all(target, failed);
  FARM_CHECK_OK(make_readable_directory(fresh));
  std::string checksums;
  for (const std::string& header : language.compile->precompiled) {
    FARM_TRY(std::vector<std::string> command, command_of(language));
    const sandbox::RunSpec spec = spec_of(language, header, std::move(command));
    FARM_TRY(sandbox::RunOutcome outcome, tools.sandbox->run(spec));
    const Classification seen = classify(outcome, spec.limits);
    sandbox::FetchedFile& made = outcome.files[spec.fetch.front()];
    if (seen.verdict != Verdict::kAccepted || made.content.empty())
      return unavailable("precompile <" + header + ">: " + seen.message + made.refused);
    const fs::path file = file_of(fresh, header);
    if (header.find('/') != std::string::npos)
      FARM_CHECK_OK(make_readable_directory(file.parent_path()));
    FARM_CHECK_OK(write(file, made.content));
    FARM_CHECK_OK(write(fresh / header, forwarding(header)));
    checksums += checksum_line(header, made.content);
  }
  FARM_CHECK_OK(write(fresh / kChecksums, checksums));
  fs::rename(fresh, target, failed);
  if (failed) return internal_error("rename to " + target.string(), failed.value());
  return Done{};
}

sandbox::RunSpec with_headers(sandbox::RunSpec step, const std::string& directory) {
  for (std::vector<std::string>& command : step.commands)
    command.insert(command.begin() + 1, "-I" + directory);
  return step;
}

void PrecompiledHeaders::remove_the_oldest(const fs::path& but) const {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    if (entry.path() == but || !entry.is_directory(ignored)) continue;
    found.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  for (std::size_t i = kKept; i < found.size(); ++i) fs::remove_all(found[i].second, ignored);
}

}  // namespace farm::evaluate
