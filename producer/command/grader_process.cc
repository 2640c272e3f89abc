#include "producer/command/grader_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace farm::command {
namespace {

constexpr int kReadyFd = 3;
constexpr std::size_t kStderrTailBytes = 16 * 1024;
constexpr int kReadsAfterEnd = 64;  // of a pipe that an orphan keeps filling
constexpr Milliseconds kPollInterval{100};
// Where close_range(2) is missing (Linux < 5.9): descriptors of ours above this do not exist.
constexpr int kMaxFd = 4096;
constexpr int kExecFailed = 127;

struct Pipe {
  os::UniqueFd read, write;
};

Expected<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe2 for the grader", errno);
  return Pipe{os::UniqueFd(ends[0]), os::UniqueFd(ends[1])};
}

void close_from(int first) {
  if (::close_range(static_cast<unsigned>(first), ~0U, 0) == 0) return;
  for (int fd = first; fd < kMaxFd; ++fd) ::close(fd);
}

// In the child, between fork and exec of a process with threads: async-signal-safe calls only
// (signal-safety(7)).
[[noreturn]] void become_grader(char* const* argv, pid_t parent, int ready, int standard_error,
                                int exec_errno) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kExecFailed);  // we died before the line above
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);  // an ignored signal would stay ignored across exec
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);

  // Out of the way of 0 to 4 first, so that no dup2 overwrites what a later one needs.
  ready = ::fcntl(ready, F_DUPFD, 10);
  standard_error = ::fcntl(standard_error, F_DUPFD, 10);
  exec_errno = ::fcntl(exec_errno, F_DUPFD, 10);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  ::dup2(standard_error, STDERR_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);  // ours may be where the results go
  ::dup2(ready, kReadyFd);
  ::dup2(exec_errno, kReadyFd + 1);
  ::fcntl(kReadyFd + 1, F_SETFD, FD_CLOEXEC);
  close_from(kReadyFd + 2);
  ::execv(argv[0], argv);
  const int failure = errno;
  [[maybe_unused]] const ssize_t told = ::write(kReadyFd + 1, &failure, sizeof failure);
  ::_exit(kExecFailed);
}

}  // namespace

// Reads a pipe in a thread of its own, so that the grader never blocks on it, and keeps the end of
// what came.
class GraderProcess::StderrTail {
 public:
  explicit StderrTail(os::UniqueFd fd) : fd_(std::move(fd)), thread_([this] { read(); }) {}
  ~StderrTail() { finish(); }

  std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }
  // Reads what is there still, and ends the thread, even if some orphan holds the other end open.
  void finish() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void read() {
    std::array<char, 4096> chunk{};
    int reads_after_end = 0;
    while (reads_after_end < kReadsAfterEnd) {
      pollfd waiting = {fd_.get(), POLLIN, 0};
      const bool ending = ending_;
      if (ending) ++reads_after_end;
      const int ready = ::poll(&waiting, 1, static_cast<int>(kPollInterval.count()));
      if (ready == 0 && ending) return;
      if (ready <= 0) continue;
      const ssize_t got = ::read(fd_.get(), chunk.data(), chunk.size());
      if (got == 0 || (got < 0 && errno != EINTR)) return;
      if (got < 0) continue;
      const std::scoped_lock lock(mutex_);
      text_.append(chunk.data(), static_cast<std::size_t>(got));
      if (text_.size() > 2 * kStderrTailBytes) text_.erase(0, text_.size() - kStderrTailBytes);
    }
  }

  os::UniqueFd fd_;
  mutable std::mutex mutex_;
  std::string text_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

std::string ExitStatus::text() const {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    const char* name = ::sigdescr_np(number);
    return "signal " + std::to_string(number) + " (" + (name ? name : "unknown") + ")";
  }
  return "exit status " + std::to_string(WEXITSTATUS(wait_status));
}

