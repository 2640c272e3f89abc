#include "producer/bench/plain_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "grader/os/files.h"

namespace farm::bench {
namespace {

constexpr unsigned kNobody = 65534;

std::array<char*, 3> environment() {
  static std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  static std::string language = "LANG=C.UTF-8";
  return {path.data(), language.data(), nullptr};
}

Expected<pid_t> spawn(const PlainCommand& command, int stdin_fd, int stdout_fd) {
  std::vector<char*> argv;
  for (const std::string& argument : command.argv)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(&actions, command.directory.c_str());
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environment().data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return unavailable("execute " + command.argv[0], error);
  return pid;
}

void limit(pid_t pid, const PlainCommand& command) {
  const auto seconds = static_cast<rlim_t>((command.cpu.count() + 999) / 1000);
  const rlimit cpu = {seconds, seconds + 1};
  const rlimit memory = {static_cast<rlim_t>(command.memory.count),
                         static_cast<rlim_t>(command.memory.count)};
  ::prlimit(pid, RLIMIT_CPU, &cpu, nullptr);
  ::prlimit(pid, RLIMIT_AS, &memory, nullptr);
}

// Whether the descriptor was readable before the deadline.
bool wait_readable(int fd, SteadyTime deadline) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting = {fd, POLLIN, 0};
    const int ready =
        ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

// Until the end of file, the cap or the deadline. Whether it was the end of file.
bool drain(int fd, const PlainCommand& command, SteadyTime deadline, std::string& into) {
  std::array<char, 65536> buffer{};
  while (wait_readable(fd, deadline)) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    into.append(buffer.data(), static_cast<std::size_t>(got));
    if (static_cast<std::int64_t>(into.size()) > command.output.count) return false;
  }
  return false;
}

// Whether the process ended before the deadline; it is left to be reaped.
bool wait_ended(pid_t pid, SteadyTime deadline) {
  const os::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return process && wait_readable(process.get(), deadline);
}

std::string how_it_ended(int status) {
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status));
}

Microseconds as_microseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + Microseconds(time.tv_usec);
}

}  // namespace

Expected<PlainOutcome> run_plain(const PlainCommand& command) {
  FARM_TRY(const os::UniqueFd input, os::make_sealed_memfd("stdin", command.stdin_bytes));
  FARM_TRY(os::Pipe output, os::make_pipe());
  FARM_TRY(const pid_t pid, spawn(command, input.get(), output.write.get()));
  output.write.reset();
  limit(pid, command);
  const SteadyTime deadline = std::chrono::steady_clock::now() + command.wall;

  PlainOutcome outcome;
  outcome.stopped = !drain(output.read.get(), command, deadline, outcome.stdout_bytes) ||
                    !wait_ended(pid, deadline);
  if (outcome.stopped) ::kill(-pid, SIGKILL);
  int status = 0;
  rusage usage{};
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  outcome.exited_with_0 = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  outcome.how = how_it_ended(status);
  outcome.cpu = as_microseconds(usage.ru_utime) + as_microseconds(usage.ru_stime);
  return outcome;
}

Expected<Done> become_nobody_in_this_thread() {
  if (::geteuid() != 0) return Done{};
  // The calls of the kernel are of one thread; those of the C library are of all.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_setgroups, 0, nullptr) != 0 ||
      ::syscall(SYS_setresgid, kNobody, kNobody, kNobody) != 0 ||
      ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0) {
    return system_error("become nobody for the baseline", errno);
  }
  return Done{};
}

Expected<Done> put_file(const std::string& directory, const std::string& name,
                        const std::string& content) {
  const std::string path = directory + "/" + name;
  const os::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return system_error("open " + path, errno);
  return os::write_all(file.get(), content, path);
}

}  // namespace farm::bench
