#include "tests/unit/grader/evaluate/plain_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "grader/os/files.h"
#include "grader/os/unique_fd.h"
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

// Where a program runs: its work directory, and files for its descriptors 0 to 4.
struct Place {
  TemporaryDirectory directory;
  fs::path work = directory.path() / "work";
  fs::path io = directory.path() / "io";

  explicit Place(const sandbox::RunSpec& spec) {
    fs::create_directories(work);
    for (const sandbox::InputFile& file : spec.files) {
      write_file(work / file.path, file.content);
      if (file.executable) fs::permissions(work / file.path, fs::perms::owner_all);
    }
    write_file(io / "stdin", spec.stdin_bytes);
    write_file(io / "channel-in", spec.channel_input);
  }
};

// A pipe's two ends, above every descriptor that a program is given.
struct HighPipe {
  os::UniqueFd read, write;

  HighPipe() {
    int ends[2];
    FARM_ASSERT(::pipe2(ends, O_CLOEXEC) == 0);
    const os::UniqueFd low_read(ends[0]), low_write(ends[1]);
    read = os::UniqueFd(::fcntl(ends[0], F_DUPFD_CLOEXEC, 100));
    write = os::UniqueFd(::fcntl(ends[1], F_DUPFD_CLOEXEC, 100));
  }
};

// `peer_in` and `peer_out` become descriptors 5 and 6 where they are not -1.
pid_t spawn(std::vector<std::string> argv, const sandbox::RunSpec& spec, const Place& place,
            int peer_in = -1, int peer_out = -1) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const auto open_at = [&](int descriptor, const char* name, int flags) {
    ::posix_spawn_file_actions_addopen(&actions, descriptor, (place.io / name).c_str(), flags,
                                       0600);
  };
  open_at(0, "stdin", O_RDONLY);
  open_at(1, "stdout", O_WRONLY | O_CREAT | O_TRUNC);
  open_at(2, "stderr", O_WRONLY | O_CREAT | O_TRUNC);
  if (spec.use_channel) {
    open_at(3, "channel-in", O_RDONLY);
    open_at(4, "channel-out", O_WRONLY | O_CREAT | O_TRUNC);
  }
  if (peer_in >= 0) {
    ::posix_spawn_file_actions_adddup2(&actions, peer_in, 5);
    ::posix_spawn_file_actions_adddup2(&actions, peer_out, 6);
  }
  ::posix_spawn_file_actions_addchdir_np(&actions, place.work.c_str());
  std::vector<std::string> environment = environment_of(spec);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, argv[0].c_str(), &actions, nullptr, pointers(argv).data(),
                                  pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  FARM_ASSERT(error == 0);
  return child;
}

// The wait status.
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) FARM_ASSERT(errno == EINTR);
  return status;
}

sandbox::RunOutcome outcome_of(int status, const sandbox::RunSpec& spec, const Place& place) {
  sandbox::RunOutcome outcome;
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  outcome.stdout_bytes = read_file(place.io / "stdout");
  outcome.stderr_bytes = read_file(place.io / "stderr");
  outcome.channel_bytes = read_file(place.io / "channel-out");
  outcome.stdout_total = static_cast<std::int64_t>(outcome.stdout_bytes.size());
  outcome.stderr_total = static_cast<std::int64_t>(outcome.stderr_bytes.size());
  for (const std::string& path : spec.fetch) {
    if (fs::is_regular_file(place.work / path))
      outcome.files[path].content = read_file(place.work / path);
  }
  return outcome;
}

// Whether there was that much to read.
bool read_exactly(int fd, std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Expected<sandbox::RunOutcome> PlainProcess::run(const sandbox::RunSpec& spec) {
  const Place place(spec);
  int status = 0;
  std::size_t command = 0;
  for (; command < spec.commands.size(); ++command) {
    status = wait_for(spawn(spec.commands[command], spec, place));
    if (status != 0) break;
  }
  sandbox::RunOutcome outcome = outcome_of(status, spec, place);
  outcome.command_index = std::min(command, spec.commands.size() - 1);
  return outcome;
}

Expected<sandbox::PairOutcome> PlainProcess::run_pair(const sandbox::RunSpec& submission,
                                                      const sandbox::RunSpec& tester) {
  const Place of_submission(submission), of_tester(tester);
  HighPipe calls, answers;
  const pid_t served = spawn(submission.commands[0], submission, of_submission, calls.read.get(),
                             answers.write.get());
  const pid_t testing =
      spawn(tester.commands[0], tester, of_tester, answers.read.get(), calls.write.get());
  for (os::UniqueFd* end : {&calls.read, &calls.write, &answers.read, &answers.write}) end->reset();
  const int tester_status = wait_for(testing);
  sandbox::PairOutcome outcome;
  outcome.submission = outcome_of(wait_for(served), submission, of_submission);
  outcome.tester = outcome_of(tester_status, tester, of_tester);
  return outcome;
}

Expected<sandbox::RunOutcome> PlainProcess::run_turns(const sandbox::RunSpec& spec,
                                                      sandbox::TurnTaker& turns) {
  const Place place(spec);
  HighPipe calls, answers;
  const pid_t child = spawn(spec.commands[0], spec, place, calls.read.get(), answers.write.get());
  calls.read.reset();
  answers.write.reset();
  std::string header(4, '\0');
  for (std::optional<std::string> told = turns.next(); told; told = turns.next()) {
    for (std::size_t i = 0; i < 4; ++i) header[i] = static_cast<char>(told->size() >> (24 - 8 * i));
    if (!os::write_all(calls.write.get(), header + *told, "call") ||
        !read_exactly(answers.read.get(), header))
      break;
    std::size_t size = 0;
    for (const char c : header) size = size << 8 | static_cast<unsigned char>(c);
    sandbox::RunOutcome turn;
    turn.exit_code = 0;
    turn.channel_bytes.resize(size);
    if (!read_exactly(answers.read.get(), turn.channel_bytes)) break;
    turns.answered(std::move(turn));
  }
  calls.write.reset();
  return outcome_of(wait_for(child), spec, place);
}

}  // namespace farm::testing
