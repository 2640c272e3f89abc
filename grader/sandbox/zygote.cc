#include "grader/sandbox/zygote.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "embedded/zygote_files.h"
#include "grader/os/files.h"
#include "grader/os/unix_socket.h"
#include "grader/sandbox/environment.h"
#include "grader/sandbox/zygote_protocol.h"

namespace farm::sandbox {
namespace {

// The script of the interpreter that becomes a zygote: what forks can be without another exec
// (zygote/sitecustomize.py).
constexpr std::string_view kMain = "main.py";
// The option of an interpreter that a fork may have: what it does, it does after the fork.
constexpr std::string_view kNoUserSite = "-s";
// The address space that an interpreter leaves for its stack is fixed as it starts, by this limit.
constexpr Bytes kStack = gib(1);

Error gone(std::string what) { return unavailable("zygote: " + std::move(what)); }

template <typename T>
std::string_view as_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

Expected<ZygoteAnswer> receive_answer(int socket, std::vector<os::UniqueFd>* fds) {
  FARM_TRY(std::optional<os::Message> message, os::receive_message(socket));
  ZygoteAnswer answer;
  if (!message || message->bytes.size() != sizeof answer) return gone("it ended");
  std::memcpy(&answer, message->bytes.data(), sizeof answer);
  if (answer.kind == ZygoteAnswer::Kind::kFailed)
    return system_error("zygote: fork a program", answer.error);
  if (fds != nullptr) *fds = std::move(message->fds);
  return answer;
}

std::string setup_message(const ChildPlan& fixed) {
  ZygoteSetup setup;
  setup.uid = fixed.uid;
  setup.cpu_count = static_cast<std::uint32_t>(std::min(fixed.cpus.size(), setup.cpus.size()));
  std::copy_n(fixed.cpus.begin(), setup.cpu_count, setup.cpus.begin());
  std::string filters;
  FARM_ASSERT(fixed.filter->programs.size() <= setup.filter_sizes.size());
  for (std::size_t i = 0; i < fixed.filter->programs.size(); ++i) {
    const std::vector<sock_filter>& program = fixed.filter->programs[i];
    setup.filter_sizes.at(i) = static_cast<std::uint32_t>(program.size());
    filters.append(reinterpret_cast<const char*>(program.data()),
                   program.size() * sizeof(sock_filter));
  }
  return std::string(as_bytes(setup)) + filters;
}

// Becomes the interpreter. Between fork and execve: no allocation.
[[noreturn]] void become_interpreter(const std::vector<int>& cpus, std::array<int, 4> descriptors,
                                     char* const* arguments, char* const* environment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // What is imported may count the CPUs, and has to find a program's.
  if (set_cpu_affinity(cpus) != 0) ::_exit(126);
  // No run's /work is ever seen here: were the interpreter to go on to main.py, it would find none.
  if (::unshare(CLONE_NEWNS) != 0) ::_exit(126);
  const rlimit stack{static_cast<rlim_t>(kStack.count), static_cast<rlim_t>(kStack.count)};
  ::syscall(SYS_prlimit64, 0, RLIMIT_STACK, &stack, nullptr);
  for (int number = 1; number < 65; ++number) ::signal(number, SIG_DFL);
  if (::chdir("/work") != 0) ::_exit(127);  // the interpreter resolves its script's path at once
  for (int& fd : descriptors) fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 20);
  for (int target = 0; target < 4; ++target)
    ::dup3(descriptors.at(static_cast<std::size_t>(target)), target, 0);
  ::syscall(SYS_close_range, 4U, ~0U, 0);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

bool ZygoteSettings::serves(const std::vector<std::string>& command,
                            const std::map<std::string, std::string>& program_env,
                            Bytes stack) const {
  const bool without_user_site = command.size() == 3 && command[1] == kNoUserSite;
  if ((command.size() != 2 && !without_user_site) || command[0] != interpreter || stack > kStack ||
      program_env != env) {
    return false;
  }
  const std::string& script = command.back();
  return script == kMain || std::any_of(trusted.begin(), trusted.end(), [&](const auto& file) {
           return script == ".farm/" + file.first;
         });
}

std::vector<std::pair<std::string, std::string>> zygote_files(const ZygoteSettings& settings) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& [name, content] : embedded::k_zygote_files) files.emplace_back(name, content);
  std::string preload;
  for (const std::string& name : settings.preload) preload += name + "\n";
  files.emplace_back("preload", preload);
  for (const auto& [name, content] : settings.trusted)
    files.emplace_back("trusted/" + name, content);
  return files;
}