Expected<GraderProcess> GraderProcess::start(const GraderCommand& command) {
  std::vector<std::string> words = {command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  words.insert(words.end(), {"--ready-fd", std::to_string(kReadyFd)});
  std::vector<char*> argv;
  for (auto& argument : words) argv.push_back(argument.data());
  argv.push_back(nullptr);

  FARM_TRY(Pipe ready, make_pipe());
  FARM_TRY(Pipe exec_errno, make_pipe());
  FARM_TRY(Pipe output, make_pipe());
  const int standard_error = command.keep_stderr ? output.write.get() : STDERR_FILENO;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork for " + command.program, errno);
  if (pid == 0) {
    become_grader(argv.data(), parent, ready.write.get(), standard_error, exec_errno.write.get());
  }

  ready.write.reset();
  exec_errno.write.reset();
  output.write.reset();
  int failure = 0;
  ssize_t got = 0;
  do {
    got = ::read(exec_errno.read.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  auto tail = command.keep_stderr ? std::make_unique<StderrTail>(std::move(output.read)) : nullptr;
  GraderProcess process(pid, std::move(ready.read), std::move(tail));
  if (got == static_cast<ssize_t>(sizeof failure)) {
    return unavailable("execute " + command.program, failure);
  }
  return process;
}

GraderProcess::GraderProcess(pid_t pid, os::UniqueFd ready, std::unique_ptr<StderrTail> tail)
    : pid_(pid), ready_(std::move(ready)), tail_(std::move(tail)) {}

GraderProcess::GraderProcess(GraderProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(std::exchange(other.status_, std::nullopt)),
      ready_(std::move(other.ready_)),
      tail_(std::move(other.tail_)) {}

GraderProcess::~GraderProcess() {
  if (pid_ > 0) stop(Milliseconds{0}, [] { return true; });
}

Expected<Done> GraderProcess::wait_ready(Milliseconds timeout,
                                         const std::function<bool()>& give_up) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  bool closed = false;
  while (true) {
    pollfd waiting = {closed ? -1 : ready_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(kPollInterval.count())) > 0) {
      char byte = 0;
      const ssize_t got = ::read(ready_.get(), &byte, 1);
      if (got == 1 && byte == '\n') return Done{};  // even if it ended since: that is another story
      if (got == 1) continue;
      closed = true;  // it is ending: exited() will tell how
    }
    if (auto status = exited()) return died(*status);
    if (give_up()) return unavailable("interrupted while the grader was starting");
    if (std::chrono::steady_clock::now() >= deadline) {
      return unavailable("the grader was not ready within " + std::to_string(timeout.count()) +
                         " ms\n" + stderr_tail());
    }
  }
}

std::optional<ExitStatus> GraderProcess::exited() {
  if (status_ || pid_ < 0) return status_;
  int wait_status = 0;
  const pid_t reaped = ::waitpid(pid_, &wait_status, WNOHANG);
  if (reaped != pid_) return std::nullopt;
  if (tail_) tail_->finish();
  status_ = ExitStatus{wait_status};
  return status_;
}

ExitStatus GraderProcess::stop(Milliseconds grace, const std::function<bool()>& give_up) {
  const auto deadline = std::chrono::steady_clock::now() + grace;
  if (!exited()) ::kill(pid_, SIGTERM);
  bool killed = false;
  while (!exited()) {
    if (!killed && (std::chrono::steady_clock::now() >= deadline || give_up())) {
      ::kill(pid_, SIGKILL);
      killed = true;
    }
    // The grader holds the other end until it ends, so this wakes up at once.
    pollfd waiting = {ready_.get(), 0, 0};
    if (::poll(&waiting, 1, 20) > 0) std::this_thread::sleep_for(Milliseconds{1});
  }
  return *status_;
}

std::string GraderProcess::stderr_tail() const { return tail_ ? tail_->text() : std::string(); }

Error GraderProcess::died(const ExitStatus& status) const {
  std::string text = "the grader ended with " + status.text() + " before it was ready";
  if (const std::string words = stderr_tail(); !words.empty()) text += ":\n" + words;
  return unavailable(std::move(text));
}

}  // namespace farm::command
