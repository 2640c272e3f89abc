#include "grader/sandbox/forkserver.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "grader/os/files.h"
#include "grader/os/unix_socket.h"
#include "grader/sandbox/forkserver_program.h"
#include "grader/sandbox/launch_protocol.h"

namespace farm::sandbox {
namespace {

constexpr int kForkserverProgram = 5;  // closed by execve
constexpr int kFirstFreeFd = 6;

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

// As a file that can be executed. Linux 6.3 wants to be told, earlier ones do not know the word.
Expected<os::UniqueFd> program_file() {
  os::UniqueFd file(::memfd_create("gradefarm-launcher", MFD_CLOEXEC | MFD_EXEC));
  if (!file && errno == EINVAL)
    file = os::UniqueFd(::memfd_create("gradefarm-launcher", MFD_CLOEXEC));
  if (!file) {
    return system_error(
        "memfd_create for the launcher's program (sysctl vm.memfd_noexec has to be below 2)",
        errno);
  }
  FARM_CHECK_OK(os::write_all(file.get(), forkserver_program(), "the launcher's program"));
  return file;
}

// In a fork of the daemon, of which nothing but these descriptors stays.
[[noreturn]] void become_forkserver(int program, int socket, int settings) {
  const int parked_socket = ::fcntl(socket, F_DUPFD_CLOEXEC, kFirstFreeFd);
  const int parked_settings = ::fcntl(settings, F_DUPFD_CLOEXEC, kFirstFreeFd);
  const int parked_program = ::fcntl(program, F_DUPFD_CLOEXEC, kFirstFreeFd);
  ::dup3(parked_socket, kForkserverSocket, 0);
  ::dup3(parked_settings, kForkserverSettings, 0);
  ::dup3(parked_program, kForkserverProgram, O_CLOEXEC);
  ::syscall(SYS_close_range, static_cast<unsigned>(kForkserverProgram) + 1, ~0U, 0);  // Linux 5.9
  char name[] = "gradefarm-forkserver";  // NOLINT(modernize-avoid-c-arrays): execve(2) wants it
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  ::syscall(SYS_execveat, kForkserverProgram, "", arguments, environment, AT_EMPTY_PATH);
  (void)os::send_message(kForkserverSocket,
                         "execute the launcher's program: " + std::string(std::strerror(errno)));
  ::_exit(127);
}

}  // namespace

Expected<Forkserver> Forkserver::start(const LauncherSettings& settings) {
  FARM_TRY(auto pair, os::make_message_socket_pair());
  FARM_TRY(const os::UniqueFd program, program_file());
  FARM_TRY(const os::UniqueFd told, os::make_sealed_memfd("settings", encode_settings(settings)));
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork the forkserver", errno);
  if (pid == 0) become_forkserver(program.get(), pair.second.get(), told.get());
  return Forkserver(std::move(pair.first), pid);
}

Forkserver::~Forkserver() {
  if (pid_ == 0) return;
  socket_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Expected<StartedLauncher> Forkserver::start_launcher(int slot) {
  const std::lock_guard lock(mutex_);
  FARM_CHECK_OK(
      os::send_message(socket_.get(), {reinterpret_cast<const char*>(&slot), sizeof slot}));
  FARM_TRY(std::optional<os::Message> answer, os::receive_message(socket_.get()));
  if (!answer) return unavailable("the forkserver is gone: restart the grader");
  if (answer->fds.size() != 1) return unavailable("forkserver: " + answer->bytes);
  os::UniqueFd launcher = std::move(answer->fds[0]);
  FARM_TRY(const std::optional<os::Message> greeting, os::receive_message(launcher.get()));
  LaunchReply reply;
  if (!greeting || greeting->bytes.size() < sizeof reply)
    return unavailable("the launcher ended while starting");
  std::memcpy(&reply, greeting->bytes.data(), sizeof reply);
  if (reply.kind != LaunchReply::Kind::kStarted) {
    return Error{reply.error_code, "launcher: " + greeting->bytes.substr(sizeof reply),
                 reply.error_errno};
  }
  return StartedLauncher{std::move(launcher), reply.isolation,
                         greeting->bytes.substr(sizeof reply)};
}

namespace {

Expected<Done> own_cgroups(LauncherSettings& settings) {
  FARM_TRY(settings.cgroups, discover_cgroup_layout());
  remove_stale_cgroups(settings.cgroups);
  return prepare_cgroups(settings.cgroups, settings.owner);
}

}  // namespace

Expected<Done> prepare_launcher_settings(LauncherSettings& settings) {
  const bool full = settings.isolation == Isolation::kFull;
  if (full && ::geteuid() != 0) {
    return internal_error(
        "sandbox: isolation 'full' needs root (CAP_SYS_ADMIN, CAP_SETUID, CAP_SYS_RESOURCE) to set "
        "up namespaces, uids and cgroups; start the grader as root: its daemon drops privileges "
        "after start; or accept --isolation reduced");
  }
  if (!full && ::geteuid() == 0) {
    return internal_error(
        "sandbox: isolation 'reduced' must not run submissions as the host's root");
  }
  if (auto had = own_cgroups(settings); !had) {
    if (full) return had;
    settings.cgroups = CgroupLayout();
    settings.no_cgroups_because = had.error().text();
  }
  const MemoryFiles memory_files =
      settings.cgroups.version != 0 ? MemoryFiles::kAllowed : MemoryFiles::kDenied;
  for (const Profile profile : {Profile::kNative, Profile::kManaged, Profile::kCompile}) {
    FARM_TRY(settings.filters[profile], build_filter(profile, memory_files));
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0)
    return system_error("sched_getaffinity", errno);
  settings.host_cpus.clear();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) settings.host_cpus.push_back(cpu);
  }
  return Done{};
}

}  // namespace farm::sandbox