Expected<Zygote> Zygote::start(const ZygoteSettings& settings, const ChildPlan& fixed) {
  FARM_TRY(auto sockets, os::make_message_socket_pair());
  FARM_TRY(os::Pipe output, os::make_pipe());
  // Of the kinds that programs get: the interpreter's streams are made for them.
  const os::UniqueFd input(::memfd_create("stdin", MFD_CLOEXEC));
  if (!input) return system_error("memfd_create", errno);

  std::string interpreter = settings.interpreter, script(kMain);
  std::vector<char*> arguments = {interpreter.data(), script.data(), nullptr};
  std::vector<std::string> texts;
  for (const auto& [name, value] : kFixedEnvironment) {
    if (!settings.env.contains(std::string(name)))
      texts.push_back(std::string(name) + "=" + std::string(value));
  }
  for (const auto& [name, value] : settings.env) texts.push_back(name + "=" + value);
  texts.push_back(std::string("PYTHONPATH=") + kZygoteDirectory);
  std::vector<char*> environment;
  for (std::string& text : texts) environment.push_back(text.data());
  environment.push_back(nullptr);

  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork a zygote", errno);
  if (pid == 0) {
    become_interpreter(fixed.cpus,
                       {input.get(), output.write.get(), output.write.get(), sockets.second.get()},
                       arguments.data(), environment.data());
  }
  Zygote zygote(std::move(sockets.first), std::move(output.read), pid);
  if (::fcntl(zygote.output_.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("fcntl", errno);
  FARM_CHECK_OK(os::send_message(zygote.socket_.get(), setup_message(fixed), {fixed.proc_fd}));
  return zygote;
}

Zygote::~Zygote() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string Zygote::last_words() {
  std::string text(2000, '\0');
  const ssize_t size = ::read(output_.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

Expected<bool> Zygote::is_ready(Milliseconds patience) {
  if (ready_) return true;
  pollfd event{socket_.get(), POLLIN, 0};
  int happened = 0;
  while ((happened = ::poll(&event, 1, static_cast<int>(patience.count()))) < 0 && errno == EINTR) {
  }
  if (happened == 0) return false;
  const Expected<ZygoteAnswer> answer = receive_answer(socket_.get(), nullptr);
  if (!answer) return gone(answer.error().text() + ": " + last_words());
  ready_ = true;
  return true;
}

Expected<os::UniqueFd> Zygote::fork_program(const ChildPlan& plan) {
  ZygoteOrder order;
  order.has_channel = plan.channel_in_fd >= 0 ? 1 : 0;
  order.has_peer_in = plan.peer_in_fd >= 0 ? 1 : 0;
  order.has_peer_out = plan.peer_out_fd >= 0 ? 1 : 0;
  order.join_count = static_cast<std::uint32_t>(plan.join_fds.size());
  order.limit_count = static_cast<std::uint32_t>(plan.resource_limits.size());
  FARM_ASSERT(plan.resource_limits.size() <= order.limits.size());
  for (std::size_t i = 0; i < plan.resource_limits.size(); ++i)
    order.limits.at(i) = {plan.resource_limits[i].resource, plan.resource_limits[i].value};
  order.processes = plan.processes;

  std::vector<int> fds;
  for (const int fd :
       {plan.namespaces_fd, plan.report_fd, plan.stdin_fd, plan.stdout_fd, plan.stderr_fd,
        plan.channel_in_fd, plan.channel_out_fd, plan.peer_in_fd, plan.peer_out_fd}) {
    if (fd >= 0) fds.push_back(fd);
  }
  fds.insert(fds.end(), plan.work_fds.begin(), plan.work_fds.end());
  fds.insert(fds.end(), plan.join_fds.begin(), plan.join_fds.end());

  std::string arguments;
  for (std::size_t i = 1; i + 1 < plan.argv.size(); ++i) {
    if (i > 1) arguments += '\n';
    arguments += plan.argv[i];
  }
  FARM_CHECK_OK(os::send_message(socket_.get(), std::string(as_bytes(order)) + arguments, fds));
  std::vector<os::UniqueFd> answered;
  FARM_TRY(const ZygoteAnswer answer, receive_answer(socket_.get(), &answered));
  if (answer.kind != ZygoteAnswer::Kind::kForked || answered.size() != 1)
    return gone("an answer out of turn");
  return std::move(answered[0]);
}

Expected<Report> Zygote::reap() {
  ZygoteOrder order;
  order.kind = ZygoteOrder::Kind::kReap;
  FARM_CHECK_OK(os::send_message(socket_.get(), as_bytes(order)));
  FARM_TRY(const ZygoteAnswer answer, receive_answer(socket_.get(), nullptr));
  if (answer.kind != ZygoteAnswer::Kind::kReaped) return gone("an answer out of turn");
  return Report{Report::Kind::kExited, Step::kExecute, 0, answer.code, answer.status};
}

}  // namespace farm::sandbox
