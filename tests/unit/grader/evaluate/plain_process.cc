#include "tests/unit/grader/evaluate/plain_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "grader/sandbox/environment.h"

namespace farm::testing {
namespace {

namespace fs = std::filesystem;

// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "gradefarm-test-XXXXXX").string();
    FARM_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void write_file(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> environment_of(const sandbox::RunSpec& spec) {
  std::vector<std::string> list;
  for (const auto& [name, value] : sandbox::kFixedEnvironment) {
    list.push_back(std::string(name) + "=" + std::string(value));
  }
  for (const auto& [name, value] : spec.env) list.push_back(name + "=" + value);
  return list;
}

// Descriptors 0 to 4 are files below `io`. Returns the wait status.
int spawn_and_wait(std::vector<std::string> argv, const sandbox::RunSpec& spec,
                   const fs::path& work, const fs::path& io) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const auto open_at = [&](int descriptor, const char* name, int flags) {
    ::posix_spawn_file_actions_addopen(&actions, descriptor, (io / name).c_str(), flags, 0600);
  };
  open_at(0, "stdin", O_RDONLY);
  open_at(1, "stdout", O_WRONLY | O_CREAT | O_TRUNC);
  open_at(2, "stderr", O_WRONLY | O_CREAT | O_TRUNC);
  if (spec.use_channel) {
    open_at(3, "channel-in", O_RDONLY);
    open_at(4, "channel-out", O_WRONLY | O_CREAT | O_TRUNC);
  }
  ::posix_spawn_file_actions_addchdir_np(&actions, work.c_str());
  std::vector<std::string> environment = environment_of(spec);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, argv[0].c_str(), &actions, nullptr, pointers(argv).data(),
                                  pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  FARM_ASSERT(error == 0);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) FARM_ASSERT(errno == EINTR);
  return status;
}

}  // namespace

Expected<sandbox::RunOutcome> PlainProcess::run(const sandbox::RunSpec& spec) {
  const TemporaryDirectory directory;
  const fs::path work = directory.path() / "work";
  const fs::path io = directory.path() / "io";
  for (const sandbox::InputFile& file : spec.files) {
    write_file(work / file.path, file.content);
    if (file.executable) fs::permissions(work / file.path, fs::perms::owner_all);
  }
  write_file(io / "stdin", spec.stdin_bytes);
  write_file(io / "channel-in", spec.channel_input);

  sandbox::RunOutcome outcome;
  for (std::size_t i = 0; i < spec.commands.size(); ++i) {
    const int status = spawn_and_wait(spec.commands[i], spec, work, io);
    outcome.command_index = i;
    if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
    if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
    if (status != 0) break;
  }
  outcome.stdout_bytes = read_file(io / "stdout");
  outcome.stderr_bytes = read_file(io / "stderr");
  outcome.channel_bytes = read_file(io / "channel-out");
  outcome.stdout_total = static_cast<std::int64_t>(outcome.stdout_bytes.size());
  outcome.stderr_total = static_cast<std::int64_t>(outcome.stderr_bytes.size());
  for (const std::string& path : spec.fetch) {
    if (fs::is_regular_file(work / path)) outcome.files[path].content = read_file(work / path);
  }
  return outcome;
}

}  // namespace farm::testing
